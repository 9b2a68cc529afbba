/* SPDX-License-Identifier: MIT */
#include "service/page/page.h"

#include <string.h>

#include "base/own.h"
#include "service/http/conn.h"
#include "service/page/web_files.h"

static const struct page {
	const char *path, *type;
	const unsigned char *bytes;
	size_t len_bytes;
} pages[] = {
	{"/", "text/html; charset=utf-8", web_index_html, sizeof(web_index_html)},
	{"/page.js", "text/javascript; charset=utf-8", web_page_js, sizeof(web_page_js)},
	{"/page.css", "text/css; charset=utf-8", web_page_css, sizeof(web_page_css)},
	{"/favicon.ico", "image/svg+xml", web_favicon_svg, sizeof(web_favicon_svg)},
	{"/openapi.json", "application/json", web_openapi_json, sizeof(web_openapi_json)},
};

void page_begin(struct conn *c, void *ctx)
{
	const char *path = conn_request(c)->path;

	(void) ctx;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		struct conn_head head = {.status = 200, .type = pages[i].type};
		struct conn_body body = {.bytes = pages[i].bytes, .len_bytes = pages[i].len_bytes};

		if (strcmp(pages[i].path, path) == 0) {
			conn_reply(c, &head, &body);
			return;
		}
	}
	conn_error(c, 404, "404 page not found");
}
