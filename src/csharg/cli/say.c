/* SPDX-License-Identifier: MIT */
#include "csharg/cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"

static void __attribute__((format(printf, 2, 0)))
say(const char *level, const char *fmt, va_list args)
{
	char text[1024], clock[16];
	time_t now = time(NULL);
	struct tm tm;

	(void) vsnprintf(text, sizeof(text), fmt, args);
	/* names in it are those of a server */
	for (char *line = text, *end; line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		utf8_sanitize(line, line, strlen(line) + 1);
		if (end)
			*end++ = '\n';
	}
	if (!localtime_r(&now, &tm) || strftime(clock, sizeof(clock), "%H:%M:%S", &tm) == 0)
		clock[0] = '\0';
	(void) fprintf(stderr, "[%s] %5s %s\n", clock, level, text);
}

void say_info(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("INFO", fmt, args);
	va_end(args);
}

void say_warning(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("WARN", fmt, args);
	va_end(args);
}

void say_debug(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("DEBUG", fmt, args);
	va_end(args);
}
