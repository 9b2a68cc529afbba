/* SPDX-License-Identifier: MIT */
#include "discover/host/host.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/io.h"
#include "base/ns_link.h"
#include "base/utf8.h"
#include "files/root_path.h"

#define OSREL_MAX 16384

static bool take_number(const char **s, uint32_t *ret)
{
	unsigned long v;
	char *end;

	if (**s < '0' || **s > '9')
		return false;
	v = strtoul(*s, &end, 10);
	*s = end;
	*ret = (uint32_t) v;
	return v <= UINT32_MAX;
}

size_t host_parse_cpus(const char *text, uint32_t (*ret)[2], size_t cap)
{
	size_t n = 0;

	for (const char *s = text; n < cap; s++) {
		if (!take_number(&s, &ret[n][0]))
			return 0;
		ret[n][1] = ret[n][0];
		if (*s == '-') {
			s++;
			if (!take_number(&s, &ret[n][1]) || ret[n][1] < ret[n][0])
				return 0;
		}
		n++;
		if (*s == '\n' || *s == '\0')
			return n;
		if (*s != ',')
			return 0;
	}
	return n;
}

/* Undo shell quoting of the value at @s, which ends with its line. */
static void unquote(const char *s, char *ret, size_t cap_bytes)
{
	char quote = *s == '"' || *s == '\'' ? *s++ : '\0';
	size_t n = 0;

	for (; *s && *s != '\n' && !(quote && *s == quote) && n + 1 < cap_bytes; s++) {
		if (*s == '\\' && quote != '\'' && s[1] && s[1] != '\n')
			s++;
		ret[n++] = *s;
	}
	ret[n] = '\0';
}

void host_parse_osrel(const char *text, const char *key, char *ret, size_t cap_bytes)
{
	size_t n = strlen(key);

	ret[0] = '\0';
	for (const char *s = text; s; s = strchr(s, '\n')) {
		char raw[HOST_TEXT_MAX];

		s += *s == '\n';
		if (strncmp(s, key, n) != 0 || s[n] != '=')
			continue;
		unquote(s + n + 1, raw, sizeof(raw));
		utf8_sanitize(raw, ret, cap_bytes);
	}
}

/* Ours if we share its UTS namespace, else what its file says. */
void host_read_name(int procfd, int32_t pid, char *ret, size_t cap_bytes)
{
	uint64_t ours = ns_link_read(procfd, "self/ns/uts", "uts");
	char name[HOST_TEXT_MAX], link[32];
	struct utsname u;

	(void) snprintf(link, sizeof(link), "%" PRId32 "/ns/uts", pid);
	if (ours == 0 || ours != ns_link_read(procfd, link, "uts")) {
		if (root_path_read(procfd, pid, "/etc/hostname", name, sizeof(name)) > 0) {
			name[strcspn(name, "\n")] = '\0';
			utf8_sanitize(name, ret, cap_bytes);
			return;
		}
	}
	if (uname(&u) == 0)
		utf8_sanitize(u.nodename, ret, cap_bytes);
}

void host_read(int procfd, struct host *ret)
{
	char text[OSREL_MAX];
	struct host h;

	memset(&h, 0, sizeof(h));
	host_read_name(procfd, 1, h.hostname, sizeof(h.hostname));
	if (root_path_read(procfd, 1, "/etc/os-release", text, sizeof(text)) > 0) {
		host_parse_osrel(text, "NAME", h.osrel_name, sizeof(h.osrel_name));
		host_parse_osrel(text, "VERSION", h.osrel_version, sizeof(h.osrel_version));
	}
	if (io_read_file(procfd, "version", h.kernel_version, sizeof(h.kernel_version)) < 0)
		h.kernel_version[0] = '\0';
	if (io_read_file(AT_FDCWD, "/sys/devices/system/cpu/online", text, sizeof(text)) > 0)
		h.n_cpus = host_parse_cpus(text, h.cpus, HOST_CPUS_MAX);
	*ret = h;
}
