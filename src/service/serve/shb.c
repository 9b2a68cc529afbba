/* SPDX-License-Identifier: MIT */
#include "service/serve/shb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"
#include "base/version.h"
#include "pcapng/write.h"

#define COMMENT_MAX      65535 /* of an option value */
#define SHB_MAX          (COMMENT_MAX + 2048)
#define FILTER_SHOWN_MAX 16384
#define NAME_SHOWN_MAX   4096

static const char marker[] = "---\n# capture target information\n";

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

static void put_cluster(FILE *f, const struct request_target *t)
{
	if (!t->has_cluster)
		return;
	if (t->cluster_uid[0] == '\0') {
		(void) fputs("cluster: {}\n", f);
		return;
	}
	(void) fputs("cluster:\n    uid: ", f);
	put_quoted(f, t->cluster_uid, NAME_SHOWN_MAX);
	(void) fputc('\n', f);
}

/* NULL without memory. */
static char *build_comment(const struct request *req)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	(void) fputs(marker, f);
	put_pair(f, "container-name", req->target.name, NAME_SHOWN_MAX);
	put_pair(f, "container-type", req->target.type, NAME_SHOWN_MAX);
	put_pair(f, "node-name", req->target.node_name, NAME_SHOWN_MAX);
	put_cluster(f, &req->target);
	if (req->filter[0])
		put_pair(f, "capture-filter", req->filter, FILTER_SHOWN_MAX);
	if (req->chaste)
		(void) fputs("no-promiscuous-mode: true\n", f);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

ssize_t shb_build(const struct request *req, const struct config *config, uint8_t **ret)
{
	AUTO_FREE char *comment = build_comment(req);
	AUTO_FREE uint8_t *buf = malloc(SHB_MAX);
	struct pcapng_shb shb = {
		.comment = comment,
		.hardware = config->hardware,
		.os = config->os,
		.application = "Packetflix " PACKETFLIX_VERSION,
	};
	ssize_t n;

	if (!comment || !buf)
		return -ENOMEM;
	n = pcapng_put_shb(&shb, buf, SHB_MAX);
	if (n < 0)
		return -ENOMEM;
	*ret = TAKE_PTR(buf);
	return n;
}
