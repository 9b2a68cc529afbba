/* SPDX-License-Identifier: MIT */
#include "discover/detail/put_nif.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>

#include "base/own.h"
#include "discover/detail/put_owner.h"
#include "discover/engine/networks.h"

void nif_format_id(const struct nif *nif, char ret[NIF_ID_MAX])
{
	(void) snprintf(ret, NIF_ID_MAX, "nif-%" PRIu64 "-%" PRIu32, nif->stack->inode,
		nif->d.link.ifindex);
}

/* {"idref":...,"index":...,"name":...} */
static void put_ref_value(struct text *t, const struct nif *nif)
{
	char id[NIF_ID_MAX];

	nif_format_id(nif, id);
	text_put(t, "{");
	text_put_string(t, "idref", id);
	text_put_number(t, "index", nif->d.link.ifindex);
	text_put_string(t, "name", nif->d.link.name);
	text_put(t, "}");
}

static void put_ref(struct text *t, const char *key, const struct nif *nif)
{
	if (!nif)
		return;
	text_put_key(t, key);
	put_ref_value(t, nif);
}

static void put_refs(
	struct text *t, const char *key, const struct relation_list *l, const struct nif *nif)
{
	size_t n;
	const struct relation *r = relation_list_of(l, nif, &n);

	if (n == 0)
		return;
	text_put_key(t, key);
	text_put(t, "[");
	for (size_t i = 0; i < n; i++) {
		text_next(t);
		put_ref_value(t, r[i].nif);
	}
	text_put(t, "]");
}

static void put_address(struct text *t, const char *key, int family, const uint8_t *bytes)
{
	char text[INET6_ADDRSTRLEN] = "";

	(void) inet_ntop(family, bytes, text, sizeof(text));
	text_put_string(t, key, text);
}

static void put_addr(struct text *t, const struct addr *a)
{
	text_next(t);
	text_put(t, "{");
	text_put_number(t, "family", a->family);
	put_address(t, "address", a->family, a->bytes);
	text_put_number(t, "prefixlen", a->prefixlen);
	text_put_number(t, "preferred-lifetime", a->preferred_s);
	text_put_number(t, "valid-lifetime", a->valid_s);
	text_put_number(t, "scope", a->scope);
	text_put_number(t, "index", a->ifindex);
	text_put(t, "}");
}

/* Addresses are sorted by family, then interface. */
static void put_family(struct text *t, const char *key, const struct nif *nif, uint8_t family)
{
	const struct netstack *s = nif->stack;
	uint32_t ifindex = nif->d.link.ifindex;
	size_t low = 0, high = s->n_addrs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct addr *a = &s->addrs[middle];

		if (a->family < family || (a->family == family && a->ifindex < ifindex))
			low = middle + 1;
		else
			high = middle;
	}
	text_put_key(t, key);
	text_put(t, "[");
	for (; low < s->n_addrs; low++) {
		if (s->addrs[low].family != family || s->addrs[low].ifindex != ifindex)
			break;
		put_addr(t, &s->addrs[low]);
	}
	text_put(t, "]");
}

static void put_addresses(struct text *t, const struct nif *nif)
{
	const struct link *l = &nif->d.link;
	char mac[3 * LINK_ADDR_MAX + 1] = "00:00:00:00:00:00";

	/* each is written with a colon behind it; the last one is taken away */
	for (size_t i = 0; i < l->addr_len; i++)
		(void) snprintf(mac + 3 * i, 4, "%02x:", (unsigned int) l->addr[i]);
	if (l->addr_len > 0)
		mac[3 * l->addr_len - 1] = '\0';
	text_put_key(t, "addresses");
	text_put(t, "{");
	text_put_string(t, "mac", mac);
	put_family(t, "ipv4", nif, AF_INET);
	put_family(t, "ipv6", nif, AF_INET6);
	text_put(t, "}");
}

static const char *operstate_of(const struct nif *nif)
{
	static const char *const names[] = {"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN",
		"TESTING", "DORMANT", "UP"}; /* RFC 2863, IF_OPER_* */

	return names[nif->d.link.operstate < ARRAY_LEN(names) ? nif->d.link.operstate : 0];
}

