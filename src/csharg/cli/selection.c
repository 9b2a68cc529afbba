/* SPDX-License-Identifier: MIT */
#include "csharg/cli/selection.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"

#define NUMBER_MAX 24

/* One condition of a selector, borrowed from its text. */
struct condition {
	const char *key, *value;
	size_t key_len, value_len;
	bool negated;
};

/* The condition at *@at, which moves behind it. False at the end. */
static bool next_condition(const char **at, struct condition *ret)
{
	size_t len = strcspn(*at, ","), equals;

	if (!**at)
		return false;
	equals = strcspn(*at, "=,");
	ret->key = *at;
	ret->key_len = equals;
	ret->value = *at + equals;
	ret->value_len = 0;
	ret->negated = equals > 0 && (*at)[equals] == '=' && (*at)[equals - 1] == '!';
	if ((*at)[equals] == '=') {
		ret->value++;
		ret->value += *ret->value == '=' ? 1 : 0;
		ret->value_len = len - (size_t) (ret->value - *at);
	}
	ret->key_len -= ret->negated ? 1 : 0;
	*at += len + ((*at)[len] ? 1 : 0);
	return true;
}

/* The value of key @c->key, NULL for an unknown one. @number is room for one; *@ret_len is its
 * length. */
static const char *value_of(const struct condition *c, const struct csharg_target *t,
	char number[NUMBER_MAX], size_t *ret_len)
{
	const char *slash = strcmp(t->type, "pod") == 0 ? strchr(t->name, '/') : NULL;
	char pid[NUMBER_MAX], netns[NUMBER_MAX];
	const struct {
		const char *key, *value;
	} keys[] = {{"name", t->name}, {"type", t->type}, {"prefix", t->prefix},
		{"node", t->node_name}, {"netns", netns}, {"pid", pid}};

	(void) snprintf(pid, sizeof(pid), "%" PRId32, t->pid);
	(void) snprintf(netns, sizeof(netns), "%" PRIu64, t->netns);
	if (c->key_len == strlen("namespace") && memcmp(c->key, "namespace", c->key_len) == 0) {
		*ret_len = slash ? (size_t) (slash - t->name) : 0;
		return t->name;
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (strlen(keys[i].key) != c->key_len ||
			memcmp(keys[i].key, c->key, c->key_len) != 0)
			continue;
		*ret_len = strlen(keys[i].value);
		if (keys[i].value != pid && keys[i].value != netns)
			return keys[i].value;
		memcpy(number, keys[i].value, *ret_len + 1);
		return number;
	}
	return NULL;
}

static int check_selector(const char *selector, struct err *e)
{
	static const struct csharg_target nothing = {
		.name = "", .type = "", .prefix = "", .node_name = ""};
	char number[NUMBER_MAX];
	struct condition c;
	size_t len;

	for (const char *at = selector; next_condition(&at, &c);) {
		if (c.key_len == 0 || *(c.value - 1) != '=')
			return err_set(e, -EINVAL,
				"invalid selector \"%.200s\": KEY=VALUE or KEY!=VALUE is needed",
				selector);
		if (!value_of(&c, &nothing, number, &len))
			return err_set(e, -EINVAL,
				"invalid selector \"%.200s\": no key \"%.*s\"; there are name, "
				"type, prefix, namespace, node, netns and pid",
				selector, (int) (c.key_len < 50 ? c.key_len : 50), c.key);
	}
	return 0;
}

int selection_make(const struct call *call, struct selection *ret, struct err *e)
{
	const struct options *o = call->options;
	struct selection s = {.classes = classes_of_words(call->args, call->n_args),
		.pod_namespace = o->all_namespaces ? NULL : o->pod_namespace,
		.selector = o->selector ? o->selector : ""};
	int rc = check_selector(s.selector, e);

	if (rc == 0)
		*ret = s;
	return rc;
}

static bool is_in_namespace(const struct csharg_target *t, const char *pod_namespace)
{
	size_t n = strlen(pod_namespace);

	return strcmp(t->type, "pod") == 0 && strncmp(t->name, pod_namespace, n) == 0 &&
	       t->name[n] == '/';
}

bool selection_has(const struct selection *s, const struct csharg_target *t)
{
	char number[NUMBER_MAX];
	struct condition c;
	size_t len;

	if (!classes_have(&s->classes, t->type) ||
		(s->pod_namespace && !is_in_namespace(t, s->pod_namespace)))
		return false;
	for (const char *at = s->selector; next_condition(&at, &c);) {
		const char *value = value_of(&c, t, number, &len);
		bool same = value && len == c.value_len && memcmp(value, c.value, len) == 0;

		if (same == c.negated)
			return false;
	}
	return true;
}
