/* SPDX-License-Identifier: MIT */
#include "extcap/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "base/text.h"
#include "base/utf8.h"

#define LINE_MAX_BYTES 8192

int journal_open(struct journal *ret, const char *path, bool debug, struct err *e)
{
	*ret = (struct journal){.fd = -1, .tells_stderr = debug};
	if (!*path)
		return 0;
	ret->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0660);
	if (ret->fd < 0)
		return err_set(e, -errno, "cannot open log file \"%.200s\", reason: %s", path,
			strerror(errno));
	ret->tells_stderr = false;
	return 0;
}

void journal_close(struct journal *j)
{
	close_p(&j->fd);
	j->fd = -1;
}

/* Write @words and a newline in one go, as others may append to the same file. */
static void put(int fd, const char *head, const char *words)
{
	char line[LINE_MAX_BYTES], clean[LINE_MAX_BYTES];
	int n;

	utf8_sanitize(words, clean, sizeof(clean) - 128);
	n = snprintf(line, sizeof(line), "%s%s\n", head, clean);
	(void) !write(fd, line, (size_t) n);
}

static void put_with_time(int fd, const char *level, const char *words)
{
	char head[64];
	struct timespec now;
	struct tm tm;
	size_t n;

	(void) clock_gettime(CLOCK_REALTIME, &now);
	(void) gmtime_r(&now.tv_sec, &tm);
	n = strftime(head, sizeof(head), "%Y-%m-%dT%H:%M:%S", &tm);
	(void) snprintf(head + n, sizeof(head) - n, ".%03ldZ %s ", now.tv_nsec / 1000000, level);
	put(fd, head, words);
}

void journal_error(const struct journal *j, const char *words)
{
	put(STDERR_FILENO, "", words);
	if (j->fd >= 0)
		put_with_time(j->fd, "error", words);
}

void journal_debug(const struct journal *j, const char *fmt, ...)
{
	char words[LINE_MAX_BYTES];
	va_list ap;

	if (j->fd < 0 && !j->tells_stderr)
		return;
	va_start(ap, fmt);
	(void) vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	put_with_time(j->fd >= 0 ? j->fd : STDERR_FILENO, "debug", words);
}

/* Where the secret at the beginning of @s ends; @s itself when there is none. */
static const char *skip_secret(const char *s)
{
	size_t n;

	if (strncmp(s, "token=", 6) == 0)
		return s + 6 + strcspn(s + 6, "&#");
	if (strncmp(s, "://", 3) != 0)
		return s;
	n = 3 + strcspn(s + 3, "@/");
	return s[n] == '@' ? s + n : s;
}

void journal_secret(const struct journal *j, const char *name, const char *value)
{
	AUTO_TEXT struct text t = {NULL};
	const char *next;

	for (; *value; value = next) {
		next = skip_secret(value);
		if (next == value)
			text_put_bytes(&t, next++, 1);
		else
			text_put(&t, *value == ':' ? "://..." : "token=...");
	}
	if (!t.failed)
		journal_debug(j, "%s \"%.*s\"", name, (int) t.len_bytes, t.p ? t.p : "");
}
