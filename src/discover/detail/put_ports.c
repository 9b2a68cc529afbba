/* SPDX-License-Identifier: MIT */
#include "discover/detail/put_ports.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "discover/detail/put_nif.h"
#include "discover/detail/put_owner.h"
#include "discover/detail/services.h"

#define TCP_STATES 13

static const char macro_connected[] = "connected", macro_unconnected[] = "unconnected",
		  macro_listening[] = "listening";

/* By the kernel's numbers (net/tcp_states.h). */
static const struct {
	const char *state, *macro;
} states[TCP_STATES] = {
	{"", macro_unconnected},
	{"connected", macro_connected},
	{"SYN sent", macro_unconnected},
	{"SYN received", macro_unconnected},
	{"FIN WAIT1", macro_connected},
	{"FIN WAIT2", macro_connected},
	{"time wait", macro_unconnected},
	{"closed", macro_unconnected},
	{"close wait", macro_unconnected},
	{"last ACK", macro_unconnected},
	{"listening", macro_listening},
	{"closing", macro_unconnected},
	{"new SYN received", macro_unconnected},
};

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t unspecified[16];

static const char *protocol_name(uint8_t protocol)
{
	if (protocol == IPPROTO_TCP)
		return "tcp";
	return protocol == IPPROTO_UDP ? "udp" : "sctp";
}

static const char *macro_state(const struct socket_entry *s)
{
	if (s->protocol == IPPROTO_UDP)
		return s->s.state == 1 ? macro_connected : macro_listening;
	return states[s->s.state < TCP_STATES ? s->s.state : 0].macro;
}

