/* SPDX-License-Identifier: MIT */
/* What libcsharg calls of libcurl, by the same names, looked up when it is called.
 *
 * Wireshark starts the plugin five times before it shows its window, and most of these only print
 * fixed text. libcurl brings about 30 libraries with it, and to load them takes ten times as long
 * as everything else (docs/decisions/0033-extcap.md). Nothing is kept between calls: the loader
 * finds a library that is there by its name. */
#include "extcap/late_curl.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#undef curl_easy_setopt
#undef curl_easy_getinfo

#define LIBRARY "libcurl.so.4" /* its name since 2006 */

static void *open_library(void)
{
	return dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

int late_curl_check(struct err *e)
{
	const char *words;

	if (open_library())
		return 0;
	words = dlerror();
	return err_set(e, -ENOENT, "cannot load %s (Debian package libcurl4): %s", LIBRARY,
		words ? words : "unknown reason");
}

/* Store function @name in @ret, a pointer to a pointer of its type. */
static void find(const char *name, void *ret)
{
	void *library = open_library(), *function = library ? dlsym(library, name) : NULL;

	memcpy(ret, &function, sizeof(function));
}

CURL *curl_easy_init(void)
{
	CURL *(*fn)(void);

	find(__func__, &fn);
	return fn ? fn() : NULL;
}

/* Every argument of libcurl's options has the size of a pointer where this is built. */
_Static_assert(sizeof(void *) == sizeof(curl_off_t), "options can be handed on as pointers");

CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
	CURLcode (*fn)(CURL *, CURLoption, ...);
	va_list ap;
	void *value;

	va_start(ap, option);
	value = va_arg(ap, void *);
	va_end(ap);
	find(__func__, &fn);
	return fn ? fn(curl, option, value) : CURLE_FAILED_INIT;
}

CURLcode curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
	CURLcode (*fn)(CURL *, CURLINFO, ...);
	va_list ap;
	void *value;

	va_start(ap, info);
	value = va_arg(ap, void *);
	va_end(ap);
	find(__func__, &fn);
	return fn ? fn(curl, info, value) : CURLE_FAILED_INIT;
}

CURLcode curl_easy_perform(CURL *curl)
{
	CURLcode (*fn)(CURL *);

	find(__func__, &fn);
	return fn ? fn(curl) : CURLE_FAILED_INIT;
}

CURLcode curl_easy_recv(CURL *curl, void *buf, size_t len, size_t *ret_n)
{
	CURLcode (*fn)(CURL *, void *, size_t, size_t *);

	find(__func__, &fn);
	return fn ? fn(curl, buf, len, ret_n) : CURLE_FAILED_INIT;
}

CURLcode curl_easy_send(CURL *curl, const void *buf, size_t len, size_t *ret_n)
{
	CURLcode (*fn)(CURL *, const void *, size_t, size_t *);

	find(__func__, &fn);
	return fn ? fn(curl, buf, len, ret_n) : CURLE_FAILED_INIT;
}

void curl_easy_cleanup(CURL *curl)
{
	void (*fn)(CURL *);

	find(__func__, &fn);
	if (fn)
		fn(curl);
}

const char *curl_easy_strerror(CURLcode code)
{
	const char *(*fn)(CURLcode);

	find(__func__, &fn);
	return fn ? fn(code) : "libcurl is missing";
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *line)
{
	struct curl_slist *(*fn)(struct curl_slist *, const char *);

	find(__func__, &fn);
	return fn ? fn(list, line) : NULL;
}

void curl_slist_free_all(struct curl_slist *list)
{
	void (*fn)(struct curl_slist *);

	find(__func__, &fn);
	if (fn)
		fn(list);
}
