/* SPDX-License-Identifier: MIT */
#include "csharg/lib/shb_edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"

#define OPTIONS_AT  24
#define COMMENT     1
#define COMMENT_MAX 65535

static const char marker[] = TARGET_COMMENT_MARKER;
static const char next_document[] = "\n---\n";

/* A part of the old block. */
struct part {
	const uint8_t *p;
	size_t n;
};

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t) 3;
}

/* Find the first comment in the options of @b, in @comment without head and padding. The options
 * before and behind it go to @before and @behind. An option that reaches beyond the block and all
 * after it are left out. */
static void split_options(
	const struct block *b, struct part *comment, struct part *before, struct part *behind)
{
	const uint8_t *p = b->p + OPTIONS_AT, *end = b->p + b->len_bytes - 4;
	struct part *into = before;

	*comment = (struct part){NULL, 0};
	*before = *behind = (struct part){p, 0};
	while (end - p >= 4) {
		uint16_t code = get16(b->big_endian, p), len = get16(b->big_endian, p + 2);

		if ((code == 0 && len == 0) || 4 + padded(len) > (size_t) (end - p))
			break;
		if (code == COMMENT && !comment->p) {
			*comment = (struct part){p + 4, len};
			*behind = (struct part){p + 4 + padded(len), 0};
			into = behind;
		} else {
			into->n += 4 + padded(len);
		}
		p += 4 + padded(len);
	}
}

/* The place of our marker in @text, at its start or behind a newline; NULL if there is none. */
static const uint8_t *find_marker(struct part text)
{
	const size_t n = sizeof(marker) - 1;

	for (const uint8_t *p = text.p; text.p && (size_t) (p - text.p) + n <= text.n; p++) {
		p = memmem(p, text.n - (size_t) (p - text.p), marker, n);
		if (!p)
			return NULL;
		if (p == text.p || p[-1] == '\n')
			return p;
	}
	return NULL;
}

/* Cut the old document out of @text: @head is what stands before it, @tail the next document, if
 * another begins behind it. */
static void cut_document(struct part text, struct part *head, struct part *tail)
{
	const uint8_t *at = find_marker(text), *next;
	size_t rest;

	*head = text;
	*tail = (struct part){text.p, 0};
	if (!at)
		return;
	head->n = (size_t) (at - text.p);
	at += sizeof(marker) - 2; /* its last newline may begin the next document's mark */
	rest = text.n - (size_t) (at - text.p);
	next = memmem(at, rest, next_document, sizeof(next_document) - 1);
	if (!next && rest >= 4 && memcmp(at + rest - 4, "\n---", 4) == 0)
		next = at + rest - 4;
	if (next)
		*tail = (struct part){next + 1, text.n - (size_t) (next + 1 - text.p)};
}

/* The whole new comment; @ret_len its length. NULL without memory. */
static char *new_comment(struct part old, const char *doc, size_t *ret_len)
{
	size_t doc_len = strlen(doc), n = 0;
	struct part kept[2];
	char *out;

	cut_document(old, &kept[0], &kept[1]);
	if (doc_len > COMMENT_MAX)
		doc_len = COMMENT_MAX;
	if (kept[0].n + kept[1].n + doc_len + 2 > COMMENT_MAX)
		kept[0].n = kept[1].n = 0;
	out = malloc(kept[0].n + kept[1].n + doc_len + 2);
	for (size_t i = 0; out && i < 2; i++) {
		if (kept[i].n == 0)
			continue;
		memcpy(out + n, kept[i].p, kept[i].n);
		n += kept[i].n;
		if (out[n - 1] != '\n')
			out[n++] = '\n';
	}
	if (out)
		memcpy(out + n, doc, doc_len);
	*ret_len = n + doc_len;
	return out;
}

static uint8_t *put_part(uint8_t *at, struct part part)
{
	if (part.n)
		memcpy(at, part.p, part.n);
	return at + part.n;
}

static void put_block(const struct block *b, uint8_t *out, size_t len, struct part comment,
	const struct part others[2])
{
	uint8_t *at = out + OPTIONS_AT;

	memcpy(out, b->p, 16);
	put32(b->big_endian, out + 4, (uint32_t) len);
	memset(out + 16, 0xff, 8);
	put16(b->big_endian, at, COMMENT);
	put16(b->big_endian, at + 2, (uint16_t) comment.n);
	at = put_part(at + 4, comment);
	at += padded(comment.n) - comment.n;
	at = put_part(at, others[0]);
	(void) put_part(at, others[1]);
	/* then, of zeros, the end of options */
	put32(b->big_endian, out + len - 4, (uint32_t) len);
}

ssize_t shb_edit(const struct block *b, const struct target_comment *doc, uint8_t **ret)
{
	AUTO_FREE char *text = target_comment_text(doc);
	AUTO_FREE char *comment = NULL;
	struct part old, others[2];
	size_t comment_len, len;
	uint8_t *out;

	if (b->type != BLOCK_SHB || b->len_bytes < OPTIONS_AT + 4)
		return -EBADMSG;
	if (!text)
		return -ENOMEM;
	split_options(b, &old, &others[0], &others[1]);
	comment = new_comment(old, text, &comment_len);
	if (!comment)
		return -ENOMEM;
	len = OPTIONS_AT + 4 + padded(comment_len) + others[0].n + others[1].n + 4 + 4;
	out = calloc(1, len);
	if (!out)
		return -ENOMEM;
	put_block(b, out, len, (struct part){(const uint8_t *) comment, comment_len}, others);
	*ret = out;
	return (ssize_t) len;
}
