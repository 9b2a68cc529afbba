/* SPDX-License-Identifier: MIT */
#include "service/admit/refusal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

int refuse(struct refusal *r, int code, int http_status, int close_code, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void) vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->http_status = http_status;
	r->close_code = close_code;
	utf8_sanitize(text, r->text, sizeof(r->text));
	return code;
}

int refuse_nomem(struct refusal *r)
{
	return refuse(r, -ENOMEM, 503, CLOSE_TRY_AGAIN_LATER, "out of memory");
}
