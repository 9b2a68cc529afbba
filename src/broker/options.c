/* SPDX-License-Identifier: MIT */
#include "broker/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "broker/listen.h"
#include "proto/bounds.h"
#include "stream/chunk.h"

#define MIB (1024ULL * 1024)

enum option_type {
	OPT_SWITCH,
	OPT_PORT,
	OPT_TEXT,
	OPT_LIST,
	OPT_SIZE,
	OPT_COUNT
};

struct option_rule {
	const char *name;
	char letter; /* short form, 0 = none */
	enum option_type type;
	size_t at;         /* of the member in struct options */
	size_t count_at;   /* OPT_LIST: of the member that counts, and @max the capacity */
	uint64_t min, max; /* OPT_SIZE, OPT_COUNT */
	const char *value, *help;
};

#define AT(member) offsetof(struct options, member)

static const struct option_rule rules[] = {
	{"debug", 0, OPT_SWITCH, AT(debug), 0, 0, 0, NULL, "log debug messages"},
	{"log-requests", 0, OPT_SWITCH, AT(log_requests), 0, 0, 0, NULL, "log every request"},
	{"log-headers", 0, OPT_SWITCH, AT(log_headers), 0, 0, 0, NULL,
		"log every request with its headers"},
	{"port", 'p', OPT_PORT, AT(port), 0, 0, 0, "PORT", "TCP port of the service (5001)"},
	{"discovery-service", 0, OPT_TEXT, AT(discovery_service), 0, 0, 0, "HOST",
		"another discovery service to proxy to (127.0.0.1)"},
	{"gw-port", 0, OPT_PORT, AT(gw_port), 0, 0, 0, "PORT",
		"TCP port of that discovery service (5000)"},
	{"proxy-discovery", 0, OPT_SWITCH, AT(proxy_discovery), 0, 0, 0, NULL,
		"pass requests not served here to that discovery service"},
	{"listen", 0, OPT_LIST, AT(listen), AT(n_listen), 0, OPTIONS_LISTEN_MAX, "ADDR",
		"address to listen on: IP, IP:PORT, [IPv6]:PORT or [::] for all;\n"
		"repeatable (127.0.0.1 and ::1, or the comma-separated list in\n"
		"the environment variable PACKETFLIX_LISTEN)"},
	{"http", 0, OPT_TEXT, AT(http), 0, 0, 0, "ADDR",
		"the same, as deployments of Ghostwire call it"},
	{"brand", 0, OPT_TEXT, AT(unused), 0, 0, 0, "NAME", "no effect; taken from deployments of"},
	{"brandicon", 0, OPT_TEXT, AT(unused), 0, 0, 0, "TEXT", "Ghostwire, as are this"},
	{"initialcgroup", 0, OPT_SWITCH, AT(unused_switch), 0, 0, 0, NULL, "and this"},
	{"tls-cert", 0, OPT_TEXT, AT(tls_cert), 0, 0, 0, "FILE", "certificate chain (PEM)"},
	{"tls-key", 0, OPT_TEXT, AT(tls_key), 0, 0, 0, "FILE", "private key (PEM)"},
	{"token-file", 0, OPT_TEXT, AT(token_file), 0, 0, 0, "FILE",
		"bearer token that every client must know"},
	{"allow-host", 0, OPT_LIST, AT(allow_host), AT(n_allow_host), 0, OPTIONS_HOSTS_MAX, "HOST",
		"host name that clients may use for this service; repeatable"},
	{"memory", 0, OPT_SIZE, AT(memory_bytes), 0, BOUND_MEMORY_MIN_BYTES, BOUND_MEMORY_MAX_BYTES,
		"SIZE",
		"memory of all captures together (an eighth of the RAM, at most 1G and\n"
		"what the memory limit of the control group leaves)"},
	{"ring-size", 0, OPT_SIZE, AT(ring_bytes), 0, BOUND_RING_MIN_BYTES, BOUND_RING_MAX_BYTES,
		"SIZE", "largest kernel ring of one capture (32M)"},
	{"stream-size", 0, OPT_SIZE, AT(stream_bytes), 0, STREAM_MIN_BYTES, STREAM_MAX_BYTES,
		"SIZE", "largest stream buffer of one capture (16M)"},
	{"latency", 0, OPT_COUNT, AT(latency_ms), 0, 1, BOUND_LATENCY_MAX_MS, "MS",
		"longest time a packet waits for more to come, in ms (5)"},
	{"max-age", 0, OPT_COUNT, AT(max_age_ms), 0, 0, BOUND_MAX_AGE_MS, "MS",
		"answers about the host are current, or were so many ms ago (250)"},
	{"max-captures", 0, OPT_COUNT, AT(max_captures), 0, 1, BOUND_CAPTURES_MAX, "N",
		"captures at the same time (256)"},
	{"max-viewers", 0, OPT_COUNT, AT(max_viewers), 0, 1, BOUND_VIEWERS_MAX, "N",
		"viewers at the same time (512)"},
	{"max-targets", 0, OPT_COUNT, AT(max_targets), 0, 1, BOUND_TARGETS_MAX, "N",
		"targets in one stream (64)"},
	{"max-connections", 0, OPT_COUNT, AT(max_connections), 0, 1, BOUND_CONNECTIONS_MAX, "N",
		"connections at the same time (1024)"},
	{"version", 0, OPT_SWITCH, AT(version), 0, 0, 0, NULL, "print the version and exit"},
	{"help", 'h', OPT_SWITCH, AT(help), 0, 0, 0, NULL, "print this help and exit"},
};