static void put_text_if_any(struct text *t, const char *key, const char *value)
{
	if (value[0])
		text_put_string(t, key, value);
}

static void put_driver(struct text *t, const struct nif *nif)
{
	text_put_key(t, "driverinfo");
	text_put(t, "{");
	text_put_string(t, "driver", nif->driver.driver);
	put_text_if_any(t, "version", nif->driver.version);
	put_text_if_any(t, "fwversion", nif->driver.fwversion);
	put_text_if_any(t, "businfo", nif->driver.businfo);
	put_text_if_any(t, "eromversion", nif->driver.eromversion);
	text_put(t, "}");
}

static void put_peer(struct text *t, const struct nif *peer)
{
	char id[NIF_ID_MAX];

	if (!peer)
		return;
	nif_format_id(peer, id);
	text_put_key(t, "peer");
	text_put(t, "{");
	text_put_string(t, "peer-idref", id);
	text_put_number(t, "peer-index", peer->d.link.ifindex);
	text_put_string(t, "peer-name", peer->d.link.name);
	text_put(t, "}");
}

static void put_vlan(struct text *t, const struct link_vlan *v)
{
	text_put_key(t, "vlan");
	text_put(t, "{");
	text_put_number(t, "vid", v->vid);
	text_put_number(t, "vlan-protocol", v->protocol);
	text_put(t, "}");
}

static void put_vxlan_ends(struct text *t, const struct link_vxlan *v)
{
	if (v->has_source || v->has_source6) {
		text_put_key(t, "source");
		text_put(t, "{");
		if (v->has_source)
			put_address(t, "source_ipv4", AF_INET, v->source);
		if (v->has_source6)
			put_address(t, "source_ipv6", AF_INET6, v->source6);
		text_put(t, "}");
	}
	if (v->has_remote || v->has_remote6) {
		text_put_key(t, "remote");
		text_put(t, "{");
		if (v->has_remote)
			put_address(t, "remote_ipv4", AF_INET, v->remote);
		if (v->has_remote6)
			put_address(t, "remote_ipv6", AF_INET6, v->remote6);
		text_put(t, "}");
	}
}

static void put_vxlan(struct text *t, const struct nif *nif)
{
	const struct link_vxlan *v = &nif->d.vxlan;
	char id[NIF_ID_MAX] = "";

	if (nif->lower)
		nif_format_id(nif->lower, id);
	text_put_key(t, "vxlan");
	text_put(t, "{");
	text_put_string(t, "idref", id);
	text_put_number(t, "vid", v->vni);
	text_put_bool(t, "arp-proxy", v->proxy);
	put_vxlan_ends(t, v);
	text_put_key(t, "source-portrange");
	text_put(t, "{");
	text_put_number(t, "low", v->source_low);
	text_put_number(t, "high", v->source_high);
	text_put(t, "}");
	text_put_number(t, "remote-port", v->port);
	text_put(t, "}");
}

/* How it belongs to others. */
static void put_relations(struct text *t, const struct relations *r, const struct nif *nif)
{
	put_ref(t, "master", nif->master);
	if (!nif->d.is_vxlan)
		put_ref(t, "macvlan", nif->lower);
	put_refs(t, "macvlans", &r->macvlans, nif);
	put_refs(t, "slaves", &r->slaves, nif);
	put_peer(t, nif->peer);
	if (nif->sriov != SRIOV_NONE)
		text_put_number(t, "sr-iov-role", nif->sriov);
	put_ref(t, "pf", nif->pf);
}

static void put_tuntap(struct text *t, const struct put_nifs *p, const struct nif *nif)
{
	const struct tun_owner *o;
	size_t n = tun_owners_find(&p->network->tuns, nif->stack->inode, nif->d.link.name, &o);

	text_put_key(t, "tuntap");
	text_put(t, "{");
	text_put_string(t, "mode", nif->d.tun == LINK_TUN_TAP ? "tap" : "tun");
	text_put_key(t, "processors");
	text_put(t, "[");
	for (size_t i = 0; i < n; i++)
		put_owner(t, p->lines, o[i].proc);
	text_put(t, "]}");
}

