/* SPDX-License-Identifier: MIT */
#include "reader/ring.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/membarrier.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FRAME_BYTES 2048 /* only a unit of account in version 3 */

/* Few large blocks cost least per packet; a small ring still needs several of them. */
static size_t choose_block(size_t ring_bytes)
{
	size_t block = RING_BLOCK_MAX_BYTES;

	while (block > RING_BLOCK_MIN_BYTES && ring_bytes / block < 16)
		block /= 2;
	return block;
}

int ring_init(struct ring *r, int sock, size_t ring_bytes, uint32_t latency_ms, struct err *e)
{
	int version = TPACKET_V3;
	size_t block = choose_block(ring_bytes);
	struct tpacket_req3 req = {
		.tp_block_size = (uint32_t) block,
		.tp_block_nr = (uint32_t) (ring_bytes / block),
		.tp_frame_size = FRAME_BYTES,
		.tp_retire_blk_tov = latency_ms,
	};

	if (req.tp_block_nr < 2 || ring_bytes > UINT32_MAX)
		return err_set(e, -EINVAL, "a ring of %zu bytes is not possible", ring_bytes);
	req.tp_frame_nr = req.tp_block_nr * (req.tp_block_size / FRAME_BYTES);
	if (setsockopt(sock, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0)
		return err_sys(e, -errno, "no TPACKET_V3");
	if (setsockopt(sock, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0)
		return err_sys(e, -errno, "cannot make a packet ring of %zu bytes", ring_bytes);
	memset(r, 0, sizeof(*r));
	r->sock = sock;
	r->block_bytes = block;
	r->n_blocks = req.tp_block_nr;
	r->next_seq = 1; /* af_packet counts the blocks it opens from 1 */
	r->map_bytes = (size_t) r->n_blocks * block;
	r->map = mmap(NULL, r->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, sock, 0);
	if (r->map == MAP_FAILED) {
		r->map = NULL;
		return err_sys(e, -errno, "cannot map the packet ring");
	}
	return 0;
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
