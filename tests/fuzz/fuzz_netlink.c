/* SPDX-License-Identifier: MIT */
/* Laws of netlink messages: every message lies inside its datagram, every attribute inside its
 * message, no text is without an end, and only addresses of known families come out. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/addr.h"
#include "netlink/link_detail.h"
#include "netlink/nsid.h"
#include "netlink/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct datagram {
	const uint8_t *p;
	size_t len_bytes;
};

static void check_attrs(const struct nlmsghdr *h)
{
	const uint8_t *end = (const uint8_t *) h + h->nlmsg_len;
	struct nl_attrs all = nl_attrs_of(h, 0), a;

	while (nl_attr_next(&all, &a) >= 0)
		assert(a.p + a.len_bytes <= end && all.len_bytes <= (size_t) (end - a.p));
}

static void check_parsers(const struct nlmsghdr *h)
{
	struct link_detail d;
	struct addr addr;
	bool gone;
	struct route route;
	int32_t nsid;

	if (link_detail_parse(h, &d) == 1) {
		assert(memchr(d.link.name, '\0', sizeof(d.link.name)));
		assert(memchr(d.link.kind, '\0', sizeof(d.link.kind)));
		assert(memchr(d.link.alias, '\0', sizeof(d.link.alias)));
		assert(d.link.addr_len <= LINK_ADDR_MAX && !(d.is_vlan && d.is_vxlan));
	}
	if (addr_parse(h, &addr, &gone) == 1)
		assert(addr.family == AF_INET || addr.family == AF_INET6);
	if (route_parse(h, &route) == 1)
		assert(route.hop_family == 0 || route.hop_family == AF_INET ||
			route.hop_family == AF_INET6);
	(void) nsid_parse(h, &nsid);
}

static int on_message(void *ctx, const struct nlmsghdr *h)
{
	const struct datagram *d = ctx;
	const uint8_t *p = (const uint8_t *) h;

	assert(p >= d->p && h->nlmsg_len >= sizeof(*h));
	assert(h->nlmsg_len <= d->len_bytes - (size_t) (p - d->p));
	check_attrs(h);
	check_parsers(h);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a copy of exactly this size, aligned as what the kernel sends */
	uint8_t *p = malloc(size + 1);
	struct datagram d = {p, size};

	memcpy(p, data, size);
	(void) nl_walk(p, size, on_message, &d);
	free(p);
	return 0;
}
