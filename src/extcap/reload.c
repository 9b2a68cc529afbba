/* SPDX-License-Identifier: MIT */
#include "extcap/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "extcap/connect.h"
#include "extcap/describe.h"
#include "extcap/escape.h"
#include "extcap/link.h"

struct choice {
	const struct csharg_target *target;
	char *display; /* owned */
	size_t number; /* in the list of the service, which decides between equal ones */
};

static bool is_shown(const struct csharg_target *t, const struct args *a)
{
	if (strcmp(t->type, "pod") == 0)
		return a->showpods;
	if (strcmp(t->type, "proc") == 0)
		return a->showprocs;
	if (strcmp(t->type, "bindmount") == 0)
		return a->showemptynetns;
	return a->showcontainers;
}

static int by_display(const void *left, const void *right)
{
	const struct choice *a = left, *b = right;
	int order = strcmp(a->display, b->display);

	return order ? order : (a->number > b->number) - (a->number < b->number);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static int put_choice(struct text *t, const struct choice *c)
{
	AUTO_FREE char *json = NULL;
	AUTO_TEXT struct text value = {NULL};

	if (csharg_target_to_json(c->target, &json) < 0)
		return -ENOMEM;
	escape_put(&value, json);
	text_put_bytes(&value, "", 1);
	if (value.failed)
		return -ENOMEM;
	describe_value(t, DESCRIBE_CONTAINER, value.p, c->display, false);
	return t->failed ? -ENOMEM : 0;
}

int reload_put_targets(struct text *t, const struct csharg_targets *all, const struct args *args)
{
	AUTO_FREE struct choice *choice = calloc(all->n + 1, sizeof(*choice));
	size_t n = 0;
	int rc = choice ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < all->n; i++) {
		const struct csharg_target *target = all->target[i];
		const char *colon = target->prefix[0] ? ":" : "";

		if (!is_shown(target, args))
			continue;
		choice[n] = (struct choice){.target = target, .number = i};
		if (asprintf(&choice[n].display, "%s%s%s", target->prefix, colon, target->name) < 0)
			rc = -ENOMEM;
		else
			n++;
	}
	if (rc == 0)
		qsort(choice, n, sizeof(*choice), by_display);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = put_choice(t, &choice[i]);
	for (size_t i = 0; i < n; i++)
		free(choice[i].display);
	return rc;
}

void reload_put_failure(struct text *t, const char *option, const char *words)
{
	AUTO_TEXT struct text shown = {NULL};

	if (strcmp(option, "container") != 0)
		return;
	text_put(&shown, "\u26a0 ");
	text_put(&shown, words);
	text_put_bytes(&shown, "", 1);
	if (!shown.failed)
		describe_value(t, DESCRIBE_CONTAINER, RELOAD_NO_VALUE, shown.p, true);
}

int reload_put_interfaces(struct text *t, const struct csharg_target *target)
{
	size_t n = target ? target->n_interfaces : 0;
	AUTO_FREE const char **name = calloc(n + 1, sizeof(*name));

	if (!name)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		name[i] = target->interfaces[i];
	qsort(name, n, sizeof(*name), by_name);
	describe_value(t, DESCRIBE_NIF, "any", "all", true);
	for (size_t i = 0; i < n; i++)
		if (!strpbrk(name[i], "{}"))
			describe_value(t, DESCRIBE_NIF, name[i], name[i], false);
	return t->failed ? -ENOMEM : 0;
}

static int put_containers(struct text *t, const struct args *args, struct err *e)
{
	AUTO_CLIENT struct csharg_client *client = NULL;
	AUTO_TARGETS struct csharg_targets *all = NULL;
	struct csharg_error why = {0, ""};
	int rc = connect_client(args, args->dockerhosturl, args->token, &client, e);

	if (rc < 0)
		return rc;
	if (csharg_client_targets(client, &all, &why) < 0)
		return connect_refused(client, &why, e);
	rc = reload_put_targets(t, all, args);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

static int put_interfaces(struct text *t, const struct args *args, struct err *e)
{
	AUTO_TARGET struct csharg_target *target = NULL;
	AUTO_FREE char *json = NULL;
	int rc;

	/* without a choice of a container there is nothing more to choose from */
	if (link_target_text(args->container, &json) == 0)
		(void) csharg_target_from_json(json, &target, NULL);
	rc = reload_put_interfaces(t, target);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

int reload_put(struct text *t, const struct args *args, struct err *e)
{
	if (strcmp(args->reload_option, "container") == 0)
		return put_containers(t, args, e);
	if (strcmp(args->reload_option, "nif") == 0)
		return put_interfaces(t, args, e);
	return err_set(e, -EINVAL, "option \"%.100s\" has no values to list", args->reload_option);
}
