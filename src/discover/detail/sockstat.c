/* SPDX-License-Identifier: MIT */
#include "discover/detail/sockstat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"

#define TEXT_MAX 4096

/* The number behind " @word " in the line at @line, 0 if it is not there. */
static uint32_t number(const char *line, const char *word)
{
	const char *end = line + strcspn(line, "\n");
	const char *at = strstr(line, word);
	uint32_t v = 0;

	if (!at || at >= end)
		return 0;
	for (at += strlen(word); *at >= '0' && *at <= '9' && v <= UINT32_MAX / 16; at++)
		v = v * 10 + (uint32_t) (*at - '0');
	return v;
}

/* Two counts; the kernel's own are far from the limit. */
static void add(uint32_t *to, uint32_t v)
{
	*to = v > UINT32_MAX - *to ? UINT32_MAX : *to + v;
}

void sockstat_parse(const char *text, struct sockstat *s)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "TCP: ", 5) == 0 || strncmp(line, "TCP6: ", 6) == 0)
			add(&s->tcp, number(line, " inuse "));
		if (strncmp(line, "TCP: ", 5) == 0)
			add(&s->tcp_waits, number(line, " tw "));
		else if (strncmp(line, "UDP: ", 5) == 0)
			add(&s->udp4, number(line, " inuse "));
		else if (strncmp(line, "UDP6: ", 6) == 0)
			add(&s->udp6, number(line, " inuse "));
	}
}

int sockstat_read(int procfd, int32_t pid, struct sockstat *ret)
{
	char path[48], text[TEXT_MAX];
	struct sockstat s = {0};
	ssize_t n;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/net/sockstat", pid);
	n = io_read_file(procfd, path, text, sizeof(text));
	if (n < 0)
		return (int) n;
	sockstat_parse(text, &s);
	(void) snprintf(path, sizeof(path), "%" PRId32 "/net/sockstat6", pid);
	if (io_read_file(procfd, path, text, sizeof(text)) >= 0)
		sockstat_parse(text, &s);
	*ret = s;
	return 0;
}
