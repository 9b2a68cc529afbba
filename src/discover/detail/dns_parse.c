/* SPDX-License-Identifier: MIT */
#include "discover/detail/dns_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/grow.h"

#define BLANKS " \t\r\v\f"

/* Cut the next line off *@at. NULL at the end. */
static char *next_line(char **at)
{
	char *line = *at;
	size_t n = strcspn(line, "\n");

	if (*line == '\0')
		return NULL;
	*at = line + n + (line[n] == '\n');
	line[n] = '\0';
	return line;
}

/* Cut the next word off *@at. NULL at the end. */
static char *next_word(char **at)
{
	char *word = *at + strspn(*at, BLANKS);
	size_t n = strcspn(word, BLANKS);

	if (n == 0)
		return NULL;
	*at = word + n + (word[n] != '\0');
	word[n] = '\0';
	return word;
}

void dns_parse_name(const char *text, char ret[DNS_NAME_MAX + 1])
{
	size_t n = strcspn(text, "\n");
	char line[DNS_LINE_MAX + 1];

	ret[0] = '\0';
	if (n > 0 && text[n - 1] == '\r')
		n--;
	if (n > DNS_LINE_MAX)
		return;
	memcpy(line, text, n);
	line[n] = '\0';
	utf8_sanitize(line, ret, DNS_NAME_MAX + 1);
}

bool dns_parse_address(const char *text, char ret[INET6_ADDRSTRLEN])
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, text, &four) == 1)
		return inet_ntop(AF_INET, &four, ret, INET6_ADDRSTRLEN) != NULL;
	if (inet_pton(AF_INET6, text, &six) != 1)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&six))
		return inet_ntop(AF_INET, &six.s6_addr[12], ret, INET6_ADDRSTRLEN) != NULL;
	return inet_ntop(AF_INET6, &six, ret, INET6_ADDRSTRLEN) != NULL;
}

/* A clean copy of a name. Returns 1, 0 when it is too long, or -ENOMEM. */
static int copy_name(const char *word, char **ret)
{
	char clean[DNS_NAME_MAX];

	if (strlen(word) >= sizeof(clean))
		return 0;
	utf8_sanitize(word, clean, sizeof(clean));
	*ret = strdup(clean);
	return *ret ? 1 : -ENOMEM;
}

static void add_servers(struct dns_resolv *r, char *at)
{
	const char *word;

	while (r->n_servers < DNS_SERVERS_MAX && (word = next_word(&at)))
		r->n_servers += dns_parse_address(word, r->servers[r->n_servers]);
}

static void clear_search(struct dns_resolv *r)
{
	while (r->n_search > 0)
		free(r->search[--r->n_search]);
}

static int set_search(struct dns_resolv *r, char *at)
{
	const char *word;

	clear_search(r);
	while (r->n_search < DNS_SEARCH_MAX && (word = next_word(&at))) {
		int rc = copy_name(word, &r->search[r->n_search]);

		if (rc < 0)
			return rc;
		r->n_search += (size_t) rc;
	}
	return 0;
}

static int set_domain(struct dns_resolv *r, char *at)
{
	char *words = at;
	const char *first = next_word(&words);

	/* the first word is cut off now, and is what set_search() takes */
	return first && !next_word(&words) ? set_search(r, at) : 0;
}

static int parse_resolv_line(struct dns_resolv *r, char *line)
{
	const char *key;

	if (line[0] == '#' || line[0] == ';')
		return 0;
	key = next_word(&line);
	if (!key)
		return 0;
	if (strcmp(key, "search") == 0)
		return set_search(r, line);
	if (strcmp(key, "domain") == 0)
		return set_domain(r, line);
	if (strcmp(key, "nameserver") == 0)
		add_servers(r, line);
	return 0;
}

int dns_parse_resolv(char *text, struct dns_resolv *ret)
{
	struct dns_resolv r = {.n_servers = 0};
	int rc = 0;
	char *line;

	while (rc == 0 && (line = next_line(&text)))
		rc = parse_resolv_line(&r, line);
	if (rc < 0)
		dns_resolv_done(&r);
	else
		*ret = r;
	return rc;
}

void dns_resolv_done(struct dns_resolv *r)
{
	clear_search(r);
	*r = (struct dns_resolv){.n_servers = 0};
}

static struct dns_host *find_host(const struct dns_hosts *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++) {
		if (strcmp(h->v[i].name, name) == 0)
			return &h->v[i];
	}
	return NULL;
}

static int put_host(struct dns_hosts *h, const char *word, const char *address)
{
	char *name = NULL;
	struct dns_host *v, *known;
	int rc = copy_name(word, &name);

	if (rc <= 0)
		return rc;
	known = find_host(h, name);
	if (known) {
		memcpy(known->address, address, sizeof(known->address));
		free(name);
		return 0;
	}
	v = h->n < DNS_HOSTS_MAX ? grow(h->v, h->n, &h->cap, sizeof(*v)) : NULL;
	if (!v) {
		free(name);
		return h->n < DNS_HOSTS_MAX ? -ENOMEM : 0;
	}
	h->v = v;
	v[h->n].name = name;
	memcpy(v[h->n++].address, address, sizeof(v->address));
	return 0;
}

static int parse_hosts_line(struct dns_hosts *h, char *line)
{
	char address[INET6_ADDRSTRLEN] = "";
	const char *word;
	int rc = 0;

	line[strcspn(line, "#")] = '\0';
	word = next_word(&line);
	if (!word || !dns_parse_address(word, address))
		return 0;
	while (rc == 0 && h->n_words < DNS_WORDS_MAX && (word = next_word(&line))) {
		h->n_words++;
		rc = put_host(h, word, address);
	}
	return rc;
}

int dns_parse_hosts(char *text, struct dns_hosts *ret)
{
	struct dns_hosts h = {0};
	int rc = 0;
	char *line;

	while (rc == 0 && (line = next_line(&text)))
		rc = parse_hosts_line(&h, line);
	if (rc < 0)
		dns_hosts_done(&h);
	else
		*ret = h;
	return rc;
}

void dns_hosts_done(struct dns_hosts *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->v[i].name);
	free(h->v);
	*h = (struct dns_hosts){0};
}
