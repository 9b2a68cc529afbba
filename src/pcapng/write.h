/* SPDX-License-Identifier: MIT */
/* Writing pcapng blocks (draft-ietf-opsawg-pcapng) into memory of the caller, all integers in host
 * order. Each function appends exactly one whole block at @out and returns its length in bytes, a
 * multiple of 4, or -ENOBUFS when @cap_bytes is too small (@out then holds garbage), or -EINVAL for
 * a text of more than 65535 bytes. Nothing here allocates. docs/pcapng.md says what we write. */
#ifndef PCAPNG_WRITE_H
#define PCAPNG_WRITE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bits of epb_flags (draft section 4.3, "epb_flags"). */
enum pcapng_flags {
	PCAPNG_DIR_IN = 1,
	PCAPNG_DIR_OUT = 2,
	PCAPNG_TO_US = 1 << 2,
	PCAPNG_TO_MULTICAST = 2 << 2,
	PCAPNG_TO_BROADCAST = 3 << 2,
	PCAPNG_TO_OTHERS = 4 << 2, /* seen only because of promiscuous mode */
};

/* Section header. NULL texts are left out. Section length is "unknown". */
struct pcapng_shb {
	const char *comment, *hardware, *os, *application;
};

ssize_t pcapng_put_shb(const struct pcapng_shb *s, uint8_t *out, size_t cap_bytes);

/* Interface description, time stamps in nanoseconds. NULL texts are left out. */
struct pcapng_idb {
	uint16_t linktype;
	uint32_t snaplen;
	const char *name, *description, *filter, *hardware, *os, *comment;
	const uint8_t *mac; /* 6 bytes or NULL */
	uint64_t speed_bps; /* 0 = unknown */
};

ssize_t pcapng_put_idb(const struct pcapng_idb *i, uint8_t *out, size_t cap_bytes);

/* Interface statistics; counts since the start of the viewer's capture. */
struct pcapng_isb {
	uint32_t interface;
	uint64_t ts_ns, start_ns, end_ns; /* since 1970 */
	uint64_t accepted;                /* passed the filter: isb_ifrecv and isb_filteraccept */
	uint64_t lost;                    /* of these, not delivered: isb_ifdrop */
	uint64_t lost_ring;               /* part of @lost: dropped by the kernel: isb_osdrop */
	uint64_t delivered;               /* isb_usrdeliv */
};

ssize_t pcapng_put_isb(const struct pcapng_isb *s, uint8_t *out, size_t cap_bytes);

/* Names of one address. */
struct pcapng_name {
	size_t addr_len_bytes; /* 4 or 16 */
	const uint8_t *addr;   /* network byte order */
	const char *names;     /* one or more, each ended by NUL */
	size_t names_len_bytes;
};

#define PCAPNG_NRB_BYTES        16 /* of a Name Resolution Block without records */
#define PCAPNG_NRB_RECORD_BYTES 23 /* at most, of one record besides its names */

/* A Name Resolution Block (draft, section 4.5) with @n records. Returns its length, or -ENOBUFS, or
 * -EINVAL for names too long for a record. */
ssize_t pcapng_put_nrb(const struct pcapng_name *names, size_t n, uint8_t *out, size_t cap_bytes);

/* An Enhanced Packet Block around its packet data. */
struct pcapng_epb {
	uint32_t interface;
	uint64_t ts_ns;       /* since 1970 */
	uint32_t caplen, len; /* bytes kept, bytes on the link */
	uint32_t flags;       /* enum pcapng_flags */
	uint64_t dropcount;   /* packets lost right before this one; 0 leaves the option out */
};

#define PCAPNG_EPB_DATA_AT 28 /* bytes before the packet data */

/* Length in bytes of the block @p describes. */
static inline size_t pcapng_epb_bytes(const struct pcapng_epb *p)
{
	return PCAPNG_EPB_DATA_AT + (((size_t) p->caplen + 3) & ~(size_t) 3) + 8 +
	       (p->dropcount ? 12 : 0) + 4 + 4;
}

/* Write everything of the block but the packet data, which the caller puts at
 * @out + PCAPNG_EPB_DATA_AT. @out has room for pcapng_epb_bytes(@p). */
void pcapng_frame_epb(const struct pcapng_epb *p, uint8_t *out);

#endif