/* What the network it stands for is called. */
static void put_labels(struct text *t, const struct engine_network *n)
{
	if (!n || n->labels.n == 0)
		return;
	text_put_key(t, "labels");
	text_put(t, "{");
	for (size_t i = 0; i < n->labels.n; i++)
		text_put_string(t, labels_key(&n->labels, i), labels_value(&n->labels, i));
	text_put(t, "}");
}

static void put_flags(struct text *t, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name; /* as ip(8) shows it */
	} names[] = {{IFF_UP, "UP"}, {IFF_BROADCAST, "BROADCAST"}, {IFF_LOOPBACK, "LOOPBACK"},
		{IFF_POINTOPOINT, "POINTOPOINT"}, {IFF_RUNNING, "RUNNING"}, {IFF_NOARP, "NOARP"},
		{IFF_PROMISC, "PROMISC"}, {IFF_ALLMULTI, "ALLMULTI"}, {IFF_MASTER, "MASTER"},
		{IFF_SLAVE, "SLAVE"}, {IFF_MULTICAST, "MULTICAST"}};

	text_put_key(t, "flags");
	text_put(t, "[");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!(flags & names[i].flag))
			continue;
		text_next(t);
		text_put_json(t, names[i].name);
	}
	text_put(t, "]");
}

static void put_settings(struct text *t, const struct nif *nif)
{
	put_flags(t, nif->d.link.flags);
	text_put_number(t, "mtu", nif->d.mtu);
	if (nif->speed_bps > 0)
		text_put_number(t, "speed", nif->speed_bps);
}

static void put_counters(struct text *t, const struct link_counters *c)
{
	text_put_key(t, "counters");
	text_put(t, "{");
	text_put_number(t, "rx-packets", c->rx_packets);
	text_put_number(t, "rx-bytes", c->rx_bytes);
	text_put_number(t, "rx-errors", c->rx_errors);
	text_put_number(t, "rx-dropped", c->rx_dropped);
	text_put_number(t, "tx-packets", c->tx_packets);
	text_put_number(t, "tx-bytes", c->tx_bytes);
	text_put_number(t, "tx-errors", c->tx_errors);
	text_put_number(t, "tx-dropped", c->tx_dropped);
	text_put(t, "}");
}

static void put_nif(struct text *t, const struct put_nifs *p, const struct nif *nif)
{
	const struct link *l = &nif->d.link;
	char id[NIF_ID_MAX];

	nif_format_id(nif, id);
	text_next(t);
	text_put(t, "{");
	text_put_string(t, "id", id);
	text_put_string(t, "kind", nif_is(nif, "tun") ? "tuntap" : l->kind);
	text_put_string(t, "name", l->name);
	put_text_if_any(t, "alias", nif->network ? nif->network->name : l->alias);
	text_put_number(t, "index", l->ifindex);
	put_addresses(t, nif);
	text_put_string(t, "operstate", operstate_of(nif));
	text_put_bool(t, "physical", nif->is_physical);
	put_driver(t, nif);
	text_put_bool(t, "promisc", (l->flags & IFF_PROMISC) != 0);
	put_settings(t, nif);
	put_counters(t, &nif->d.counters);
	put_labels(t, nif->network);
	put_relations(t, &p->network->relations, nif);
	if (nif_is(nif, "tun"))
		put_tuntap(t, p, nif);
	if (nif->d.is_vlan)
		put_vlan(t, &nif->d.vlan);
	if (nif->d.is_vxlan)
		put_vxlan(t, nif);
	text_put(t, "}");
}

void put_nifs(struct text *t, const struct put_nifs *p, const struct netstack *s)
{
	text_put_key(t, "network-interfaces");
	text_put(t, "[");
	for (size_t i = 0; s && i < s->n_nifs; i++)
		put_nif(t, p, &s->nifs[i]);
	text_put(t, "]");
}
