/* SPDX-License-Identifier: MIT */
#include "csharg/lib/ws_upgrade.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csharg/lib/answer.h"
#include "http/head.h"
#include "http/ws_key.h"

/* Form encoding (application/x-www-form-urlencoded): blanks as '+'. */
static void put_encoded(FILE *f, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char) *s;

		if (c == ' ')
			(void) fputc('+', f);
		else if ((c < 0x80 && isalnum(c)) || strchr("-._~", c))
			(void) fputc(c, f);
		else
			(void) fprintf(f, "%%%02X", c);
	}
}

static void put_pair(FILE *f, const char *name, const char *value)
{
	(void) fputs(name, f);
	put_encoded(f, value);
}

static void put_target(FILE *f, const struct ws_request *r)
{
	(void) fprintf(f, "GET %s/capture?%s", r->path, r->chaste ? "chaste=&" : "");
	put_pair(f, "container=", r->container);
	if (r->filter[0])
		put_pair(f, "&filter=", r->filter);
	if (r->follow)
		put_pair(f, "&follow=", r->follow);
	if (r->names)
		put_pair(f, "&names=", r->names);
	put_pair(f, "&nif=", r->nif);
	if (r->snaplen_bytes)
		(void) fprintf(f, "&snaplen=%u", r->snaplen_bytes);
	(void) fputs(" HTTP/1.1\r\n", f);
}

static void put_headers(FILE *f, const struct ws_request *r)
{
	char key[HTTP_WS_KEY_CHARS + 1];

	http_ws_make_key(r->nonce, key);
	(void) fprintf(f,
		"Host: %s\r\nUser-Agent: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n",
		r->authority, r->user_agent, key);
	for (size_t i = 0; i < r->n_headers; i++)
		(void) fprintf(f, "%s\r\n", r->header[i]);
	if (r->chaste)
		(void) fputs("Clustershark-Chaste: \r\n", f);
	(void) fprintf(f, "Clustershark-Container: %s\r\n", r->container);
	if (r->filter[0])
		(void) fprintf(f, "Clustershark-Filter: %s\r\n", r->filter);
	(void) fprintf(f, "Clustershark-Nif: %s\r\n\r\n", r->nif);
}

static bool fits_header(const char *s)
{
	for (; *s; s++)
		if (((unsigned char) *s < 0x20 && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

ssize_t ws_request_text(const struct ws_request *r, char **ret, struct err *e)
{
	char *text = NULL;
	size_t len;
	FILE *f;

	if (!fits_header(r->filter))
		return err_set(e, -EINVAL, "the filter has line breaks or control characters");
	f = open_memstream(&text, &len);
	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	put_target(f, r);
	put_headers(f, r);
	if (fclose(f) != 0) {
		free(text);
		return err_set(e, -ENOMEM, "out of memory");
	}
	*ret = text;
	return (ssize_t) len;
}

static void copy(const struct http_slice *v, char *ret, size_t cap)
{
	size_t n = !v ? 0 : v->len_bytes < cap - 1 ? v->len_bytes : cap - 1;

	if (n > 0)
		memcpy(ret, v->p, n);
	ret[n] = '\0';
}

static bool is_accepted(const struct http_head *h, const uint8_t nonce[WS_NONCE_BYTES])
{
	const struct http_slice *accept = http_head_single(h, "sec-websocket-accept");
	char key[HTTP_WS_KEY_CHARS + 1], wanted[HTTP_WS_ACCEPT_CHARS + 1];

	http_ws_make_key(nonce, key);
	http_ws_accept(key, wanted);
	return accept && http_slice_is(*accept, wanted);
}

static int judge_upgrade(
	const struct http_head *h, const uint8_t nonce[WS_NONCE_BYTES], struct err *e)
{
	if (!http_head_lists(h, "upgrade", "websocket") ||
		!http_head_lists(h, "connection", "upgrade"))
		return err_set(e, -EPROTO, "the service upgrades to something else than WebSocket");
	if (!is_accepted(h, nonce))
		return err_set(
			e, -EPROTO, "the answer to the upgrade does not belong to our request");
	if (http_head_field(h, "sec-websocket-extensions") ||
		http_head_field(h, "sec-websocket-protocol"))
		return err_set(e, -EPROTO,
			"the service uses WebSocket extensions that were not requested");
	return 0;
}

/* True when as much of the body as was announced has come. */
static bool body_is_whole(const struct http_head *h, size_t body_len)
{
	uint64_t len;
	int framing = http_head_framing(h, &len);

	return framing == HTTP_BODY_NONE || (framing == HTTP_BODY_LENGTH && body_len >= len);
}

static int judge_refusal(
	const struct http_head *h, const char *body, size_t body_len, struct err *e)
{
	char type[64], location[512];
	const struct answer_parts parts = {.status = h->status,
		.type = type,
		.location = location,
		.body = body,
		.len_bytes = body_len};

	copy(http_head_field(h, "content-type"), type, sizeof(type));
	copy(http_head_field(h, "location"), location, sizeof(location));
	for (char *p = type; *p; p++)
		*p = (char) tolower((unsigned char) *p);
	return answer_tell("starting the capture", &parts, e);
}

static ssize_t judge_head(const char *p, size_t head_len, size_t len_bytes, bool at_end,
	const uint8_t nonce[WS_NONCE_BYTES], struct err *e)
{
	struct http_head h;
	size_t body_len = len_bytes - head_len;
	int rc;

	if (http_head_parse_answer(p, head_len, &h) < 0)
		return err_set(e, -EPROTO, "the service's answer is no HTTP/1 answer");
	if (h.status == 101) {
		rc = judge_upgrade(&h, nonce, e);
		return rc < 0 ? rc : (ssize_t) head_len;
	}
	if (!at_end && len_bytes < WS_ANSWER_MAX && !body_is_whole(&h, body_len))
		return 0;
	return judge_refusal(&h, p + head_len, body_len, e);
}

ssize_t ws_answer_judge(const char *p, size_t len_bytes, bool at_end,
	const uint8_t nonce[WS_NONCE_BYTES], struct err *e)
{
	static const char http[] = "HTTP/1.";
	size_t n = len_bytes < sizeof(http) - 1 ? len_bytes : sizeof(http) - 1;
	struct http_scan scan = {0};
	long head_len;

	if (memcmp(p, http, n) != 0)
		return err_set(e, -EPROTO, "the service does not speak HTTP/1");
	head_len = http_head_scan(&scan, p, len_bytes);
	if (head_len < 0)
		return err_set(e, -EPROTO, "the service's answer is no HTTP/1 answer");
	if (head_len == 0)
		return !at_end && len_bytes < WS_ANSWER_MAX
			       ? 0
			       : err_set(e, -EPROTO,
					 "the service's answer has no end or is too long");
	return judge_head(p, (size_t) head_len, len_bytes, at_end, nonce, e);
}
