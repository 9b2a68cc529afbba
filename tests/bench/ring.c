/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

static struct tpacket_block_desc *block_at(const struct ring *r, unsigned int i)
{
	return (struct tpacket_block_desc *) (void *) (r->mem + (size_t) i * RING_BLOCK_BYTES);
}

static int map_ring(struct ring *r)
{
	int version = TPACKET_V3;
	struct tpacket_req3 req = {
		.tp_block_size = RING_BLOCK_BYTES,
		.tp_block_nr = RING_BLOCKS,
		.tp_frame_size = 2048,
		.tp_frame_nr = RING_BLOCKS * (RING_BLOCK_BYTES / 2048),
		.tp_retire_blk_tov = RING_RETIRE_MS,
	};
	void *mem;

	if (setsockopt(r->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
		setsockopt(r->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0)
		return -errno;
	mem = mmap(NULL, (size_t) RING_BLOCKS * RING_BLOCK_BYTES, PROT_READ | PROT_WRITE,
		MAP_SHARED, r->fd, 0);
	if (mem == MAP_FAILED)
		return -errno;
	r->mem = mem;
	return 0;
}

int ring_open(struct ring *r, const char *ifname)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int) if_nametoindex(ifname),
	};
	int ret;

	*r = (struct ring){.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)};
	if (!to.sll_ifindex || r->fd < 0)
		return -errno;
	ret = map_ring(r);
	if (ret < 0)
		return ret;
	if (bind(r->fd, (struct sockaddr *) &to, sizeof(to)) < 0)
		return -errno;
	return 0;
}

struct tpacket_block_desc *ring_wait(struct ring *r, int timeout_ms)
{
	struct tpacket_block_desc *b = block_at(r, r->next);
	struct pollfd p = {.fd = r->fd, .events = POLLIN};

	/* Acquire: pairs with the kernel's write barrier before it sets the status. */
	if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		(void) poll(&p, 1, timeout_ms);
	if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return NULL;
	return b;
}

void ring_release(struct ring *r)
{
	struct tpacket_block_desc *b = block_at(r, r->next);

	/* Release: the kernel may write as soon as it sees this. */
	__atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	r->next = (r->next + 1) % RING_BLOCKS;
}

uint64_t ring_drops(struct ring *r)
{
	struct tpacket_stats_v3 st = {0};
	socklen_t len = sizeof(st);

	if (getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &st, &len) < 0)
		return 0;
	return st.tp_drops;
}

int ring_tally_block(const uint8_t *block, size_t len_bytes, int64_t now_ns, struct tally *t)
{
	struct tpacket_block_desc b;
	size_t at;

	if (len_bytes < sizeof(b))
		return -EBADMSG;
	memcpy(&b, block, sizeof(b));
	at = b.hdr.bh1.offset_to_first_pkt;
	for (uint32_t i = 0; i < b.hdr.bh1.num_pkts; i++) {
		struct tpacket3_hdr h;

		if (at > len_bytes || len_bytes - at < sizeof(h))
			return -EBADMSG;
		memcpy(&h, block + at, sizeof(h));
		if (h.tp_mac > len_bytes - at || h.tp_snaplen > len_bytes - at - h.tp_mac)
			return -EBADMSG;
		tally_packet(t, block + at + h.tp_mac, h.tp_snaplen, now_ns);
		at += h.tp_next_offset;
	}
	return 0;
}
