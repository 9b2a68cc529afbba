/* SPDX-License-Identifier: MIT */
#include "discover/engine/networks_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "discover/engine/json_in.h"
#include "base/grow.h"

#define BRIDGE_ID_DIGITS 12

/* Add an empty network called @name. NULL without memory. */
static struct engine_network *add(struct engine_networks *l, const char *name, const char *driver)
{
	struct engine_network *v = grow(l->v, l->n, &l->cap, sizeof(*v));

	if (!v)
		return NULL;
	l->v = v;
	v += l->n++;
	*v = (struct engine_network){0};
	utf8_sanitize(name, v->name, sizeof(v->name));
	utf8_sanitize(driver, v->driver, sizeof(v->driver));
	return v;
}

/* Interfaces with longer names do not exist. */
static void set_nif(struct engine_network *n, const char *nif)
{
	if (strlen(nif) < sizeof(n->nif))
		utf8_sanitize(nif, n->nif, sizeof(n->nif));
}

/* Copy labels, but none that only we give. */
static int copy_labels(struct engine_network *n, const json_t *j)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *) j, key, value) {
		const char *s = json_string_value(value);

		if (s && strncmp(key, "gostwire/", 9) != 0 &&
			labels_set(&n->labels, key, s) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

/* The labels that say what @n is, then those its owner gave it. */
static int set_labels(struct engine_network *n, const json_t *own)
{
	bool bridge = strcmp(n->driver, "bridge") == 0;
	int rc = labels_set(&n->labels, "gostwire/network/name", n->name);

	if (rc == 0 && bridge && n->internal)
		rc = labels_set(&n->labels, "gostwire/bridge/internal", "true");
	if (rc == 0 && bridge && n->default_bridge)
		rc = labels_set(&n->labels, "gostwire/network/default-bridge", "true");
	return rc < 0 ? rc : copy_labels(n, own);
}

static void find_docker_nif(struct engine_network *n, const json_t *options)
{
	const char *bridge = json_in_string(options, "com.docker.network.bridge.name");
	char name[NETWORK_NIF_MAX];

	(void) snprintf(name, sizeof(name), "br-%.*s", BRIDGE_ID_DIGITS, n->id);
	if (strcmp(n->driver, "bridge") == 0)
		set_nif(n, *bridge ? bridge : name);
	else if (strcmp(n->driver, "macvlan") == 0)
		set_nif(n, json_in_string(options, "parent"));
	else if (engine_network_moves_nif(n))
		set_nif(n, json_in_string(options, "ifname"));
}

static bool is_id(const char *id)
{
	size_t n = strlen(id);

	return n > 0 && n < ENGINE_ID_MAX &&
	       strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz") == n;
}

static int parse_docker_entry(const json_t *j, struct engine_networks *l)
{
	const json_t *options = json_object_get(j, "Options");
	const char *name = json_in_string(j, "Name"), *id = json_in_string(j, "Id");
	struct engine_network *n;

	if (!*name || !is_id(id))
		return 0;
	n = add(l, name, json_in_string(j, "Driver"));
	if (!n)
		return -ENOMEM;
	memcpy(n->id, id, strlen(id) + 1);
	n->internal = json_is_true(json_object_get(j, "Internal"));
	n->default_bridge =
		strcmp(json_in_string(options, "com.docker.network.bridge.default_bridge"),
			"true") == 0;
	find_docker_nif(n, options);
	return set_labels(n, json_object_get(j, "Labels"));
}

static int parse_podman_entry(const json_t *j, struct engine_networks *l)
{
	const char *name = json_in_string(j, "name");
	struct engine_network *n;

	if (!*name)
		return 0;
	n = add(l, name, json_in_string(j, "driver"));
	if (!n)
		return -ENOMEM;
	n->internal = json_is_true(json_object_get(j, "internal"));
	if (strcmp(n->driver, "bridge") == 0 || strcmp(n->driver, "macvlan") == 0)
		set_nif(n, json_in_string(j, "network_interface"));
	return set_labels(n, json_object_get(j, "labels"));
}

static int cmp_name(const void *a, const void *b)
{
	const struct engine_network *x = a, *y = b;
	int rc = strcmp(x->name, y->name);

	return rc ? rc : strcmp(x->id, y->id);
}

static int parse_list(char *body, size_t len_bytes,
	int (*parse_fn)(const json_t *j, struct engine_networks *l), struct engine_networks *ret)
{
	AUTO_JSON json_t *j = json_in_parse(body, len_bytes);
	struct engine_networks l = {0};
	size_t n = json_array_size(j);
	int rc = json_is_array(j) ? 0 : -EBADMSG;

	for (size_t i = 0; i < n && rc == 0 && l.n < ENGINE_NETWORKS_MAX; i++)
		rc = parse_fn(json_array_get(j, i), &l);
	if (rc < 0) {
		engine_networks_done(&l);
		return rc;
	}
	if (l.n > 0)
		qsort(l.v, l.n, sizeof(*l.v), cmp_name);
	*ret = l;
	return 0;
}

int networks_parse_docker(char *body, size_t len_bytes, struct engine_networks *ret)
{
	return parse_list(body, len_bytes, parse_docker_entry, ret);
}

int networks_parse_podman(char *body, size_t len_bytes, struct engine_networks *ret)
{
	return parse_list(body, len_bytes, parse_podman_entry, ret);
}

/* "02:42:ac:11:00:02" */
static bool parse_mac(const char *s, uint8_t ret[6])
{
	static const char digits[] = "0123456789abcdef";

	if (strlen(s) != 17)
		return false;
	for (size_t i = 0; i < 6; i++, s += 3) {
		if (strspn(s, digits) < 2 || (i < 5 && s[2] != ':'))
			return false;
		ret[i] = (uint8_t) strtoul(s, NULL, 16);
	}
	return true;
}

int networks_parse_endpoints(char *body, size_t len_bytes, struct engine_network *n)
{
	AUTO_JSON json_t *j = json_in_parse(body, len_bytes);
	json_t *containers = json_object_get(j, "Containers"), *value;
	struct engine_endpoint *v;
	const char *key;
	size_t cap = json_object_size(containers), i = 0;

	if (!json_is_object(j))
		return -EBADMSG;
	if (cap > ENGINE_ENDPOINTS_MAX)
		cap = ENGINE_ENDPOINTS_MAX;
	v = calloc(cap + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	json_object_foreach (containers, key, value) {
		if (i == cap || !is_id(key) ||
			!parse_mac(json_in_string(value, "MacAddress"), v[i].mac))
			continue;
		memcpy(v[i++].id, key, strlen(key) + 1);
	}
	free(n->endpoints);
	n->endpoints = v;
	n->n_endpoints = i;
	return 0;
}

static const json_t *first_bridge(const json_t *plugins)
{
	for (size_t i = 0; i < json_array_size(plugins); i++) {
		const json_t *p = json_array_get(plugins, i);

		if (strcmp(json_in_string(p, "type"), "bridge") == 0)
			return p;
	}
	return NULL;
}

int networks_parse_nerdctl(char *body, size_t len_bytes, struct engine_networks *ret)
{
	AUTO_JSON json_t *j = json_in_parse(body, len_bytes);
	const json_t *bridge = first_bridge(json_object_get(j, "plugins"));
	const char *name = json_in_string(j, "name");
	struct engine_network *n;

	if (!bridge || !*name)
		return -EBADMSG;
	if (ret->n >= ENGINE_NETWORKS_MAX)
		return 0;
	n = add(ret, name, "bridge");
	if (!n)
		return -ENOMEM;
	set_nif(n, json_in_string(bridge, "bridge"));
	/* the key that clients have always been sent */
	if (labels_set(&n->labels, "com.docker.network.bridge.name", n->name) < 0 ||
		copy_labels(n, json_object_get(j, "nerdctlLabels")) < 0) {
		labels_done(&n->labels);
		ret->n--;
		return -ENOMEM;
	}
	return 0;
}