static int parse_number(const char *s, uint64_t min, uint64_t max, bool is_size, uint64_t *ret)
{
	char *end;
	uint64_t v, unit = 1;

	if (s[0] < '0' || s[0] > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno)
		return -EINVAL;
	if (is_size && *end != '\0' && strchr("kKmMgG", *end)) {
		unit = *end == 'k' || *end == 'K'   ? 1024
		       : *end == 'm' || *end == 'M' ? MIB
						    : 1024 * MIB;
		end++;
	}
	if (*end != '\0' || v > UINT64_MAX / unit || v * unit < min || v * unit > max)
		return -EINVAL;
	*ret = v * unit;
	return 0;
}

static int set_number(const struct option_rule *r, const char *value, void *to, struct err *e)
{
	uint64_t v;

	if (r->type == OPT_PORT) {
		if (parse_number(value, 1, 65535, false, &v) < 0)
			return err_set(e, -EINVAL, "--%s takes a port from 1 to 65535, not \"%s\"",
				r->name, value);
		*(uint16_t *) to = (uint16_t) v;
		return 0;
	}
	if (parse_number(value, r->min, r->max, r->type == OPT_SIZE, &v) < 0)
		return err_set(e, -EINVAL, "--%s takes a %s from %llu to %llu, not \"%s\"", r->name,
			r->type == OPT_SIZE ? "size (with K, M or G)" : "number",
			(unsigned long long) r->min, (unsigned long long) r->max, value);
	*(uint64_t *) to = v;
	return 0;
}

static int set_value(
	struct options *o, const struct option_rule *r, const char *value, struct err *e)
{
	void *to = (char *) o + r->at;
	uint32_t *n = (void *) ((char *) o + r->count_at);

	switch (r->type) {
	case OPT_SWITCH:
		if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
			return err_set(
				e, -EINVAL, "--%s is true or false, not \"%s\"", r->name, value);
		*(bool *) to = strcmp(value, "true") == 0;
		return 0;
	case OPT_TEXT:
		*(const char **) to = value;
		return 0;
	case OPT_LIST:
		if (*n >= r->max)
			return err_set(e, -EINVAL, "too many --%s", r->name);
		((const char **) to)[(*n)++] = value;
		return 0;
	case OPT_PORT:
	case OPT_SIZE:
	case OPT_COUNT:
	default:
		return set_number(r, value, to, e);
	}
}

static const struct option_rule *find_rule(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if ((strlen(rules[i].name) == len && memcmp(rules[i].name, name, len) == 0) ||
			(len == 1 && rules[i].letter == name[0]))
			return &rules[i];
	}
	return NULL;
}

/* Take in argv[*i] and, if it needs one, the value behind it. */
static int parse_word(struct options *o, int argc, char **argv, int *i, struct err *e)
{
	const char *word = argv[*i], *name = word, *value;
	const struct option_rule *r;
	size_t len;

	if (word[0] != '-' || word[1] == '\0')
		return err_set(e, -EINVAL, "unexpected argument \"%s\"", word);
	name += word[1] == '-' ? 2 : 1;
	len = strcspn(name, "=");
	r = find_rule(name, len);
	if (!r)
		return err_set(e, -EINVAL, "unknown flag \"%s\"", word);
	if (name[len] == '=')
		value = name + len + 1;
	else if (r->type == OPT_SWITCH)
		value = "true";
	else if (*i + 1 < argc)
		value = argv[++*i];
	else
		return err_set(e, -EINVAL, "%s needs a value", word);
	return set_value(o, r, value, e);
}

