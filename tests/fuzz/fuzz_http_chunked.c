/* SPDX-License-Identifier: MIT */
/* Laws: a chunked body ends at the same byte however its bytes are divided; Debian's http-parser,
 * which accepts more, finds the end at the same byte. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <http_parser.h>

#include "http/chunked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int scan(
	const char *p, size_t size, size_t step, size_t *ret_used, uint32_t *ret_trailer_bytes)
{
	struct http_chunked c = {0};
	int rc = 0;

	*ret_used = 0;
	for (size_t at = 0; at < size && rc == 0; at += step) {
		size_t n = size - at < step ? size - at : step, used = 0;

		rc = http_chunked_scan(&c, p + at, n, &used);
		assert(used <= n && (rc != 0 || used == n));
		*ret_used += used;
	}
	*ret_trailer_bytes = c.trailer_bytes;
	return rc;
}

static int on_end(http_parser *p)
{
	http_parser_pause(p, 1);
	return 0;
}

static void compare_with_other(const char *p, size_t n)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
	static const http_parser_settings settings = {.on_message_complete = on_end};
	http_parser parser;

	http_parser_init(&parser, HTTP_RESPONSE);
	assert(http_parser_execute(&parser, &settings, head, sizeof(head) - 1) == sizeof(head) - 1);
	assert(http_parser_execute(&parser, &settings, p, n) >= n - 1);
	assert(HTTP_PARSER_ERRNO(&parser) == HPE_PAUSED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *) data;
	uint32_t trailer, again;
	size_t all, pieces;
	int rc;

	if (size == 0)
		return 0;
	rc = scan(p, size, size, &all, &trailer);
	assert(rc == scan(p, size, 1, &pieces, &again) && (rc < 0 || all == pieces));
	assert(rc == scan(p, size, 5, &pieces, &again) && (rc < 0 || all == pieces));
	/* trailer fields are skipped here, whatever they are; an empty line has two bytes */
	if (rc == 1 && trailer == 2)
		compare_with_other(p, all);
	return 0;
}
