/* SPDX-License-Identifier: MIT */
/* The files of the built-in web page (src/service/page/web), part of the program. */
#ifndef PAGE_PAGE_H
#define PAGE_PAGE_H

struct conn;

/* Answer the request on @c with the file of its path. */
void page_begin(struct conn *c, void *ctx);

#endif
