/* SPDX-License-Identifier: MIT */
/* The files that tell a container of names (contract 2.7, "DNS"), as their readers see them
 * (resolv.conf(5), hosts(5)). No I/O. Every text that leaves here is clean UTF-8; what is too much
 * is left out. */
#ifndef DISCOVER_DNS_PARSE_H
#define DISCOVER_DNS_PARSE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#define DNS_NAME_MAX    256 /* with NUL; longer names are none */
#define DNS_LINE_MAX    256 /* of a host name file */
#define DNS_SERVERS_MAX 16
#define DNS_SEARCH_MAX  32
#define DNS_HOSTS_MAX   256
#define DNS_WORDS_MAX   1024 /* names looked at in a hosts file */

struct dns_host {
	char *name; /* owned */
	char address[INET6_ADDRSTRLEN];
};

struct dns_resolv {
	char servers[DNS_SERVERS_MAX][INET6_ADDRSTRLEN];
	size_t n_servers;
	char *search[DNS_SEARCH_MAX]; /* owned */
	size_t n_search;
};

struct dns_hosts {
	struct dns_host *v; /* owned; in the order in which names first occur, no name twice */
	size_t n, cap;
	size_t n_words; /* names seen so far, repeated ones too */
};

/* Copy the first line of @text into @ret; "" when it is longer than DNS_LINE_MAX bytes. */
void dns_parse_name(const char *text, char ret[DNS_NAME_MAX + 1]);

/* Parse resolv.conf @text, which may be changed. All addresses of "nameserver" lines count, words
 * that are no addresses do not; the last of all "search" and "domain" lines holds, and "domain"
 * needs exactly one word. Returns 0 or -ENOMEM; free with dns_resolv_done(). */
int dns_parse_resolv(char *text, struct dns_resolv *ret);
void dns_resolv_done(struct dns_resolv *r);

/* Parse hosts @text, which may be changed. The last address of a name holds; lines that do not
 * begin with an address are passed over. Returns 0 or -ENOMEM; free with dns_hosts_done(). */
int dns_parse_hosts(char *text, struct dns_hosts *ret);
void dns_hosts_done(struct dns_hosts *h);

/* Write the address that @text spells in its shortest form to @ret, one of IPv4 mapped into IPv6
 * as IPv4. Returns false, with @ret untouched, when it is no address. */
bool dns_parse_address(const char *text, char ret[INET6_ADDRSTRLEN]);

#endif
