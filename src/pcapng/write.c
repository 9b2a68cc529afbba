/* SPDX-License-Identifier: MIT */
#include "pcapng/write.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "pcapng/build.h"
#include "pcapng/format.h"

ssize_t pcapng_put_shb(const struct pcapng_shb *s, uint8_t *out, size_t cap_bytes)
{
	struct pcapng_build b = pcapng_begin(PCAPNG_BLOCK_SHB, out, cap_bytes);

	pcapng_add_u32(&b, PCAPNG_BYTE_ORDER_MAGIC);
	pcapng_add_u16(&b, 1);
	pcapng_add_u16(&b, 0);
	pcapng_add_u32(&b, UINT32_MAX); /* section length unknown */
	pcapng_add_u32(&b, UINT32_MAX);
	pcapng_add_text(&b, PCAPNG_OPT_COMMENT, s->comment); /* first: clients look for it there */
	pcapng_add_text(&b, PCAPNG_SHB_HARDWARE, s->hardware);
	pcapng_add_text(&b, PCAPNG_SHB_OS, s->os);
	pcapng_add_text(&b, PCAPNG_SHB_USERAPPL, s->application);
	pcapng_add_option(&b, PCAPNG_OPT_END, NULL, 0);
	return pcapng_end(&b);
}

ssize_t pcapng_put_idb(const struct pcapng_idb *i, uint8_t *out, size_t cap_bytes)
{
	static const uint8_t tsresol = 9; /* 10^-9 s */
	struct pcapng_build b = pcapng_begin(PCAPNG_BLOCK_IDB, out, cap_bytes);

	pcapng_add_u16(&b, i->linktype);
	pcapng_add_u16(&b, 0);
	pcapng_add_u32(&b, i->snaplen);
	pcapng_add_text(&b, PCAPNG_OPT_COMMENT, i->comment);
	pcapng_add_text(&b, PCAPNG_IF_NAME, i->name);
	pcapng_add_text(&b, PCAPNG_IF_DESCRIPTION, i->description);
	if (i->mac)
		pcapng_add_option(&b, PCAPNG_IF_MACADDR, i->mac, 6);
	if (i->speed_bps)
		pcapng_add_count(&b, PCAPNG_IF_SPEED, i->speed_bps);
	pcapng_add_option(&b, PCAPNG_IF_TSRESOL, &tsresol, 1);
	if (i->filter && i->filter[0] != '\0' && strlen(i->filter) < UINT16_MAX) {
		/* a leading 0 says: a libpcap filter string follows */
		uint16_t n = (uint16_t) strlen(i->filter);
		static const uint8_t zero[4];

		pcapng_add_u16(&b, PCAPNG_IF_FILTER);
		pcapng_add_u16(&b, (uint16_t) (n + 1));
		pcapng_add(&b, zero, 1);
		pcapng_add(&b, i->filter, n);
		pcapng_add(&b, zero, (4 - (n + 1U) % 4) % 4);
	}
	pcapng_add_text(&b, PCAPNG_IF_OS, i->os);
	pcapng_add_text(&b, PCAPNG_IF_HARDWARE, i->hardware);
	pcapng_add_option(&b, PCAPNG_OPT_END, NULL, 0);
	return pcapng_end(&b);
}

static void add_name(struct pcapng_build *b, const struct pcapng_name *n)
{
	static const uint8_t zero[4];
	size_t len = n->addr_len_bytes + n->names_len_bytes;

	if (len > UINT16_MAX) {
		b->rc = -EINVAL;
		return;
	}
	pcapng_add_u16(b, n->addr_len_bytes == 4 ? PCAPNG_NRB_IPV4 : PCAPNG_NRB_IPV6);
	pcapng_add_u16(b, (uint16_t) len);
	pcapng_add(b, n->addr, n->addr_len_bytes);
	pcapng_add(b, n->names, n->names_len_bytes);
	pcapng_add(b, zero, (4 - len % 4) % 4);
}

ssize_t pcapng_put_nrb(const struct pcapng_name *names, size_t n, uint8_t *out, size_t cap_bytes)
{
	struct pcapng_build b = pcapng_begin(PCAPNG_BLOCK_NRB, out, cap_bytes);

	for (size_t i = 0; i < n && b.rc == 0; i++)
		add_name(&b, &names[i]);
	pcapng_add_u16(&b, PCAPNG_NRB_END);
	pcapng_add_u16(&b, 0);
	return pcapng_end(&b);
}

ssize_t pcapng_put_isb(const struct pcapng_isb *s, uint8_t *out, size_t cap_bytes)
{
	struct pcapng_build b = pcapng_begin(PCAPNG_BLOCK_ISB, out, cap_bytes);

	pcapng_add_u32(&b, s->interface);
	pcapng_add_u32(&b, (uint32_t) (s->ts_ns >> 32));
	pcapng_add_u32(&b, (uint32_t) s->ts_ns);
	pcapng_add_time(&b, PCAPNG_ISB_STARTTIME, s->start_ns);
	pcapng_add_time(&b, PCAPNG_ISB_ENDTIME, s->end_ns);
	pcapng_add_count(&b, PCAPNG_ISB_IFRECV, s->accepted);
	pcapng_add_count(&b, PCAPNG_ISB_IFDROP, s->lost);
	pcapng_add_count(&b, PCAPNG_ISB_FILTERACCEPT, s->accepted);
	pcapng_add_count(&b, PCAPNG_ISB_OSDROP, s->lost_ring);
	pcapng_add_count(&b, PCAPNG_ISB_USRDELIV, s->delivered);
	pcapng_add_option(&b, PCAPNG_OPT_END, NULL, 0);
	return pcapng_end(&b);
}

static inline void put_u16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void put_u32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

void pcapng_frame_epb(const struct pcapng_epb *p, uint8_t *out)
{
	size_t total = pcapng_epb_bytes(p);
	uint8_t *o = out + PCAPNG_EPB_DATA_AT + p->caplen;

	put_u32(out, PCAPNG_BLOCK_EPB);
	put_u32(out + 4, (uint32_t) total);
	put_u32(out + 8, p->interface);
	put_u32(out + 12, (uint32_t) (p->ts_ns >> 32));
	put_u32(out + 16, (uint32_t) p->ts_ns);
	put_u32(out + 20, p->caplen);
	put_u32(out + 24, p->len);
	for (size_t pad = (4 - p->caplen % 4) % 4; pad > 0; pad--)
		*o++ = 0;
	put_u16(o, PCAPNG_EPB_FLAGS);
	put_u16(o + 2, 4);
	put_u32(o + 4, p->flags);
	o += 8;
	if (p->dropcount) {
		put_u16(o, PCAPNG_EPB_DROPCOUNT);
		put_u16(o + 2, 8);
		memcpy(o + 4, &p->dropcount, 8);
		o += 12;
	}
	put_u32(o, PCAPNG_OPT_END);
	put_u32(o + 4, (uint32_t) total);
}
