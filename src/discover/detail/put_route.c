/* SPDX-License-Identifier: MIT */
#include "discover/detail/put_route.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "base/own.h"
#include "discover/detail/put_nif.h"

static void put_type(struct text *t, uint8_t type)
{
	static const char *const names[] = {"unspec", "unicast", "local", "broadcast", "anycast",
		"multicast", "blackhole", "unreachable", "prohibit", "throw", "nat", "xresolve"};
	char other[24];

	(void) snprintf(other, sizeof(other), "RouteType(%u)", (unsigned int) type);
	text_put_string(t, "type", type < ARRAY_LEN(names) ? names[type] : other);
}

static void put_nif_of_route(struct text *t, const struct netstack *s, const struct route *r)
{
	const struct nif *nif = r->ifindex ? netstack_nif(s, r->ifindex) : NULL;
	bool leads_nowhere = r->type == RTN_BLACKHOLE || r->type == RTN_UNREACHABLE ||
			     r->type == RTN_PROHIBIT || r->type == RTN_THROW;
	char id[NIF_ID_MAX];

	if (r->ifindex)
		text_put_number(t, "index", r->ifindex);
	if (!nif || leads_nowhere)
		return;
	nif_format_id(nif, id);
	text_put_string(t, "network-interface-idref", id);
}

static void put_route(struct text *t, const struct netstack *s, const struct route *r)
{
	char text[INET6_ADDRSTRLEN] = "";

	text_next(t);
	text_put(t, "{");
	put_type(t, r->type);
	text_put_number(t, "family", r->family);
	(void) inet_ntop(r->family, r->dst, text, sizeof(text));
	text_put_string(t, "destination", text);
	text_put_number(t, "destination-prefixlen", r->dst_prefixlen);
	put_nif_of_route(t, s, r);
	if (r->hop_family && inet_ntop(r->hop_family, r->hop, text, sizeof(text)))
		text_put_string(t, "next-hop", text);
	text_put_string(t, "preference", "00");
	text_put_number(t, "priority", r->priority);
	text_put_number(t, "table", r->table);
	text_put(t, "}");
}

static void put_family(struct text *t, const char *key, const struct netstack *s, uint8_t family)
{
	text_put_key(t, key);
	text_put(t, "[");
	for (size_t i = 0; s && i < s->n_routes; i++) {
		if (s->routes[i].family == family)
			put_route(t, s, &s->routes[i]);
	}
	text_put(t, "]");
}

void put_routes(struct text *t, const struct netstack *s)
{
	text_put_key(t, "routes");
	text_put(t, "{");
	put_family(t, "ipv4", s, AF_INET);
	put_family(t, "ipv6", s, AF_INET6);
	text_put(t, "}");
}
