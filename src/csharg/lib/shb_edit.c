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
static char *find_marker(char *text, size_t len)
{
	for (char *p = text; p; p++) {
		p = memmem(p, len - (size_t) (p - text), marker, sizeof(marker) - 1);
		if (!p || p == text || p[-1] == '\n')
			return p;
	}
	return NULL;
}

/* Take all documents about targets out of @text, each up to the next document. Returns what is left
 * of @len. */
static size_t cut_documents(char *text, size_t len)
{
	char *at, *next;

	while ((at = find_marker(text, len))) {
		/* the marker's last newline may begin the mark of the next document */
		char *from = at + sizeof(marker) - 2, *end = text + len;

		next = memmem(
			from, (size_t) (end - from), next_document, sizeof(next_document) - 1);
		next = next ? next + 1 : end;
		memmove(at, next, (size_t) (end - next));
		len -= (size_t) (next - at);
	}
	return len;
}

/* The whole new comment; @ret_len its length. NULL without memory. */
static char *new_comment(struct part old, const char *doc, size_t *ret_len)
{
	size_t doc_len = strlen(doc), n = 0;
	char *out;

	doc_len = doc_len < COMMENT_MAX ? doc_len : COMMENT_MAX;
	out = malloc(old.n + doc_len + 1);
	if (!out)
		return NULL;
	if (old.n) {
		memcpy(out, old.p, old.n);
		n = old.n;
		/* ends the last line before it is looked at: it may be a marker's */
		if (out[n - 1] != '\n')
			out[n++] = '\n';
		n = cut_documents(out, n);
	}
	if (n + doc_len > COMMENT_MAX)
		n = 0;
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
