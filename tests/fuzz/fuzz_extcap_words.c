/* SPDX-License-Identifier: MIT */
/* The plugin's command line (words ended by NUL bytes), and the first word as a link and as the
 * folders of Wireshark. Laws: what is refused has words; a link that is understood, written again
 * from its parts, is understood as the same; folders are few, different and not empty. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "extcap/args.h"
#include "extcap/escape.h"
#include "extcap/folders.h"
#include "extcap/link.h"

#define WORDS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_args(char *words, size_t size)
{
	char *argv[WORDS_MAX + 1] = {"x"};
	struct err e = ERR_NONE;
	struct args a;
	enum action action;
	int argc = 1;

	for (char *p = words; p < words + size && argc < WORDS_MAX; p += strlen(p) + 1)
		argv[argc++] = p;
	if (args_parse(argc, argv, &a, &e) < 0) {
		assert(e.text[0]);
		return;
	}
	assert(a.fifo && a.container && a.url && a.timeout_s <= 86400);
	assert(args_action(&a, &action, &e) == 0 || e.text[0]);
}

static void put(struct text *t, const char *name, const char *value)
{
	text_put(t, name);
	escape_put(t, value);
}

static void check_link(const char *s)
{
	AUTO_LINK struct link l = {NULL};
	AUTO_LINK struct link again = {NULL};
	AUTO_TEXT struct text t = {NULL};
	struct err e = ERR_NONE;

	if (link_parse(s, &l, &e) < 0) {
		assert(e.text[0]);
		return;
	}
	assert(strncmp(l.service_url, "http", 4) == 0);
	text_put(&t, l.service_url[4] == 's' ? "packetflix:wss" : "packetflix:ws");
	text_put(&t, strstr(l.service_url, ":"));
	/* what is no object may have been escaped more often than is undone, and hide a %00 */
	put(&t, "/capture?container=", l.container[0] == '{' ? l.container : "");
	put(&t, "&nif=", l.nif);
	put(&t, "&filter=", l.filter);
	put(&t, "&token=", l.token);
	text_put_bytes(&t, l.chaste ? "&chaste" : "", l.chaste ? 8 : 1);
	assert(!t.failed);
	if (t.len_bytes > LINK_BYTES_MAX)
		return;
	if (link_parse(t.p, &again, &e) < 0)
		abort();
	assert(strcmp(l.service_url, again.service_url) == 0 && l.chaste == again.chaste);
	assert(strcmp(l.nif, again.nif) == 0 && strcmp(l.filter, again.filter) == 0);
	assert(strcmp(l.token, again.token) == 0);
	if (l.container[0] == '{')
		assert(strcmp(l.container, again.container) == 0);
}

static void check_folders(const char *s)
{
	struct folders f = {0};

	folders_parse(s, &f);
	assert(f.n <= FOLDERS_MAX);
	for (size_t i = 0; i < f.n; i++) {
		assert(f.path[i][0] && !strchr(f.path[i], '\n'));
		for (size_t k = 0; k < i; k++)
			assert(strcmp(f.path[i], f.path[k]) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *words = malloc(size + 1);

	if (!words)
		abort();
	memcpy(words, data, size);
	words[size] = '\0';
	check_link(words);
	check_folders(words);
	check_args(words, size);
	return 0;
}
