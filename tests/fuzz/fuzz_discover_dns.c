/* SPDX-License-Identifier: MIT */
/* Laws of what is read of containers' files about names: lists keep their limits, addresses are in
 * the form they would be given again, names are safe to show and no name occurs twice; and what was
 * found, written down as a file again, is found again. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "discover/detail/dns_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *s)
{
	assert(s[0] != '\0' && strlen(s) < DNS_NAME_MAX && utf8_valid(s, strlen(s)));
	for (; *s; s++)
		assert((unsigned char) *s > 0x20 && *s != 0x7f);
}

static void check_address(const char *s)
{
	char again[INET6_ADDRSTRLEN];

	assert(dns_parse_address(s, again) && strcmp(s, again) == 0);
}

static void check_hosts(const char *data)
{
	struct dns_hosts h, again;
	char *text = strdup(data), *file;
	size_t len = 0;

	assert(dns_parse_hosts(text, &h) == 0 && h.n <= DNS_HOSTS_MAX);
	file = calloc(h.n + 1, DNS_NAME_MAX + INET6_ADDRSTRLEN);
	for (size_t i = 0; i < h.n; i++) {
		check_name(h.v[i].name);
		check_address(h.v[i].address);
		for (size_t j = 0; j < i; j++)
			assert(strcmp(h.v[i].name, h.v[j].name) != 0);
		len += (size_t) sprintf(file + len, "%s %s\n", h.v[i].address, h.v[i].name);
	}
	assert(dns_parse_hosts(file, &again) == 0 && again.n == h.n);
	for (size_t i = 0; i < h.n; i++)
		assert(strcmp(h.v[i].name, again.v[i].name) == 0 &&
			strcmp(h.v[i].address, again.v[i].address) == 0);
	dns_hosts_done(&again);
	dns_hosts_done(&h);
	free(file);
	free(text);
}

static void check_resolv(const char *data)
{
	struct dns_resolv r;
	char *text = strdup(data);

	assert(dns_parse_resolv(text, &r) == 0);
	assert(r.n_servers <= DNS_SERVERS_MAX && r.n_search <= DNS_SEARCH_MAX);
	for (size_t i = 0; i < r.n_servers; i++)
		check_address(r.servers[i]);
	for (size_t i = 0; i < r.n_search; i++)
		check_name(r.search[i]);
	dns_resolv_done(&r);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *) data, size), name[DNS_NAME_MAX + 1];

	dns_parse_name(text, name);
	assert(strlen(name) <= DNS_NAME_MAX && utf8_valid(name, strlen(name)) &&
		!strchr(name, '\n'));
	check_hosts(text);
	check_resolv(text);
	free(text);
	return 0;
}
