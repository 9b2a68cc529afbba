/* SPDX-License-Identifier: MIT */
#include "broker/host_names.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/io.h"
#include "base/own.h"
#include "broker/uts.h"

#define FILE_BYTES 65536
#define BLANKS     " \t\r"

static bool is_host_name(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char) s[i]) && !strchr("-_.", s[i]))
			return false;
	}
	/* an address in /etc/hosts is no name; "localhost" is everybody's */
	return n > 0 && n < HOST_NAME_MAX_BYTES && s[strspn(s, "0123456789.")] != '\0' &&
	       strcasecmp(s, "localhost") != 0 && strncasecmp(s, "localhost.", 10) != 0;
}

static bool has(const struct host_names *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++) {
		if (strcasecmp(h->v[i], name) == 0)
			return true;
	}
	return false;
}

void host_names_add(struct host_names *h, const char *name)
{
	if (h->n < HOST_NAMES_MAX && is_host_name(name) && !has(h, name))
		(void) snprintf(h->v[h->n++], HOST_NAME_MAX_BYTES, "%s", name);
}

/* Add each of the first @n names, those without a dot, in domain @domain. */
static void add_domain(struct host_names *h, size_t n, const char *domain)
{
	for (size_t i = 0; i < n; i++) {
		char name[2 * HOST_NAME_MAX_BYTES];

		if (strchr(h->v[i], '.') || strlen(domain) >= HOST_NAME_MAX_BYTES)
			continue;
		(void) snprintf(name, sizeof(name), "%s.%s", h->v[i], domain);
		host_names_add(h, name);
	}
}

void host_names_add_domains(struct host_names *h, char *resolv_conf)
{
	size_t n = h->n;
	char *line, *rest = resolv_conf;

	while ((line = strsep(&rest, "\n"))) {
		char *save = NULL, *word = strtok_r(line, BLANKS, &save);

		if (!word || (strcmp(word, "search") != 0 && strcmp(word, "domain") != 0))
			continue;
		while ((word = strtok_r(NULL, BLANKS, &save)))
			add_domain(h, n, word);
	}
}

void host_names_add_aliases(struct host_names *h, char *hosts)
{
	const struct host_names known = *h;
	char *line, *rest = hosts;

	while ((line = strsep(&rest, "\n"))) {
		char copy[1024], *save = NULL, *word;
		bool is_ours = false;

		line[strcspn(line, "#")] = '\0';
		if (strlen(line) >= sizeof(copy))
			continue;
		(void) snprintf(copy, sizeof(copy), "%s", line);
		for (word = strtok_r(copy, BLANKS, &save); word;
			word = strtok_r(NULL, BLANKS, &save))
			is_ours |= has(&known, word);
		for (word = strtok_r(line, BLANKS, &save); is_ours && word;
			word = strtok_r(NULL, BLANKS, &save))
			host_names_add(h, word);
	}
}

static void add_from(
	struct host_names *h, const char *path, void (*add)(struct host_names *h, char *text))
{
	char text[FILE_BYTES];
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && io_read_all(fd, text, sizeof(text)) >= 0)
		add(h, text);
}

void host_names_find(int procfd, int own_uts_fd, struct host_names *ret)
{
	AUTO_CLOSE int init_uts = openat(procfd, "1/ns/uts", O_RDONLY | O_CLOEXEC);
	struct utsname u;
	size_t n;

	ret->n = 0;
	if (uname(&u) == 0)
		host_names_add(ret, u.nodename);
	if (init_uts >= 0 && uts_name(init_uts, own_uts_fd, &u) == 0)
		host_names_add(ret, u.nodename);
	n = ret->n;
	add_from(ret, "/etc/hosts", host_names_add_aliases);
	add_from(ret, "/etc/resolv.conf", host_names_add_domains);
	add_domain(ret, n, "local");
}
