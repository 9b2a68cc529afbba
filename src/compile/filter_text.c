/* SPDX-License-Identifier: MIT */
#include "compile/filter_text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"
#include "compile/filter_names.h"

/* What a name would be here; it is the most recent keyword that decides. */
enum place {
	PLACE_HOST,
	PLACE_ETHER,
	PLACE_NET,
	PLACE_PORT,
	PLACE_PORTRANGE,
	PLACE_IP_PROTO,
	PLACE_LINK_PROTO,
	PLACE_ISO_PROTO,
	PLACE_FREE, /* libpcap's own names, for the next word only */
};

/* For each place: what libpcap says about an unknown name there, something it accepts instead, and
 * about how many instructions one of these becomes. */
static const struct {
	const char *words, *placeholder, *hint;
	uint32_t cost;
} places[] = {
	[PLACE_HOST] = {"unknown host", "0.0.0.1", " (names are not looked up)", 40},
	[PLACE_ETHER] = {"unknown ether host", "0:0:0:0:0:1", "", 40},
	[PLACE_NET] = {"unknown network", "0.0.0.1", " (names are not looked up)", 40},
	[PLACE_PORT] = {"unknown port", "1", "", 66},
	[PLACE_PORTRANGE] = {"unknown port in range", "1-1", "", 150},
	[PLACE_IP_PROTO] = {"unknown ip proto", "1", "", 40},
	[PLACE_LINK_PROTO] = {"unknown ether proto", "1", "", 40},
	[PLACE_ISO_PROTO] = {"unknown osi proto", "1", "", 40},
	[PLACE_FREE] = {NULL, NULL, NULL, 12},
};

#define COST_KEYWORD 12
#define COST_PORT    8  /* of one protocol, beside its keywords */
#define COST_ISIS    40 /* the names of its packets */
#define COST_LOGIC   6
#define COST_OPERAND 8 /* of an arithmetic operation */

struct scan {
	struct filter_text *t;
	FILE *plain, *stripped;
	const char *skip_to; /* what is before this is in @stripped already, in another form */
	enum place place;
	bool link;       /* the protocol of the qualifiers is of the link layer */
	bool iso;        /* it is that of OSI networks */
	bool transport;  /* it is one protocol with ports */
	bool inner;      /* behind a tunnel: tags there are in the packet */
	bool has_vlan;   /* the outermost vlan test has been met */
	bool arithmetic; /* the last character was an operator */
};

static const char word_chars[] =
	"-_.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
static const char address_chars[] = ":-.ABCDEFabcdef0123456789";

void filter_text_done(struct filter_text *t)
{
	free(t->plain);
	free(t->stripped);
	memset(t, 0, sizeof(*t));
}

static bool is(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(s, word, len) == 0;
}

static bool one_of(const char *s, size_t len, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is(s, len, list[i]))
			return true;
	}
	return false;
}

/* Length of the number at @s, which ends at @end; 0 if there is none. */
static size_t number_len(const char *s, const char *end)
{
	const char *p = s;

	if (end - s > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		for (p = s + 2; p < end && isxdigit((unsigned char) *p); p++)
			;
		return p > s + 2 ? (size_t) (p - s) : 1;
	}
	while (p < end && isdigit((unsigned char) *p))
		p++;
	return (size_t) (p - s);
}

/* A number, or up to four joined by dots. */
static bool is_dotted(const char *s, size_t len)
{
	const char *end = s + len;

	for (int parts = 1; parts <= 4; parts++) {
		size_t n = number_len(s, end);

		if (n == 0)
			return false;
		s += n;
		if (s == end)
			return true;
		if (*s++ != '.')
			return false;
	}
	return false;
}

/* Six bytes in any of the forms of link layer addresses. */
static bool is_mac(const char *s, size_t len)
{
	size_t groups = 0, least = SIZE_MAX, most = 0;
	char sep = '\0';

	for (size_t i = 0; i <= len; i++) {
		size_t n = i;

		while (i < len && isxdigit((unsigned char) s[i]))
			i++;
		n = i - n;
		least = n < least ? n : least;
		most = n > most ? n : most;
		groups++;
		if (i == len)
			break;
		if (!strchr(":-.", s[i]) || (sep && sep != s[i]))
			return false;
		sep = s[i];
	}
	return (groups == 6 && least >= 1 && most <= 2) || (groups == 1 && most == 12) ||
	       (groups == 3 && sep == '.' && least == 4 && most == 4);
}

static bool is_ipv6(const char *s, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	if (len >= sizeof(text))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, &addr) == 1;
}

