/* SPDX-License-Identifier: MIT */
#include "discover/container/pod_name.h"

#include <errno.h>
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

/* The fields of a dockershim name. */
enum {
	CONTAINER,
	POD,
	NAMESPACE,
	UID,
	ATTEMPT,
	RANDOM,
	N_FIELDS
};

struct shim_name {
	const char *f[N_FIELDS];
	size_t len[N_FIELDS];
	bool sandbox;
};

static bool parse(const char *name, struct shim_name *ret)
{
	static const char label[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	static const char container_set[] = "abcdefghijklmnopqrstuvwxyz0123456789-POD";
	struct shim_name x = {0};
	size_t n = 0;
	const char *s = strncmp(name, "k8s_", 4) == 0 ? name + 4 : NULL;

	while (s && n < N_FIELDS) {
		x.f[n] = s;
		x.len[n] = field_len(s, n == CONTAINER ? container_set : label);
		if (x.len[n] == 0)
			return false;
		s += x.len[n];
		s = *s == '_' ? s + 1 : NULL;
		n++;
	}
	if (s || n < RANDOM || !is_label(x.f[POD], x.len[POD]) ||
		!is_label(x.f[NAMESPACE], x.len[NAMESPACE]))
		return false;
	x.sandbox = x.len[CONTAINER] == 3 && memcmp(x.f[CONTAINER], "POD", 3) == 0;
	if (!x.sandbox && (!is_label(x.f[CONTAINER], x.len[CONTAINER]) ||
				  field_len(x.f[CONTAINER], label) == 0))
		return false;
	*ret = x;
	return true;
}

static int join(const char *ns, size_t ns_len, const char *pod, size_t pod_len, char **ret)
{
	size_t cap = ns_len + pod_len + 2;
	char *s = malloc(cap);

	if (!s)
		return -ENOMEM;
	(void) snprintf(s, cap, "%.*s/%.*s", (int) ns_len, ns, (int) pod_len, pod);
	*ret = s;
	return 0;
}

static int set_default(struct labels *l, const char *key, const char *value, size_t len_bytes)
{
	AUTO_FREE char *copy = labels_get(l, key) ? NULL : strndup(value, len_bytes);

	if (labels_get(l, key))
		return 0;
	return !copy || labels_set(l, key, copy) == -ENOMEM ? -ENOMEM : 0;
}

int pod_name_of_dockershim(const char *name, struct labels *labels, char **ret_pod)
{
	struct shim_name x;
	int rc;

	if (!parse(name, &x))
		return 0;
	rc = set_default(labels, "io.kubernetes.container.name", x.f[CONTAINER], x.len[CONTAINER]);
	if (rc == 0)
		rc = set_default(labels, "io.kubernetes.pod.uid", x.f[UID], x.len[UID]);
	if (rc == 0 && x.sandbox)
		rc = set_default(labels, "io.kubernetes.sandbox", "", 0);
	return rc < 0 ? rc : join(x.f[NAMESPACE], x.len[NAMESPACE], x.f[POD], x.len[POD], ret_pod);
}

int pod_name_of_labels(const struct labels *labels, char **ret_pod)
{
	const char *ns = labels_get(labels, "io.kubernetes.pod.namespace");
	const char *pod = labels_get(labels, "io.kubernetes.pod.name");

	if (!ns || !pod || !*ns || !*pod)
		return 0;
	return join(ns, strlen(ns), pod, strlen(pod), ret_pod);
}
