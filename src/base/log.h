/* SPDX-License-Identifier: MIT */
/* One line per event on stderr, logfmt: time=... level=... proc=... msg=... key=value.
 * Only main programs and their loops log; library code returns errors. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level {
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR
};

/* Name this process in every line and choose the least level shown. Call once, first. @proc is
 * borrowed for ever. */
void log_init(const char *proc, bool debug);

/* Write one line: @fmt makes the message and any key=value pairs after it, such as
 * "capture started id=%s". Control characters in the result are replaced by '?', so input from
 * elsewhere cannot forge lines. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put @s into @buf with quotation marks and backslashes escaped, cut to fit: for values from
 * elsewhere that stand in quotation marks. Returns @buf. */
const char *log_quote(const char *s, char *buf, size_t cap_bytes);

#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

#endif