static bool is_range(const char *s, size_t len)
{
	size_t n = strspn(s, "0123456789"), m;

	if (n == 0 || n >= len || s[n] != '-')
		return false;
	m = strspn(s + n + 1, "0123456789");
	return m > 0 && n + 1 + m == len;
}

/* Add @len bytes, standing for those at @at of the original, to both expressions. */
static void put(struct scan *c, const char *at, const char *s, size_t len)
{
	(void) fwrite(s, 1, len, c->plain);
	if (at >= c->skip_to)
		(void) fwrite(s, 1, len, c->stripped);
}

/* Add @instead in place of the name at @s, apart from the words around it: what ends a name, a
 * backslash for example, need not end @instead. */
static void put_instead(struct scan *c, const char *s, const char *instead)
{
	put(c, s, " ", 1);
	put(c, s, instead, strlen(instead));
	put(c, s, " ", 1);
}

static void operand(struct scan *c)
{
	uint32_t cost = places[c->place].cost;

	if (c->transport && c->place == PLACE_PORT)
		cost = COST_PORT;
	if (c->transport && c->place == PLACE_PORTRANGE)
		cost = cost * 2 / 5;
	c->t->cost += c->arithmetic ? COST_OPERAND : cost;
	c->link = false;
	c->transport = false;
}

/* The number that may follow the word vlan, with its parentheses, and where it ends. */
static const char *vlan_number(const char *s)
{
	const char *p = s;
	size_t depth = 0, n;

	for (; *p && strchr(" \t\r\n(", *p); p++)
		depth += *p == '(';
	n = number_len(p, p + strlen(p));
	if (n == 0 || (p[n] && strchr(word_chars, p[n])) || p[n] == ':')
		return NULL;
	for (p += n; depth > 0; p++) {
		if (*p == ')')
			depth--;
		else if (*p == '\0' || !strchr(" \t\r\n", *p))
			return NULL;
	}
	return p;
}

/* The kernel's own words for the tag beside the packet are loads from far behind any packet
 * (SKF_AD_VLAN_TAG and SKF_AD_VLAN_TAG_PRESENT). */
static void put_vlan(struct scan *c, const char *s, size_t len)
{
	const char *end = vlan_number(s + len);

	c->has_vlan = true;
	(void) fwrite(s, 1, len, c->plain);
	if (end)
		fprintf(c->stripped, "(link[0xfffff02c:2] & 0xfff = %.*s)", (int) (end - s - len),
			s + len);
	else
		fprintf(c->stripped, "(link[0xfffff030:2] = 1)");
	c->skip_to = end ? end : s + len;
}

/* Follow the qualifiers: @s is a keyword, but none that joins expressions. */
static void set_place(struct scan *c, const char *s, size_t len)
{
	static const char *const links[] = {
		"ether", "link", "ppp", "slip", "fddi", "tr", "wlan", "iso", "isis", "is-is"};
	static const char *const transports[] = {"tcp", "udp", "sctp"};
	static const char *const directions[] = {"src", "dst", "ra", "ta", "addr1", "addr2",
		"addr3", "addr4", "address1", "address2", "address3", "address4", "host"};
	static const char *const free_names[] = {"type", "subtype", "dir", "direction", "on",
		"ifname", "rset", "ruleset", "reason", "action", "llc"};

	if (is(s, len, "port"))
		c->place = PLACE_PORT;
	else if (is(s, len, "portrange"))
		c->place = PLACE_PORTRANGE;
	else if (is(s, len, "net"))
		c->place = PLACE_NET;
	else if (is(s, len, "proto") || is(s, len, "protochain"))
		c->place = !c->link ? PLACE_IP_PROTO : c->iso ? PLACE_ISO_PROTO : PLACE_LINK_PROTO;
	else if (one_of(s, len, free_names, ARRAY_LEN(free_names)))
		c->place = PLACE_FREE;
	else {
		if (!one_of(s, len, directions, ARRAY_LEN(directions))) {
			c->link = one_of(s, len, links, ARRAY_LEN(links));
			c->iso = is(s, len, "iso");
			c->transport = one_of(s, len, transports, ARRAY_LEN(transports));
		}
		c->place = c->link ? PLACE_ETHER : PLACE_HOST;
	}
}

static void keyword(struct scan *c, const char *s, size_t len)
{
	static const char *const logic[] = {"and", "or", "not"};
	static const char *const isis[] = {"l1", "l2", "iih", "lsp", "snp", "csnp", "psnp"};

	if (one_of(s, len, logic, ARRAY_LEN(logic))) {
		c->t->cost += COST_LOGIC;
		c->transport = false;
		put(c, s, s, len);
		return;
	}
	c->t->cost += one_of(s, len, isis, ARRAY_LEN(isis)) ? COST_ISIS : COST_KEYWORD;
	if (is(s, len, "vlan") && !c->has_vlan && !c->inner)
		put_vlan(c, s, len);
	else
		put(c, s, s, len);
	c->inner = c->inner || is(s, len, "geneve") || is(s, len, "pppoes");
	set_place(c, s, len);
}

