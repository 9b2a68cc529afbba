/* SPDX-License-Identifier: MIT */
#include "reader/ring.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/membarrier.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int ring_map(struct ring *r, int sock, const struct packet_ring_size *size, struct err *e)
{
	size_t bytes = (size_t) size->n_blocks * size->block_bytes;
	uint8_t *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, sock, 0);

	if (map == MAP_FAILED)
		return err_sys(e, -errno, "cannot map the packet ring");
	*r = (struct ring){
		.sock = sock,
		.map = map,
		.map_bytes = bytes,
		.block_bytes = size->block_bytes,
		.n_blocks = size->n_blocks,
		.next_seq = 1, /* af_packet counts the blocks it opens from 1 */
	};
	return 0;
}

int ring_init(struct ring *r, int sock, size_t ring_bytes, uint32_t latency_ms, struct err *e)
{
	struct packet_ring_size size;
	int rc = packet_ring_divide(ring_bytes, &size);

	if (rc < 0)
		return err_set(e, rc, "a ring of %zu bytes is not possible", ring_bytes);
	rc = packet_ring_make(sock, &size, latency_ms, e);
	return rc < 0 ? rc : ring_map(r, sock, &size, e);
}

void ring_done(struct ring *r)
{
	if (r->map)
		(void) munmap(r->map, r->map_bytes);
	r->map = NULL;
}

static struct tpacket_hdr_v1 *next_block(const struct ring *r)
{
	struct tpacket_block_desc *b = (void *) (r->map + (size_t) r->next * r->block_bytes);

	return &b->hdr.bh1;
}

static _Atomic uint32_t *block_status(const struct ring *r)
{
	return (_Atomic uint32_t *) &next_block(r)->block_status;
}

const uint8_t *ring_take(struct ring *r)
{
	/* pairs with the kernel's barrier before it sets the status of a block it closes */
	if (!(atomic_load_explicit(block_status(r), memory_order_acquire) & TP_STATUS_USER))
		return NULL;
	return r->map + (size_t) r->next * r->block_bytes;
}

void ring_give_back(struct ring *r)
{
	/* pairs with the kernel's look at the status when it opens the block again */
	atomic_store_explicit(block_status(r), TP_STATUS_KERNEL, memory_order_release);
	r->next = r->next + 1 == r->n_blocks ? 0 : r->next + 1;
	r->next_seq++;
}

uint32_t ring_begun(const struct ring *r, const uint8_t **ret_block)
{
	struct tpacket_hdr_v1 *h = next_block(r);

	/* a block that is not open again still shows what it held a round ago */
	if (atomic_load_explicit((_Atomic __u64 *) &h->seq_num, memory_order_acquire) !=
		r->next_seq)
		return 0;
	*ret_block = r->map + (size_t) r->next * r->block_bytes;
	return atomic_load_explicit((_Atomic __u32 *) &h->num_pkts, memory_order_acquire);
}

int ring_settle(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0 ? -errno : 0;
}

bool ring_can_settle(void)
{
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	return commands >= 0 && (commands & MEMBARRIER_CMD_GLOBAL);
}

bool ring_was_tight(const struct ring *r, uint32_t taken)
{
	return taken > r->n_blocks / 2;
}

bool ring_was_full(const struct ring *r, uint32_t taken)
{
	return taken >= r->n_blocks;
}

int ring_lost(const struct ring *r, uint64_t *ret_lost)
{
	struct tpacket_stats_v3 s;
	socklen_t len = sizeof(s);

	if (getsockopt(r->sock, SOL_PACKET, PACKET_STATISTICS, &s, &len) < 0)
		return -errno;
	*ret_lost = s.tp_drops;
	return 0;
}
