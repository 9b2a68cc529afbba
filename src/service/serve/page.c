/* SPDX-License-Identifier: MIT */
#include "service/serve/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "service/serve/web_files.h"

static const struct page pages[] = {
	{"/", "text/html; charset=utf-8", web_index_html, sizeof(web_index_html)},
	{"/page.js", "text/javascript; charset=utf-8", web_page_js, sizeof(web_page_js)},
	{"/page.css", "text/css; charset=utf-8", web_page_css, sizeof(web_page_css)},
};

const struct page *page_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		if (strcmp(pages[i].path, path) == 0)
			return &pages[i];
	}
	return NULL;
}

char *page_copy(const struct page *p)
{
	char *s = malloc(p->len_bytes);

	if (s)
		memcpy(s, p->bytes, p->len_bytes);
	return s;
}