/* Put a placeholder for the word at @s, the name @n of @n_len bytes, and remember the name. */
static void unknown(struct scan *c, const char *s, const char *n, size_t n_len)
{
	char text[256], quoted[UTF8_WORD_MAX];

	put_instead(c, s, places[c->place].placeholder);
	if (c->t->unknown[0])
		return;
	(void) snprintf(text, sizeof(text), "%.*s", (int) n_len, n);
	(void) snprintf(c->t->unknown, sizeof(c->t->unknown), "%s '%s'%s", places[c->place].words,
		utf8_word(text, quoted), places[c->place].hint);
}

/* A word that is neither a keyword nor an address, perhaps behind a backslash. */
static void name(struct scan *c, const char *s, size_t len)
{
	const char *n = *s == '\\' ? s + 1 : s;
	size_t n_len = len - (size_t) (n - s);
	uint16_t port = c->place == PLACE_PORT ? filter_port(n, n_len) : 0;
	int proto = c->place == PLACE_IP_PROTO ? filter_ip_proto(n, n_len) : -1;
	char number[FILTER_RANGE_MAX];

	operand(c);
	if (port || proto >= 0) {
		(void) snprintf(number, sizeof(number), "%d", port ? port : proto);
		put_instead(c, s, number);
	} else if (c->place == PLACE_PORTRANGE && !is_range(n, n_len) &&
		   filter_port_range(n, n_len, number)) {
		put_instead(c, s, number);
	} else if (c->place == PLACE_FREE || (c->place == PLACE_PORTRANGE && is_range(s, len)) ||
		   (c->place == PLACE_LINK_PROTO && filter_is_link_proto(n, n_len)) ||
		   (c->place == PLACE_ISO_PROTO && filter_is_iso_proto(n, n_len))) {
		put(c, s, s, len);
	} else {
		unknown(c, s, n, n_len);
	}
	if (c->place == PLACE_FREE)
		c->place = PLACE_HOST;
}

static void address(struct scan *c, const char *s, size_t len)
{
	operand(c);
	put(c, s, s, len);
}

/* Take the word at @s, which starts with a letter or a digit. Returns its length. */
static size_t word(struct scan *c, const char *s)
{
	size_t len = strspn(s, word_chars);

	while (s[len - 1] == '-' || s[len - 1] == '_')
		len--;
	if (is_dotted(s, len) || is_mac(s, len))
		address(c, s, len);
	else if (filter_is_keyword(s, len))
		keyword(c, s, len);
	else
		name(c, s, len);
	return len;
}

/* Take what starts at @s. Returns its length. */
static size_t token(struct scan *c, const char *s)
{
	size_t len = strspn(s, address_chars);

	if (memchr(s, ':', len) && (is_ipv6(s, len) || is_mac(s, len))) {
		address(c, s, len);
	} else if (isalnum((unsigned char) *s)) {
		len = word(c, s);
	} else if (*s == '\\' && strcspn(s + 1, " !()\n\t") > 0) {
		len = 1 + strcspn(s + 1, " !()\n\t");
		name(c, s, len);
	} else {
		put(c, s, s, 1);
		if (!strchr(" \t\r\n", *s))
			c->arithmetic = strchr("+-*/%&|^<>=[:", *s) != NULL;
		return 1;
	}
	c->arithmetic = false;
	return len;
}

static void scan(struct scan *c, const char *text)
{
	for (const char *p = text; *p;)
		p += token(c, p);
}

int filter_text_prepare(const char *text, struct filter_text *ret)
{
	struct filter_text t = {0};
	struct scan c = {.t = &t, .skip_to = text};
	size_t len;
	bool failed;

	c.plain = open_memstream(&t.plain, &len);
	c.stripped = open_memstream(&t.stripped, &len);
	failed = !c.plain || !c.stripped;
	if (!failed)
		scan(&c, text);
	failed = (c.plain && fclose(c.plain) != 0) || failed;
	failed = (c.stripped && fclose(c.stripped) != 0) || failed;
	if (failed) {
		filter_text_done(&t);
		return -ENOMEM;
	}
	if (!c.has_vlan) {
		free(t.stripped);
		t.stripped = NULL;
	}
	*ret = t;
	return 0;
}
