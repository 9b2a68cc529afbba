/* SPDX-License-Identifier: MIT */
#include "http/chunked.h"

#include <errno.h>

#include "http/slice.h"

#define DIGITS_MAX 16

enum state {
	SIZE,      /* digits */
	EXTENSION, /* the rest of their line */
	DATA,
	DATA_END, /* the CRLF behind the data */
	TRAILER,  /* lines up to an empty one */
	DONE,
};

/* Check the byte @c of a line. Returns 1 when it ends the line, 0, or -EBADMSG. */
static int line_byte(struct http_chunked *c, char byte)
{
	unsigned char b = (unsigned char) byte;
	bool was_cr = c->was_cr;

	c->was_cr = b == '\r';
	if (was_cr)
		return b == '\n' ? 1 : -EBADMSG;
	if (b == '\r')
		return 0;
	if ((b < 0x20 && b != '\t') || b == 0x7f)
		return -EBADMSG;
	c->line_bytes++;
	return 0;
}

/* The line with the size of a chunk is complete. */
static void begin_chunk(struct http_chunked *c)
{
	c->state = c->left_bytes > 0 ? DATA : TRAILER;
	c->line_bytes = 0;
	c->n_digits = 0;
}

static int size_byte(struct http_chunked *c, char byte)
{
	int digit = c->was_cr ? -1 : http_hex_digit(byte), rc;

	if (digit >= 0) {
		if (++c->n_digits > DIGITS_MAX || c->left_bytes >> 59)
			return -EBADMSG;
		c->left_bytes = c->left_bytes << 4 | (unsigned int) digit;
		return 0;
	}
	if (c->n_digits == 0 || (byte != '\r' && byte != ';' && !c->was_cr))
		return -EBADMSG;
	if (byte == ';')
		c->state = EXTENSION;
	rc = line_byte(c, byte);
	if (rc > 0)
		begin_chunk(c);
	return rc < 0 ? rc : 0;
}

static int extension_byte(struct http_chunked *c, char byte)
{
	int rc = line_byte(c, byte);

	if (rc > 0)
		begin_chunk(c);
	return rc < 0 || c->line_bytes > HTTP_CHUNKED_LINE_MAX ? -EBADMSG : 0;
}

static int data_end_byte(struct http_chunked *c, char byte)
{
	int rc = line_byte(c, byte);

	if (rc > 0)
		c->state = SIZE;
	return rc < 0 || c->line_bytes > 0 ? -EBADMSG : 0;
}

static int trailer_byte(struct http_chunked *c, char byte)
{
	int rc = line_byte(c, byte);

	if (++c->trailer_bytes > HTTP_CHUNKED_TRAILER_MAX)
		return -EBADMSG;
	if (rc > 0) {
		c->state = c->line_bytes == 0 ? DONE : TRAILER;
		c->line_bytes = 0;
	}
	return rc < 0 ? rc : 0;
}

static int scan_byte(struct http_chunked *c, char byte)
{
	switch (c->state) {
	case SIZE:
		return size_byte(c, byte);
	case EXTENSION:
		return extension_byte(c, byte);
	case DATA_END:
		return data_end_byte(c, byte);
	default:
		return trailer_byte(c, byte);
	}
}

int http_chunked_scan(struct http_chunked *c, const char *p, size_t len_bytes, size_t *ret_used)
{
	size_t at = 0;

	while (at < len_bytes && c->state != DONE) {
		size_t n = len_bytes - at;

		if (c->state == DATA) {
			n = n < c->left_bytes ? n : (size_t) c->left_bytes;
			at += n;
			c->left_bytes -= n;
			c->state = c->left_bytes == 0 ? DATA_END : DATA;
			continue;
		}
		if (scan_byte(c, p[at]) < 0)
			return -EBADMSG;
		at++;
	}
	*ret_used = at;
	return c->state == DONE;
}
