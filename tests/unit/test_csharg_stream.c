/* SPDX-License-Identifier: MIT */
/* WebSocket frames and upgrades, section headers, blocks, limits and merging, on scripted bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/bytes.h"
#include "base/own.h"
#include "csharg/lib/pipeline.h"
#include "csharg/lib/ws_frame.h"
#include "csharg/lib/ws_upgrade.h"
#include "pcapng/write.h"

static const struct target_comment doc = {
	.name = "n", .type = "t", .node_name = "", .cluster_uid = "", .filter = ""};

/* All events of @p fed in pieces of @step bytes, as one letter each; "!" for an error. */
static void events(const char *p, size_t n, size_t step, char *ret, char *data)
{
	static const char letter[] = "-dpoc";
	struct ws_parser w = {0};
	struct ws_event ev;

	for (size_t at = 0; at < n;) {
		size_t len = n - at < step ? n - at : step;
		ssize_t used = ws_parse(&w, (const uint8_t *) p + at, len, &ev, NULL);

		if (used < 0) {
			*ret++ = '!';
			break;
		}
		at += (size_t) used;
		if (ev.kind == WS_DATA) {
			memcpy(data, ev.bytes, ev.len_bytes);
			data += ev.len_bytes;
		} else if (ev.kind != WS_MORE) {
			*ret++ = letter[ev.kind];
		}
	}
	*ret = *data = '\0';
}

static void frames_are_the_same_however_they_are_cut(void **state)
{
	static const char bytes[] = "\x02\x03"
				    "abc"
				    "\x89\x02"
				    "hi"
				    "\x80\x04"
				    "defg"
				    "\x8a\x00"
				    "\x82\x00"
				    "\x88\x06\x03\xee"
				    "ciao"
				    "\x81\x01x";
	char kinds[16], data[64];

	(void) state;
	for (size_t step = 1; step < sizeof(bytes); step++) {
		events(bytes, sizeof(bytes) - 1, step, kinds, data);
		assert_string_equal(kinds, "poc");
		assert_string_equal(data, "abcdefg");
	}
}

static void frames_that_break_the_rules_are_refused(void **state)
{
	static const struct {
		const char *p;
		size_t n;
	} cases[] = {{"\x81\x01x", 3}, {"\x80\x01x", 3}, {"\x02\x00\x02\x00", 4}, {"\x82\x81", 2},
		{"\xc2\x01", 2}, {"\x83\x00", 2}, {"\x8b\x00", 2}, {"\x09\x00", 2},
		{"\x89\x7e\x00\x7e", 4}, {"\x88\x01x", 3}, {"\x88\x02\x03\xed", 4},
		{"\x88\x02\x03\xf7", 4}, {"\x88\x02\x13\x88", 4},
		{"\x80\x7e\x00\x04"
		 "defg",
			8},
		{"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", 10}};
	char kinds[16], data[64];

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		events(cases[i].p, cases[i].n, 1, kinds, data);
		assert_string_equal(kinds, "!");
	}
}

static void upgrades_are_judged_by_their_key_whatever_the_case(void **state)
{
	static const uint8_t nonce[] = "the sample nonce";
	static const char good[] =
		"HTTP/1.1 101 X\r\nupgrade: WebSocket\r\nCONNECTION: a, Upgrade\r\n"
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
	static const char extension[] =
		"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
		"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

	(void) state;
	for (size_t n = 0; n < sizeof(good) - 1; n++)
		assert_int_equal(ws_answer_judge(good, n, false, nonce, NULL), 0);
	assert_int_equal(
		ws_answer_judge(good, sizeof(good) - 1, false, nonce, NULL), sizeof(good) - 1);
	assert_int_equal(
		ws_answer_judge(extension, sizeof(extension) - 1, false, nonce, NULL), -EPROTO);
}

struct bytes {
	uint8_t p[8192];
	size_t n;
};

static int collect(void *ctx, const uint8_t *p, size_t n)
{
	struct bytes *b = ctx;

	assert_true(b->n + n <= sizeof(b->p));
	memcpy(b->p + b->n, p, n);
	b->n += n;
	return 0;
}

static void put_packet(struct bytes *b, uint32_t interface, uint32_t len)
{
	struct pcapng_epb p = {.interface = interface, .ts_ns = 5, .caplen = len, .len = len};
	uint8_t *at = b->p + b->n;

	assert_true(pcapng_epb_bytes(&p) <= sizeof(b->p) - b->n);
	pcapng_frame_epb(&p, at);
	memset(at + PCAPNG_EPB_DATA_AT, 'x', len);
	b->n += pcapng_epb_bytes(&p);
}

static void put_start(struct bytes *b, const char *comment, const char *name)
{
	struct pcapng_shb s = {.comment = comment, .application = "app"};
	struct pcapng_idb i = {.linktype = 1, .snaplen = 262144, .name = name};

	b->n = (size_t) pcapng_put_shb(&s, b->p, sizeof(b->p));
	b->n += (size_t) pcapng_put_idb(&i, b->p + b->n, sizeof(b->p) - b->n);
}

