/* SPDX-License-Identifier: MIT */
#include "discover/container/pod_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"

#define DNS_LABEL_MAX 63

/* The field that starts at @s and ends at '_' or the end: its length if all its bytes are in @set
 * and there is at least one, else 0. */
static size_t field_len(const char *s, const char *set)
{
	size_t n = strspn(s, set);

	return s[n] == '_' || s[n] == '\0' ? n : 0;
}

static bool is_label(const char *s, size_t len_bytes)
{
	return len_bytes > 0 && len_bytes <= DNS_LABEL_MAX && s[0] != '-' &&
	       s[len_bytes - 1] != '-';
}

char *pod_name_of(const char *name)
{
	static const char label[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	static const char container_set[] = "abcdefghijklmnopqrstuvwxyz0123456789-POD";
	const char *f[6];
	size_t len[6], n = 0, cap;
	const char *s = strncmp(name, "k8s_", 4) == 0 ? name + 4 : NULL;
	char *ret;

	while (s && n < ARRAY_LEN(f)) {
		f[n] = s;
		len[n] = field_len(s, n == 0 ? container_set : label);
		if (len[n] == 0)
			return NULL;
		s += len[n];
		s = *s == '_' ? s + 1 : NULL;
		n++;
	}
	if (s || n < 5 || !is_label(f[1], len[1]) || !is_label(f[2], len[2]))
		return NULL;
	if (!(len[0] == 3 && memcmp(f[0], "POD", 3) == 0) &&
		(!is_label(f[0], len[0]) || field_len(f[0], label) == 0))
		return NULL;
	cap = len[2] + len[1] + 2;
	ret = malloc(cap);
	if (ret)
		(void) snprintf(ret, cap, "%.*s/%.*s", (int) len[2], f[2], (int) len[1], f[1]);
	return ret;
}
