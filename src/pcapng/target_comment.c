/* SPDX-License-Identifier: MIT */
#include "pcapng/target_comment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define FILTER_SHOWN_MAX 16384
#define NAME_SHOWN_MAX   4096

/* Append @s as a double-quoted YAML scalar, at most @max bytes of it. */
static void put_quoted(FILE *f, const char *s, size_t max)
{
	size_t n = strlen(s);

	if (!utf8_valid(s, n))
		n = 0;
	n = utf8_cut(s, n, max);
	(void) fputc('"', f);
	for (size_t i = 0; i < n; i++) {
		unsigned char ch = (unsigned char) s[i];

		if (ch == '"' || ch == '\\')
			(void) fprintf(f, "\\%c", ch);
		else if (ch < 0x20 || ch == 0x7f)
			(void) fprintf(f, "\\x%02x", ch);
		else
			(void) fputc(ch, f);
	}
	(void) fputc('"', f);
}

static void put_pair(FILE *f, const char *key, const char *value, size_t max)
{
	(void) fprintf(f, "%s: ", key);
	put_quoted(f, value, max);
	(void) fputc('\n', f);
}

static void put_cluster(FILE *f, const struct target_comment *c)
{
	if (!c->has_cluster)
		return;
	if (c->cluster_uid[0] == '\0') {
		(void) fputs("cluster: {}\n", f);
		return;
	}
	(void) fputs("cluster:\n", f);
	put_pair(f, "    uid", c->cluster_uid, NAME_SHOWN_MAX);
}

char *target_comment_text(const struct target_comment *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	(void) fputs(TARGET_COMMENT_MARKER, f);
	put_pair(f, "container-name", c->name, NAME_SHOWN_MAX);
	put_pair(f, "container-type", c->type, NAME_SHOWN_MAX);
	put_pair(f, "node-name", c->node_name, NAME_SHOWN_MAX);
	put_cluster(f, c);
	if (c->filter[0])
		put_pair(f, "capture-filter", c->filter, FILTER_SHOWN_MAX);
	if (c->chaste)
		(void) fputs("no-promiscuous-mode: true\n", f);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