static struct block header_block(const struct bytes *b)
{
	return (struct block){.p = b->p, .len_bytes = get32(false, b->p + 4), .type = BLOCK_SHB};
}

static void assert_comment(const char *before, const char *after)
{
	AUTO_FREE uint8_t *out = NULL;
	struct bytes in;
	struct block b;
	ssize_t n;

	put_start(&in, before, "eth0");
	b = header_block(&in);
	n = shb_edit(&b, &doc, &out);
	assert_int_equal(get32(false, out + 4), n);
	assert_int_equal(get32(false, out + n - 4), n);
	assert_int_equal(get16(false, out + 24), 1);
	assert_int_equal(get16(false, out + 26), strlen(after));
	assert_memory_equal(out + 28, after, strlen(after));
}

#define MINE TARGET_COMMENT_MARKER "container-name: \"n\"\ncontainer-type: \"t\"\nnode-name: \"\"\n"

static void the_target_document_is_replaced_and_other_words_are_kept(void **state)
{
	(void) state;
	assert_comment(NULL, MINE);
	assert_comment(TARGET_COMMENT_MARKER "container-name: old\n", MINE);
	assert_comment("words", "words\n" MINE);
	assert_comment("words\n" TARGET_COMMENT_MARKER "container-name: old\n", "words\n" MINE);
	assert_comment(TARGET_COMMENT_MARKER "a: b\n---\nmore: c\n", "---\nmore: c\n" MINE);
	assert_comment("x" TARGET_COMMENT_MARKER "a", "x" TARGET_COMMENT_MARKER "a\n" MINE);
	/* a marker without its last newline is one */
	assert_comment("words\n---\n# capture target information", "words\n" MINE);
}

/* Feed @in to a pipeline of limits @like in pieces of @step bytes; returns its last answer. */
static int feed(const struct pipeline *like, const struct bytes *in, size_t step, struct bytes *out,
	struct csharg_counters *ret)
{
	struct sink sink;
	struct pipeline p = *like;
	struct inlet inlet = {.out = &p};
	int rc = 0;

	out->n = 0;
	sink_init_callback(&sink, collect, out);
	p.sink = &sink;
	p.doc = &doc;
	p.n_inlets = 1;
	for (size_t at = 0; at < in->n && rc == 0; at += step)
		rc = pipeline_feed(&inlet, in->p + at, in->n - at < step ? in->n - at : step, NULL);
	assert_int_equal(pipeline_write(&p), 0);
	if (ret)
		*ret = p.counters;
	inlet_done(&inlet);
	pipeline_done(&p);
	return rc;
}

static void limits_end_at_whole_blocks_however_the_stream_is_cut(void **state)
{
	struct bytes in, out;
	struct csharg_counters c;

	(void) state;
	put_start(&in, NULL, "eth0");
	for (int i = 0; i < 5; i++)
		put_packet(&in, 0, 100);
	for (size_t step = 1; step < in.n; step++) {
		assert_int_equal(
			feed(&(struct pipeline){.max_packets = 3}, &in, step, &out, &c), 1);
		assert_int_equal(c.packets, 3);
		assert_int_equal(c.bytes, out.n);
	}
	assert_int_equal(feed(&(struct pipeline){.max_bytes = out.n}, &in, 7, &out, &c), 1);
	assert_int_equal(c.packets, 3);
	assert_int_equal(feed(&(struct pipeline){.max_bytes = out.n - 1}, &in, 7, &out, &c), 1);
	assert_int_equal(c.packets, 2);
}

static int count_cut(void *ctx, const struct csharg_packet *p)
{
	size_t *n = ctx;

	assert_int_equal(p->len_bytes, 33);
	assert_int_equal(p->original_len_bytes, 100);
	assert_int_equal(p->ts_ns, 5);
	assert_string_equal(p->interface, "eth0");
	++*n;
	return 0;
}

static void packets_are_cut_to_the_snap_length(void **state)
{
	const struct csharg_packet_fns fns = {CSHARG_PACKET_FNS_INIT, .packet_fn = count_cut};
	struct csharg_reader *r = NULL;
	struct bytes in, out;
	size_t n = 0;

	(void) state;
	put_start(&in, NULL, "eth0");
	put_packet(&in, 0, 100);
	put_packet(&in, 0, 100);
	assert_int_equal(feed(&(struct pipeline){.snaplen_bytes = 33}, &in, 50, &out, NULL), 0);
	assert_int_equal(csharg_reader_new(&fns, &n, &r), 0);
	assert_int_equal(csharg_reader_feed(r, out.p, out.n, NULL), 0);
	assert_int_equal(csharg_reader_pending(r), 0);
	assert_int_equal(n, 2);
	csharg_reader_free(r);
}

static int name_of_each(void *ctx, const struct csharg_packet *p)
{
	strcat(ctx, p->interface);
	return 0;
}

