/* SPDX-License-Identifier: MIT */
/* The shared stream buffer between one reader (writes chunks) and the service (hands them to
 * viewers, gives space back). It lives in a memfd whose size is sealed.
 *
 * Positions count bytes from the start of the stream and never wrap; position modulo the data size
 * is the place in the buffer. Two words are shared: `head` is stored only by the writer, `released`
 * only by the service. Each side treats the other's word and everything in the buffer as input:
 * copied once, checked, then used.
 *
 * A chunk is a record: header, head-room, payload of whole pcapng blocks, tail-room, counts.
 * The service may write into head-room and tail-room (that is where WebSocket and chunked framing
 * goes, so that the payload is sent from where it lies); the payload is never changed. */
#ifndef STREAM_CHUNK_H
#define STREAM_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Usual limit of a payload; one packet may be larger. With its frame it stays below the largest
 * segment of loopback (65483 bytes), so that a chunk is one segment and not one and a crumb. */
#define CHUNK_PAYLOAD_BYTES  65024
#define CHUNK_HEADROOM_BYTES 64  /* writable by the service before a payload */
#define CHUNK_TAILROOM_BYTES 8   /* and behind it */
#define CHUNK_COUNTS_MAX     256 /* interfaces in one chunk */

#define STREAM_HEADER_BYTES 4096    /* of the buffer, before the data */
#define STREAM_GRAIN_BYTES  65536   /* data sizes are multiples of this */
#define STREAM_MIN_BYTES    1048576 /* least data size: room for a few of the largest packets */
#define STREAM_MAX_BYTES    1073741824

/* Bounds of what a reader can report of interfaces. */
#define STREAM_INTERFACES_MAX  16384 /* in one capture, those removed included */
#define STREAM_INTERFACE_BYTES 69632 /* of one Interface Description Block, its filter included */
#define STREAM_REASON_BYTES    512   /* of the reason in CHUNK_END */

enum chunk_kind {
	CHUNK_PACKETS = 1,    /* Enhanced Packet Blocks; may be empty when only @lost is told */
	CHUNK_INTERFACE,      /* one Interface Description Block */
	CHUNK_READY,          /* no payload: all interfaces known at the start have been told */
	CHUNK_RING_WANTED,    /* no payload: another kernel ring is wanted. Status 0: a larger one,
			       * because the ring was more than half full or overflowed; -ENODEV: one
			       * of any size, because the link came back under another index. */
	CHUNK_FILTER_REFUSED, /* no payload: the kernel has no room for the filter, so the reader
			       * filters from now on; at most once */
	CHUNK_END, /* the last one; payload: the reason in UTF-8, empty for a normal end */
};

/* Packets of one interface in one chunk. */
struct chunk_count {
	uint32_t interface; /* pcapng interface id */
	uint32_t packets;
};

/* What a chunk says about itself. */
struct chunk_info {
	uint16_t kind;     /* enum chunk_kind */
	uint16_t n_counts; /* elements of the counts table */
	uint32_t payload_len_bytes;
	uint32_t packets;    /* sum of the counts table */
	uint32_t interfaces; /* Interface Description Blocks before this chunk */
	uint64_t lost;       /* packets the kernel dropped before the first packet of this chunk;
			      * already in that packet's epb_dropcount */
	uint32_t lost_interface; /* the interface of the first packet: where @lost is counted.
				  * Without packets, @lost is counted with the next packet. */
	int32_t status;          /* CHUNK_END: 0 or a negative errno */
	uint64_t last_ts_ns;     /* time stamp of the last packet, 0 if none */
};

struct stream_shared; /* the first page */

/* --- the writer's side: only the reader process --- */

struct chunk_writer {
	struct stream_shared *shared;
	uint8_t *data;
	uint64_t size_bytes;  /* of the data */
	uint64_t head;        /* private truth; the shared word is a copy for the service */
	uint64_t released;    /* newest checked value of the service's word */
	uint64_t reserved_at; /* where the open reservation starts */
	bool is_reserved;
};

/* Start an empty stream in the mapping of @map_bytes bytes at @map (page-aligned, zeroed, borrowed
 * for the life of the writer). Returns 0 or -EINVAL for an impossible size. */
int chunk_writer_init(struct chunk_writer *w, void *map, size_t map_bytes);

/* Reserve room for a chunk with at most @payload_bytes of payload; *ret_payload is where to write
 * it. A reservation stays open until it is committed; reserving again replaces it.
 * Returns 0, -EAGAIN when the service has not released enough yet, -EMSGSIZE when such a chunk
 * never fits, -EPROTO when the service's word makes no sense (the stream must end). */
int chunk_writer_reserve(struct chunk_writer *w, size_t payload_bytes, uint8_t **ret_payload);

/* Publish the reserved chunk. @info->payload_len_bytes is at most what was reserved; @counts has
 * info->n_counts elements. Partner: chunk_reader_next(). */
void chunk_writer_commit(
	struct chunk_writer *w, const struct chunk_info *info, const struct chunk_count *counts);

/* Say that the writer will sleep until space is released, and look once more: true if it really
 * must wait (for at least @payload_bytes), false if there is room now. Partner:
 * chunk_reader_release(). */
bool chunk_writer_must_wait(struct chunk_writer *w, size_t payload_bytes);

/* --- the service's side --- */

struct chunk_reader {
	struct stream_shared *shared;
	uint8_t *data;
	uint64_t size_bytes;
	uint64_t released; /* private truth */
	uint64_t head;     /* newest checked value of the writer's word */
};

/* One chunk as seen by the service: checked copies, and pointers into the buffer that stay valid
 * until chunk_reader_release() passes its end. */
struct chunk {
	struct chunk_info info;
	uint64_t next;    /* position of the chunk behind this one */
	uint8_t *payload; /* CHUNK_HEADROOM_BYTES before and CHUNK_TAILROOM_BYTES behind are
			     writable */
	struct chunk_count counts[CHUNK_COUNTS_MAX];
};

/* Look at the stream in @map. Returns 0 or -EINVAL. */
int chunk_reader_init(struct chunk_reader *r, void *map, size_t map_bytes);

/* The newest position there is: where a new viewer starts. -EBADMSG in *ret_rc if the writer's word
 * makes no sense. */
uint64_t chunk_reader_head(struct chunk_reader *r, int *ret_rc);

/* Look at the chunk at @pos (between the released position and the head). Returns 1 and fills
 * @ret; 0 when @pos is the head; -EBADMSG when the buffer holds nonsense (the capture must end). */
int chunk_reader_next(struct chunk_reader *r, uint64_t pos, struct chunk *ret);

/* Give everything before @pos back to the writer. Returns true when the writer sleeps and must be
 * woken through the space eventfd, which is so when a quarter of the buffer is free. Partner:
 * chunk_writer_must_wait(). */
bool chunk_reader_release(struct chunk_reader *r, uint64_t pos);

/* The position behind the jump to the start of the buffer if one begins at @pos, else @pos. Both
 * are positions of the same chunk: there is none in between. At most the head that was seen last.
 */
uint64_t chunk_reader_past_jump(const struct chunk_reader *r, uint64_t pos);

#endif
