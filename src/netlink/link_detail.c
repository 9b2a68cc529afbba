/* SPDX-License-Identifier: MIT */
#include "netlink/link_detail.h"

#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <string.h>

/* Keep an address that has exactly @len_bytes. */
static bool take_address(const struct nl_attrs *a, uint8_t *ret, size_t len_bytes)
{
	if (a->len_bytes != len_bytes)
		return false;
	memcpy(ret, a->p, len_bytes);
	return true;
}

static void put_vxlan(int type, const struct nl_attrs *a, struct link_vxlan *v)
{
	struct nl_attrs high;

	switch (type) {
	case IFLA_VXLAN_ID:
		v->vni = nl_attr_u32(a);
		break;
	case IFLA_VXLAN_LINK:
		v->lower = nl_attr_u32(a);
		break;
	case IFLA_VXLAN_LOCAL:
		v->has_source = take_address(a, v->source, sizeof(v->source));
		break;
	case IFLA_VXLAN_LOCAL6:
		v->has_source6 = take_address(a, v->source6, sizeof(v->source6));
		break;
	case IFLA_VXLAN_GROUP:
		v->has_remote = take_address(a, v->remote, sizeof(v->remote));
		break;
	case IFLA_VXLAN_GROUP6:
		v->has_remote6 = take_address(a, v->remote6, sizeof(v->remote6));
		break;
	case IFLA_VXLAN_PORT:
		v->port = nl_attr_be16(a);
		break;
	case IFLA_VXLAN_PROXY:
		v->proxy = nl_attr_u8(a) != 0;
		break;
	case IFLA_VXLAN_PORT_RANGE: /* struct ifla_vxlan_port_range */
		if (a->len_bytes < 2 * sizeof(uint16_t))
			break;
		high = (struct nl_attrs){a->p + 2, a->len_bytes - 2};
		v->source_low = nl_attr_be16(a);
		v->source_high = nl_attr_be16(&high);
		break;
	default:
		break;
	}
}

static void put_vlan(int type, const struct nl_attrs *a, struct link_vlan *v)
{
	if (type == IFLA_VLAN_ID)
		v->vid = nl_attr_u16(a);
	else if (type == IFLA_VLAN_PROTOCOL)
		v->protocol = nl_attr_be16(a);
}

static void put_tun(int type, const struct nl_attrs *a, struct link_detail *d)
{
	if (type != IFLA_TUN_TYPE)
		return;
	if (nl_attr_u8(a) == IFF_TUN)
		d->tun = LINK_TUN_TUN;
	else if (nl_attr_u8(a) == IFF_TAP)
		d->tun = LINK_TUN_TAP;
}

/* What a driver says about its link, which the kind tells how to read. */
static void put_data(const struct nl_attrs *data, struct link_detail *d)
{
	struct nl_attrs all = *data;
	struct nl_attrs a;
	int type;

	while ((type = nl_attr_next(&all, &a)) >= 0) {
		if (d->is_vxlan)
			put_vxlan(type, &a, &d->vxlan);
		else if (d->is_vlan)
			put_vlan(type, &a, &d->vlan);
		else if (strcmp(d->link.kind, "tun") == 0)
			put_tun(type, &a, d);
	}
}

static void put_info(const struct nl_attrs *info, struct link_detail *d)
{
	struct nl_attrs all = *info;
	struct nl_attrs a;
	int type;

	while ((type = nl_attr_next(&all, &a)) >= 0) {
		if (type == IFLA_INFO_DATA)
			put_data(&a, d);
	}
}

static void put_counters(const struct nl_attrs *a, struct link_counters *ret)
{
	struct rtnl_link_stats64 s = {0};

	/* kernels append to the structure */
	memcpy(&s, a->p, a->len_bytes < sizeof(s) ? a->len_bytes : sizeof(s));
	*ret = (struct link_counters){
		.rx_packets = s.rx_packets,
		.rx_bytes = s.rx_bytes,
		.rx_errors = s.rx_errors,
		.rx_dropped = s.rx_dropped,
		.tx_packets = s.tx_packets,
		.tx_bytes = s.tx_bytes,
		.tx_errors = s.tx_errors,
		.tx_dropped = s.tx_dropped,
	};
}

int link_detail_parse(const struct nlmsghdr *h, struct link_detail *ret)
{
	struct link_detail d;
	struct nl_attrs all;
	struct nl_attrs a;
	int type;
	bool gone;
	int rc;

	memset(&d, 0, sizeof(d));
	d.lower_nsid = LINK_NO_NSID;
	rc = link_parse(h, &d.link, &gone, &all);
	if (rc != 1 || gone)
		return rc < 0 ? rc : 0;
	d.is_vxlan = strcmp(d.link.kind, "vxlan") == 0;
	d.is_vlan = strcmp(d.link.kind, "vlan") == 0;
	while ((type = nl_attr_next(&all, &a)) >= 0) {
		if (type == IFLA_MASTER)
			d.master = nl_attr_u32(&a);
		else if (type == IFLA_MTU)
			d.mtu = nl_attr_u32(&a);
		else if (type == IFLA_STATS64)
			put_counters(&a, &d.counters);
		else if (type == IFLA_LINK)
			d.lower = nl_attr_u32(&a);
		else if (type == IFLA_LINK_NETNSID && a.len_bytes >= sizeof(int32_t))
			d.lower_nsid = (int32_t) nl_attr_u32(&a);
		else if (type == IFLA_LINKINFO)
			put_info(&a, &d);
	}
	if (d.lower == 0 && d.lower_nsid >= 0)
		d.lower = d.link.ifindex;
	*ret = d;
	return 1;
}
