/* SPDX-License-Identifier: MIT */
#include "service/serve/upgrade.h"

#include <stdint.h>
#include <string.h>

#include "service/serve/access.h"
#include "service/serve/reply.h"
#include "service/serve/request_log.h"
#include "service/serve/words.h"

#define LIST_MAX_BYTES 128 /* of a Connection header: as long as libwebsockets reads it */
#define KEY_BYTES      24  /* base64 of 16 bytes, RFC 6455 section 4.1 */

bool upgrade_path(struct lws *wsi, char *ret, size_t cap)
{
	return lws_hdr_copy(wsi, ret, (int) cap, WSI_TOKEN_GET_URI) > 0;
}

/* Is @key (of KEY_BYTES characters) base64 of 16 bytes? */
static bool is_key(const char *key)
{
	char bytes[KEY_BYTES];

	return lws_b64_decode_string(key, bytes, (int) sizeof(bytes)) == 16;
}

/* Is @word in the comma-separated list @text? */
static bool is_listed(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (;;) {
		text += strspn(text, ", \t");
		if (*text == '\0')
			return false;
		if (strcspn(text, ", \t") == len && strncasecmp(text, word, len) == 0)
			return true;
		text += strcspn(text, ", \t");
	}
}

/* Does the request ask for a WebSocket? libwebsockets looks for the token in Connection only after
 * us, and then hangs up without a word. */
static bool asks_for_websocket(struct lws *wsi, const char *to)
{
	char list[LIST_MAX_BYTES];

	return strcasecmp(to, "websocket") == 0 &&
	       lws_hdr_copy(wsi, list, (int) sizeof(list), WSI_TOKEN_CONNECTION) > 0 &&
	       is_listed(list, "upgrade");
}

bool upgrade_is_dig(const struct app *a, const char *path)
{
	return !a->config->proxy && strcmp(path, UPGRADE_DIG_PATH) == 0;
}

int upgrade_check(struct lws *wsi, const char *to)
{
	struct app *a = app_of(wsi);
	char path[UPGRADE_PATH_MAX_BYTES], version[8], key[KEY_BYTES + 2];
	struct words words;
	const char *why = "";
	uint32_t n_targets;
	int status;

	if (!upgrade_path(wsi, path, sizeof(path)))
		return reply_refuse_upgrade(wsi, 405, "Method Not Allowed");
	request_log(a, wsi, path);
	if (!asks_for_websocket(wsi, to) ||
		lws_hdr_copy(wsi, version, (int) sizeof(version), WSI_TOKEN_VERSION) <= 0 ||
		strcmp(version, "13") != 0 ||
		lws_hdr_copy(wsi, key, (int) sizeof(key), WSI_TOKEN_KEY) != KEY_BYTES ||
		!is_key(key))
		return reply_refuse_upgrade(wsi, 400, "Bad Request");
	/* libwebsockets would take their names for those of its handlers */
	if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) > 0)
		return reply_refuse_upgrade(wsi, 400, "no subprotocol is spoken here");
	if (words_read(wsi, &words) < 0)
		return reply_refuse_upgrade(wsi, 431, "Request Header Fields Too Large");
	status = access_check(a, wsi, path, words.token, &why);
	n_targets = words.n_targets;
	words_done(&words);
	if (status)
		return reply_refuse_upgrade(wsi, status, why);
	if (upgrade_is_dig(a, path))
		return n_targets == 1 ? 0 : reply_refuse_upgrade(wsi, 400, UPGRADE_DIG_TARGET);
	if (strcmp(path, "/capture") != 0)
		return reply_refuse_upgrade(wsi, 404, "404 page not found");
	return 0;
}