static int split_listen(struct options *o, const char *list, struct err *e)
{
	char *save = NULL;

	o->listen_env = strdup(list);
	if (!o->listen_env)
		return err_set(e, -ENOMEM, "out of memory");
	for (char *w = strtok_r(o->listen_env, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
		if (o->n_listen == OPTIONS_LISTEN_MAX)
			return err_set(e, -EINVAL, "too many addresses in PACKETFLIX_LISTEN");
		o->listen[o->n_listen++] = w;
	}
	return 0;
}

/* Started as Ghostwire: another service of the deployment passes requests on to it under these
 * names. */
static int take_ghostwire(struct options *o, struct err *e)
{
	if (o->n_listen == OPTIONS_LISTEN_MAX || o->n_allow_host + 2 > OPTIONS_HOSTS_MAX)
		return err_set(e, -EINVAL, "too many --listen or --allow-host");
	o->listen[o->n_listen++] = o->http;
	o->allow_host[o->n_allow_host++] = "gostwire";
	o->allow_host[o->n_allow_host++] = "gostwire.ghost-in-da-edge";
	return 0;
}

int options_parse(int argc, char **argv, const char *listen_env, struct options *ret, struct err *e)
{
	struct options o = {
		.discovery_service = "127.0.0.1",
		.gw_port = 5000,
		.port = 5001,
		.ring_bytes = 32 * MIB,
		.stream_bytes = 16 * MIB,
		.latency_ms = 5,
		.max_age_ms = 250,
		.max_captures = 256,
		.max_viewers = 512,
		.max_targets = 64,
		.max_connections = 1024,
	};
	int rc = 0;

	for (int i = 1; i < argc && rc == 0; i++)
		rc = parse_word(&o, argc, argv, &i, e);
	if (rc == 0 && !o.tls_cert != !o.tls_key)
		rc = err_set(e, -EINVAL, "--tls-cert and --tls-key belong together");
	if (rc == 0 && o.n_listen == 0 && !o.http && listen_env && listen_env[0])
		rc = split_listen(&o, listen_env, e);
	if (rc == 0 && o.http)
		rc = take_ghostwire(&o, e);
	for (uint32_t i = 0; i < o.n_listen && rc == 0; i++) {
		if (!listen_is_address(o.listen[i]))
			rc = err_set(e, -EINVAL,
				"\"%s\" is no address to listen on: IP, IP:PORT or [IPv6]:PORT",
				o.listen[i]);
	}
	for (uint32_t i = 0; i < o.n_allow_host && rc == 0; i++) {
		if (strlen(o.allow_host[i]) > BOUND_HOST_NAME_BYTES)
			rc = err_set(e, -EINVAL,
				"--allow-host takes a name of at most %d characters",
				BOUND_HOST_NAME_BYTES);
	}
	if (rc < 0) {
		options_done(&o);
		return rc;
	}
	if (o.n_listen == 0) {
		o.listen[o.n_listen++] = "127.0.0.1";
		o.listen[o.n_listen++] = "::1";
	}
	*ret = o;
	return 0;
}

void options_done(struct options *o)
{
	free(o->listen_env);
	o->listen_env = NULL;
}

/* Print @text with its continuation lines under the first. */
static void put_help(FILE *to, const char *text)
{
	for (; *text; text++) {
		(void) fputc(*text, to);
		if (*text == '\n')
			(void) fprintf(to, "%34s", "");
	}
	(void) fputc('\n', to);
}

void options_help(FILE *to)
{
	(void) fputs(
		"packetflix - live packet captures out of containers, pods, processes and network "
		"namespaces\n\n"
		"  Usage:\n    packetflix [flags]\n\n  Flags:\n",
		to);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const struct option_rule *r = &rules[i];
		char left[64];

		(void) snprintf(left, sizeof(left), "%s%c%s--%s%s%s", r->letter ? "-" : "",
			r->letter ? r->letter : ' ', r->letter ? ", " : "   ", r->name,
			r->value ? " " : "", r->value ? r->value : "");
		(void) fprintf(to, "  %-32s", left);
		put_help(to, r->help);
	}
	(void) fputs("\nNeeds root, or the file capabilities that SECURITY.md lists.\n", to);
}