static bool is_mapped(const uint8_t *a)
{
	return memcmp(a, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static bool is_unspecified(const uint8_t *a)
{
	return memcmp(a, unspecified, sizeof(unspecified)) == 0;
}

static void put_address(struct text *t, const char *key, uint8_t family, const uint8_t *a)
{
	char s[INET6_ADDRSTRLEN];

	if (family == AF_INET6 && is_mapped(a)) {
		family = AF_INET;
		a += sizeof(mapped_prefix);
	}
	(void) inet_ntop(family, a, s, sizeof(s));
	text_put_string(t, key, s);
}

/* True if no more may be written; @began is where the namespace's part begins. */
static bool is_full(const struct text *t, const struct put_ports *p, size_t began)
{
	size_t bytes = t->len_bytes - began;

	return bytes >= PUT_PORTS_MAX_BYTES || p->used_bytes + bytes >= PUT_PORTS_TOTAL_MAX_BYTES;
}

/* The owners of socket @inode. */
static void put_owners_of(struct text *t, struct put_ports *p, uint32_t inode)
{
	const struct socket_owner *o;
	size_t n = inode ? socket_owners_find(&p->ports->owners, inode, &o) : 0;

	for (size_t i = 0; i < n; i++)
		put_owner(t, p->lines, o[i].proc);
}

/* The interface of the destination of @f: that by which namespace @to has it, or, if the
 * destination is not on this host, that by which packets to it leave @from. */
static void put_destination_ref(struct text *t, const struct forward *f,
	const struct netstack *from, const struct netstack *to)
{
	const struct nif *nif = forward_path_nif(to ? to : from, f->to_family, f->to);
	char id[NIF_ID_MAX];

	text_put_key(t, "network-interface-refs");
	text_put(t, "[");
	if (nif) {
		nif_format_id(nif, id);
		text_put_json(t, id);
	}
	text_put(t, "]");
}

/* The interfaces that have address @a; all for the unspecified one. */
static void put_nif_refs(
	struct text *t, const char *key, const struct netstack *s, uint8_t family, const uint8_t *a)
{
	bool all = is_unspecified(a);
	uint32_t last = 0;

	if (family == AF_INET6 && is_mapped(a)) {
		family = AF_INET;
		a += sizeof(mapped_prefix);
	}
	text_put_key(t, key);
	text_put(t, "[");
	for (size_t i = 0; i < (all ? s->n_nifs : s->n_addrs); i++) {
		const struct nif *nif = all ? &s->nifs[i] : NULL;
		char id[NIF_ID_MAX];

		if (!all && s->addrs[i].family == family && s->addrs[i].ifindex != last &&
			memcmp(s->addrs[i].bytes, a, family == AF_INET ? 4 : 16) == 0)
			nif = netstack_nif(s, s->addrs[i].ifindex);
		if (!nif)
			continue;
		last = nif->d.link.ifindex;
		nif_format_id(nif, id);
		text_next(t);
		text_put_json(t, id);
	}
	text_put(t, "]");
}

/* @mapped: of an IPv6 socket */
static void put_socket(struct text *t, struct put_ports *p, const struct netstack *stack,
	const struct socket_entry *e, bool mapped)
{
	const struct diag_socket *s = &e->s;

	text_next(t);
	text_put(t, "{");
	text_put_number(t, "family", s->family);
	text_put_string(t, "protocol", protocol_name(e->protocol));
	put_address(t, "local-address", s->family, s->local);
	text_put_number(t, "local-port", s->local_port);
	text_put_string(t, "local-servicename", service_name(e->protocol, s->local_port));
	put_address(t, "remote-address", s->family, s->remote);
	text_put_number(t, "remote-port", s->remote_port);
	text_put_string(t, "remote-servicename", service_name(e->protocol, s->remote_port));
	text_put_string(t, "state", states[s->state < TCP_STATES ? s->state : 0].state);
	text_put_string(t, "macrostate", macro_state(e));
	text_put_key(t, "owners");
	text_put(t, "[");
	put_owners_of(t, p, s->inode);
	text_put(t, "]");
	put_nif_refs(t, "network-interface-idrefs", stack, s->family, s->local);
	/* no client needs it; the web UI looks for it */
	if (mapped)
		text_put_bool(t, "v4mapped", true);
	text_put(t, "}");
}

/* The IPv4 form of an IPv6 socket that IPv4 reaches too. Returns false if there is none, or a
 * socket of IPv4 with the same local address and port. */
static bool as_ipv4(
	const struct socket_list *l, const struct socket_entry *e, struct socket_entry *ret)
{
	const struct socket_entry *same;
	struct socket_entry v4 = *e;
	bool local = is_mapped(e->s.local), remote = is_mapped(e->s.remote);

	if (e->s.family != AF_INET6 || !(local || is_unspecified(e->s.local)) ||
		!(remote || is_unspecified(e->s.remote)))
		return false;
	v4.s.family = AF_INET;
	memset(v4.s.local, 0, sizeof(v4.s.local));
	memset(v4.s.remote, 0, sizeof(v4.s.remote));
	/* the unspecified address is all zeroes in both families */
	memcpy(v4.s.local, e->s.local + sizeof(mapped_prefix), 4);
	memcpy(v4.s.remote, e->s.remote + sizeof(mapped_prefix), 4);
	if (sockets_find(l, &v4, &same) > 0)
		return false;
	*ret = v4;
	return true;
}

static void put_sockets(
	struct text *t, struct put_ports *p, const struct netstack *stack, uint8_t family)
{
	const struct netns_ports *n = stack ? ports_find(p->ports, stack->inode) : NULL;
	const struct socket_list *l = n ? &n->sockets : NULL;
	size_t began = t->len_bytes;

	text_put(t, "[");
	for (size_t i = 0; l && i < l->n && !is_full(t, p, began); i++) {
		struct socket_entry v4;

		if (l->v[i].s.family == family)
			put_socket(t, p, stack, &l->v[i], false);
		else if (family == AF_INET && as_ipv4(l, &l->v[i], &v4))
			put_socket(t, p, stack, &v4, true);
	}
	text_put(t, "]");
	p->used_bytes += t->len_bytes - began;
}

void put_transport_ports(struct text *t, struct put_ports *p, const struct netstack *stack)
{
	text_put_key(t, "transport-ports");
	text_put(t, "{\"ipv4\":");
	put_sockets(t, p, stack, AF_INET);
	text_put(t, ",\"ipv6\":");
	put_sockets(t, p, stack, AF_INET6);
	text_put(t, "}");
}

/* Processes, each once. */
struct takers {
	const struct process *v[SOCKET_OWNERS_MAX];
	size_t n;
};

static void add_taker(struct takers *k, const struct process *p)
{
	for (size_t i = 0; i < k->n; i++) {
		if (k->v[i] == p)
			return;
	}
	if (k->n < ARRAY_LEN(k->v))
		k->v[k->n++] = p;
}

/* Add the owners of the listening sockets of @n that have the local address and port of @like. */
static void add_takers(struct takers *k, const struct put_ports *p, const struct netns_ports *n,
	const struct socket_entry *like)
{
	const struct socket_owner *o;
	const struct socket_entry *s;
	size_t n_sockets = sockets_find(&n->sockets, like, &s);

	for (size_t i = 0; i < n_sockets; i++) {
		size_t n_owners = 0;

		if (s[i].s.inode && macro_state(&s[i]) == macro_listening)
			n_owners = socket_owners_find(&p->ports->owners, s[i].s.inode, &o);
		for (size_t j = 0; j < n_owners; j++)
			add_taker(k, o[j].proc);
	}
}

/* Who listens in namespace @to where @f leads: at its address, or at any. */
static void find_takers(struct takers *k, const struct put_ports *p, const struct forward *f,
	const struct netstack *to)
{
	const struct netns_ports *n = to ? ports_find(p->ports, to->inode) : NULL;
	struct socket_entry any = {
		.protocol = f->protocol, .s = {.family = f->to_family, .local_port = f->to_port}};
	struct socket_entry at = any, any6 = any, mapped;

	if (!n)
		return;
	memcpy(at.s.local, f->to, sizeof(at.s.local));
	add_takers(k, p, n, &at);
	add_takers(k, p, n, &any);
	if (f->to_family != AF_INET)
		return;
	any6.s.family = AF_INET6;
	mapped = any6;
	memcpy(mapped.s.local, mapped_prefix, sizeof(mapped_prefix));
	memcpy(mapped.s.local + sizeof(mapped_prefix), f->to, 4);
	add_takers(k, p, n, &mapped);
	add_takers(k, p, n, &any6);
}

static void put_forward(
	struct text *t, struct put_ports *p, const struct netstack *stack, const struct forward *f)
{
	const struct netstack *to = forward_path_find(&p->path, stack, f->to_family, f->to);
	struct takers takers = {.n = 0};

	find_takers(&takers, p, f, to);
	text_next(t);
	text_put(t, "{");
	text_put_number(t, "family", f->family);
	text_put_string(t, "protocol", protocol_name(f->protocol));
	put_address(t, "ip", f->family, f->ip);
	text_put_number(t, "port", f->port);
	text_put_string(t, "servicename", service_name(f->protocol, f->port));
	put_address(t, "forward-ip", f->to_family, f->to);
	text_put_number(t, "forward-port", f->to_port);
	text_put_string(t, "forward-servicename", service_name(f->protocol, f->to_port));
	text_put_number(t, "netnsid", to ? to->inode : 0);
	text_put_key(t, "owners");
	text_put(t, "[");
	for (size_t i = 0; i < takers.n; i++)
		put_owner(t, p->lines, takers.v[i]);
	text_put(t, "]");
	put_destination_ref(t, f, stack, to);
	text_put(t, "}");
}

static void put_forwards(
	struct text *t, struct put_ports *p, const struct netstack *stack, uint8_t family)
{
	const struct netns_ports *n = stack ? ports_find(p->ports, stack->inode) : NULL;
	size_t began = t->len_bytes;

	text_put(t, "[");
	for (size_t i = 0; n && i < n->forwards.n && !is_full(t, p, began); i++) {
		if (n->forwards.v[i].family == family)
			put_forward(t, p, stack, &n->forwards.v[i]);
	}
	text_put(t, "]");
	p->used_bytes += t->len_bytes - began;
}

void put_forwarded_ports(struct text *t, struct put_ports *p, const struct netstack *stack)
{
	text_put_key(t, "forwarded-ports");
	text_put(t, "{\"ipv4\":");
	put_forwards(t, p, stack, AF_INET);
	text_put(t, ",\"ipv6\":");
	put_forwards(t, p, stack, AF_INET6);
	text_put(t, "}");
}
