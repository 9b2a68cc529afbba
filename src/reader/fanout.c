/* SPDX-License-Identifier: MIT */
#include "reader/fanout.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

/* The argument of PACKET_FANOUT: the group in the lower half, type and flags in the upper. */
static int set_group(int sock, uint32_t type_and_flags, uint16_t group)
{
	uint32_t v = type_and_flags << 16 | group;

	return setsockopt(sock, SOL_PACKET, PACKET_FANOUT, &v, sizeof(v)) < 0 ? -errno : 0;
}

int fanout_create(int sock, uint16_t *ret_group)
{
	uint32_t v = 0;
	socklen_t len = sizeof(v);
	int rc = set_group(sock, PACKET_FANOUT_CBPF | PACKET_FANOUT_FLAG_UNIQUEID, 0);

	if (rc == 0 && getsockopt(sock, SOL_PACKET, PACKET_FANOUT, &v, &len) < 0)
		rc = -errno;
	if (rc == 0)
		*ret_group = (uint16_t) v;
	return rc;
}

int fanout_join(int sock, uint16_t group)
{
	return set_group(sock, PACKET_FANOUT_CBPF, group);
}

int fanout_select(int sock, uint32_t index)
{
	struct sock_filter program[] = {BPF_STMT(BPF_RET | BPF_K, index)};
	struct sock_fprog p = {.len = 1, .filter = program};

	/* the kernel waits for an RCU grace period before it frees the former program */
	return setsockopt(sock, SOL_PACKET, PACKET_FANOUT_DATA, &p, sizeof(p)) < 0 ? -errno : 0;
}
