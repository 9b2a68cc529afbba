/* SPDX-License-Identifier: MIT */
#include "csharg/lib/ws_upgrade.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/own.h"
#include "csharg/lib/answer.h"
#include "csharg/lib/sha1.h"

#define NONCE_TEXT 25 /* base 64 of 16 bytes, and NUL */

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
	put_pair(f, "&nif=", r->nif);
	if (r->snaplen_bytes)
		(void) fprintf(f, "&snaplen=%u", r->snaplen_bytes);
	(void) fputs(" HTTP/1.1\r\n", f);
}

static void put_headers(FILE *f, const struct ws_request *r)
{
	char key[NONCE_TEXT];

	base64_encode(r->nonce, WS_NONCE_BYTES, key);
	(void) fprintf(f,
		"Host: %s\r\nUser-Agent: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n",
		r->authority, r->user_agent, key);
	if (r->token && r->token[0])
		(void) fprintf(f, "Authorization: Bearer %s\r\n", r->token);
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

/* One line of the head, without its end. */
struct line {
	const char *p;
	size_t n;
};

/* The value of header @name, without blanks around it; n = 0 if there is none. */
static struct line header(const char *head, size_t len, const char *name)
{
	const char *end = head + len;
	size_t k = strlen(name);

	for (const char *p = head; p < end;) {
		const char *stop = memchr(p, '\n', (size_t) (end - p));
		struct line v;

		stop = stop ? stop : end;
		if ((size_t) (stop - p) > k && strncasecmp(p, name, k) == 0 && p[k] == ':') {
			v = (struct line){p + k + 1, (size_t) (stop - p) - k - 1};
			while (v.n && isspace((unsigned char) v.p[0]))
				v.p++, v.n--;
			while (v.n && isspace((unsigned char) v.p[v.n - 1]))
				v.n--;
			return v;
		}
		p = stop + 1;
	}
	return (struct line){"", 0};
}

static bool equals(struct line v, const char *s)
{
	return v.n == strlen(s) && strncasecmp(v.p, s, v.n) == 0;
}

/* True if the comma-separated list @v has @token. */
static bool has_token(struct line v, const char *token)
{
	size_t at = 0, k = strlen(token);

	while (at < v.n) {
		while (at < v.n && (v.p[at] == ',' || v.p[at] == ' ' || v.p[at] == '\t'))
			at++;
		if (v.n - at >= k && strncasecmp(v.p + at, token, k) == 0 &&
			(v.n - at == k || strchr(", \t", v.p[at + k])))
			return true;
		while (at < v.n && v.p[at] != ',')
			at++;
	}
	return false;
}

static void copy_line(struct line v, char *ret, size_t cap)
{
	size_t n = v.n < cap - 1 ? v.n : cap - 1;

	memcpy(ret, v.p, n);
	ret[n] = '\0';
}

static bool is_accepted(const char *head, size_t len, const uint8_t nonce[WS_NONCE_BYTES])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char key[NONCE_TEXT + sizeof(guid)], want[4 * ((SHA1_BYTES + 2) / 3) + 1];
	uint8_t digest[SHA1_BYTES];
	struct line accept = header(head, len, "Sec-WebSocket-Accept");

	base64_encode(nonce, WS_NONCE_BYTES, key);
	memcpy(key + NONCE_TEXT - 1, guid, sizeof(guid));
	sha1((const uint8_t *) key, strlen(key), digest);
	base64_encode(digest, sizeof(digest), want);
	return accept.n == strlen(want) && memcmp(accept.p, want, accept.n) == 0;
}

static int judge_upgrade(
	const char *head, size_t len, const uint8_t nonce[WS_NONCE_BYTES], struct err *e)
{
	if (!equals(header(head, len, "Upgrade"), "websocket") ||
		!has_token(header(head, len, "Connection"), "upgrade"))
		return err_set(e, -EPROTO, "the service upgrades to something else than WebSocket");
	if (!is_accepted(head, len, nonce))
		return err_set(
			e, -EPROTO, "the answer to the upgrade does not belong to our request");
	if (header(head, len, "Sec-WebSocket-Extensions").n ||
		header(head, len, "Sec-WebSocket-Protocol").n)
		return err_set(
			e, -EPROTO, "the service uses WebSocket extensions nobody asked for");
	return 0;
}

/* True when as much of the body as was announced has come. */
static bool body_is_whole(const char *head, size_t head_len, size_t body_len)
{
	struct line v = header(head, head_len, "Content-Length");
	char text[24];

	if (v.n == 0)
		return false;
	copy_line(v, text, sizeof(text));
	return body_len >= strtoull(text, NULL, 10);
}

static int judge_refusal(
	const char *head, size_t head_len, size_t body_len, int status, struct err *e)
{
	char type[64], location[512];
	const struct answer_parts parts = {.status = status,
		.type = type,
		.location = location,
		.body = head + head_len,
		.len_bytes = body_len};

	copy_line(header(head, head_len, "Content-Type"), type, sizeof(type));
	copy_line(header(head, head_len, "Location"), location, sizeof(location));
	for (char *p = type; *p; p++)
		*p = (char) tolower((unsigned char) *p);
	return answer_tell("starting the capture", &parts, e);
}

ssize_t ws_answer_judge(const char *p, size_t len_bytes, bool at_end,
	const uint8_t nonce[WS_NONCE_BYTES], struct err *e)
{
	static const char http[] = "HTTP/1.";
	size_t n = len_bytes < sizeof(http) - 1 ? len_bytes : sizeof(http) - 1;
	const char *end = memmem(p, len_bytes, "\r\n\r\n", 4);
	size_t head;
	int status, rc;

	if (memcmp(p, http, n) != 0)
		return err_set(e, -EPROTO, "the service does not speak HTTP/1");
	if (!end)
		return !at_end && len_bytes < WS_ANSWER_MAX
			       ? 0
			       : err_set(e, -EPROTO,
					 "the service's answer has no end or is too long");
	head = (size_t) (end - p) + 4;
	status = 0;
	for (size_t i = 9; i < 12 && isdigit((unsigned char) p[i]); i++)
		status = status * 10 + (p[i] - '0');
	if (status != 101) {
		if (!at_end && len_bytes < WS_ANSWER_MAX &&
			!body_is_whole(p, head, len_bytes - head))
			return 0;
		return judge_refusal(p, head, len_bytes - head, status, e);
	}
	rc = judge_upgrade(p, head, nonce, e);
	return rc < 0 ? rc : (ssize_t) head;
}