static void merged_streams_have_one_header_and_interfaces_of_their_own(void **state)
{
	const struct csharg_packet_fns fns = {CSHARG_PACKET_FNS_INIT, .packet_fn = name_of_each};
	struct csharg_reader *r = NULL;
	struct bytes in[2], out = {.n = 0};
	struct sink sink;
	struct pipeline p = {.sink = &sink, .doc = &doc, .n_inlets = 2};
	struct inlet inlet[2] = {{.out = &p}, {.out = &p}};
	char names[64] = "";

	(void) state;
	sink_init_callback(&sink, collect, &out);
	for (size_t i = 0; i < 2; i++) {
		put_start(&in[i], NULL, i ? "b" : "a");
		put_packet(&in[i], 0, 10);
		put_packet(&in[i], 0, 10);
	}
	for (size_t at = 0; at < in[0].n; at += 4)
		for (size_t i = 0; i < 2; i++)
			assert_int_equal(pipeline_feed(&inlet[i], in[i].p + at, 4, NULL), 0);
	assert_int_equal(pipeline_feed(&inlet[0], in[0].p, in[0].n, NULL), -EBADMSG);
	assert_int_equal(pipeline_write(&p), 0);
	assert_int_equal(csharg_reader_new(&fns, names, &r), 0);
	assert_int_equal(csharg_reader_feed(r, out.p, out.n, NULL), 0);
	assert_string_equal(names, "abab");
	csharg_reader_free(r);
	inlet_done(&inlet[0]);
	inlet_done(&inlet[1]);
	pipeline_done(&p);
}

static int append_name(void *ctx, const struct csharg_name *n)
{
	strcat(strcat(strcat(strcat(ctx, n->address), "="), n->name), ";");
	return strcmp(n->name, "end") == 0 ? -ECANCELED : 0;
}

/* Records of both families, an unknown one, names without NUL, a control character, and a record
 * that reaches beyond its block. */
static void every_name_of_every_address_is_shown(void **state)
{
	static const uint8_t block[] = "\4\0\0\0\x58\0\0\0"
				       "\1\0\x0c\0\xc0\0\2\1one\0two\0"
				       "\7\0\2\0??\0\0"
				       "\2\0\x13\0\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1s\n\0\0"
				       "\1\0\x08\0\xc0\0\2\2open"
				       "\1\0\3\0\xc0\0\2\0"
				       "\1\0\xff\0\xc0\0\2\3";
	const struct csharg_packet_fns fns = {CSHARG_PACKET_FNS_INIT, .name_fn = append_name};
	struct csharg_packet_fns old = fns;
	struct csharg_reader *r = NULL;
	char names[128] = "";
	struct bytes b;
	uint8_t nrb[88] = {0};

	(void) state;
	memcpy(nrb, block, sizeof(block) - 1);
	put_le32(nrb + sizeof(nrb) - 4, sizeof(nrb));
	put_start(&b, NULL, "a");
	assert_int_equal(csharg_reader_new(&fns, names, &r), 0);
	assert_int_equal(csharg_reader_feed(r, b.p, b.n, NULL), 0);
	assert_int_equal(csharg_reader_feed(r, nrb, sizeof(nrb), NULL), 0);
	assert_string_equal(names, "192.0.2.1=one;192.0.2.1=two;2001:db8::1=s?;");
	memcpy(nrb + 16, "end", 3);
	assert_int_equal(csharg_reader_feed(r, nrb, sizeof(nrb), NULL), -ECANCELED);
	csharg_reader_free(r);
	/* a program of the time before there was name_fn */
	old.size = offsetof(struct csharg_packet_fns, name_fn);
	assert_int_equal(csharg_reader_new(&old, NULL, &r), 0);
	assert_int_equal(csharg_reader_feed(r, b.p, b.n, NULL), 0);
	assert_int_equal(csharg_reader_feed(r, nrb, sizeof(nrb), NULL), 0);
	csharg_reader_free(r);
}

static void blocks_up_to_the_limit_are_taken(void **state)
{
	uint8_t head[12] = {1};
	struct bytes in, out;

	(void) state;
	for (uint32_t more = 0; more <= 4; more += 4) {
		put_start(&in, NULL, "eth0");
		put32(false, head, 99);
		put32(false, head + 4, BLOCK_MAX + more);
		memcpy(in.p + in.n, head, sizeof(head));
		in.n += sizeof(head);
		assert_int_equal(
			feed(&(struct pipeline){0}, &in, in.n, &out, NULL), more ? -EBADMSG : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_the_same_however_they_are_cut),
		cmocka_unit_test(frames_that_break_the_rules_are_refused),
		cmocka_unit_test(upgrades_are_judged_by_their_key_whatever_the_case),
		cmocka_unit_test(the_target_document_is_replaced_and_other_words_are_kept),
		cmocka_unit_test(limits_end_at_whole_blocks_however_the_stream_is_cut),
		cmocka_unit_test(packets_are_cut_to_the_snap_length),
		cmocka_unit_test(merged_streams_have_one_header_and_interfaces_of_their_own),
		cmocka_unit_test(every_name_of_every_address_is_shown),
		cmocka_unit_test(blocks_up_to_the_limit_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
