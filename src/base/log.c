/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum log_level least = LOG_INFO;
static const char *proc_name = "packetflix";

void log_init(const char *proc, bool debug)
{
	proc_name = proc;
	least = debug ? LOG_DEBUG : LOG_INFO;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	char line[2048];
	struct timespec now;
	struct tm tm;
	va_list ap;
	size_t n;

	if (level < least)
		return;
	(void) clock_gettime(CLOCK_REALTIME, &now);
	(void) gmtime_r(&now.tv_sec, &tm);
	n = strftime(line, sizeof(line), "time=%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t) snprintf(line + n, sizeof(line) - n,
		".%03ldZ level=%s proc=%s msg=", now.tv_nsec / 1000000, names[level], proc_name);
	va_start(ap, fmt);
	(void) vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	n = strlen(line);
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char) line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	}
	line[n++] = '\n';
	(void) !write(STDERR_FILENO, line, n);
}

const char *log_quote(const char *s, char *buf, size_t cap_bytes)
{
	size_t n = 0;

	for (; *s && n + 2 < cap_bytes; s++) {
		if (*s == '"' || *s == '\\')
			buf[n++] = '\\';
		buf[n++] = *s;
	}
	buf[n] = '\0';
	return buf;
}
