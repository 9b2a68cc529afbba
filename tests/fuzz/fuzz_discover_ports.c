/* SPDX-License-Identifier: MIT */
/* What tells of sockets and forwarded ports. The first byte chooses the parser. Laws: a forward is
 * of a known protocol; one of IPv4 has nothing behind its four bytes; sorted forwards are distinct;
 * the same bytes mean the same again. A socket of IPv4 has nothing behind its four bytes. */
#include <arpa/inet.h>
#include <assert.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "discover/detail/docker_proxy.h"
#include "discover/detail/forwards.h"
#include "discover/detail/sockstat.h"
#include "netlink/dump.h"
#include "netlink/sock_diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t zeroes[16];

static void check_address(uint8_t family, const uint8_t *a)
{
	assert(family == AF_INET || family == AF_INET6);
	assert(family == AF_INET6 || memcmp(a + 4, zeroes, 12) == 0);
}

static void check_forward(const struct forward *f)
{
	assert(f->protocol == IPPROTO_TCP || f->protocol == IPPROTO_UDP ||
		f->protocol == IPPROTO_SCTP);
	check_address(f->family, f->ip);
	check_address(f->to_family, f->to);
}

static void read_rules(const uint8_t *p, size_t len, struct forward_list *ret)
{
	/* memory as aligned as a map of a file is */
	uint8_t *copy = malloc(len + 1);

	assert(copy);
	memcpy(copy, p, len);
	assert(forwards_add_rules(ret, copy, len) == 0);
	free(copy);
	assert(ret->n <= FORWARDS_MAX);
	forwards_sort(ret);
}

static void check_rules(const uint8_t *p, size_t len)
{
	struct forward_list l = {0}, again = {0};

	read_rules(p, len, &l);
	read_rules(p, len, &again);
	assert(l.n == again.n);
	for (size_t i = 0; i < l.n; i++) {
		check_forward(&l.v[i]);
		assert(memcmp(&l.v[i], &again.v[i], sizeof(l.v[i])) == 0);
		assert(i == 0 || memcmp(&l.v[i - 1], &l.v[i], sizeof(l.v[i])) != 0);
	}
	forwards_done(&l);
	forwards_done(&again);
}

static int check_socket(void *ctx, const struct nlmsghdr *h)
{
	struct diag_socket s;

	(void) ctx;
	if (diag_parse(h, &s) == 0) {
		check_address(s.family, s.local);
		check_address(s.family, s.remote);
	}
	return 0;
}

static void check_sockets(const uint8_t *p, size_t len)
{
	uint8_t *copy = malloc(len + 1);

	assert(copy);
	memcpy(copy, p, len);
	(void) nl_walk(copy, len, check_socket, NULL);
	free(copy);
}

static void check_text(const uint8_t *p, size_t len)
{
	struct sockstat s = {0}, more;
	char *text = malloc(len + 1);

	assert(text);
	memcpy(text, p, len);
	text[len] = '\0';
	sockstat_parse(text, &s);
	more = s;
	sockstat_parse(text, &more);
	assert(more.tcp >= s.tcp && more.tcp_waits >= s.tcp_waits && more.udp4 >= s.udp4 &&
		more.udp6 >= s.udp6);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct forward f;

	if (size == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		check_rules(data + 1, size - 1);
		break;
	case 1:
		check_sockets(data + 1, size - 1);
		break;
	case 2:
		check_text(data + 1, size - 1);
		break;
	default:
		if (docker_proxy_parse((const char *) data + 1, size - 1, &f) == 0) {
			check_forward(&f);
			assert(f.port > 0 && f.to_port > 0);
		}
	}
	return 0;
}
