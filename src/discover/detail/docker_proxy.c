/* SPDX-License-Identifier: MIT */
#include "discover/detail/docker_proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/io.h"
#include "base/own.h"

#define ARGUMENTS_MAX 4096

enum {
	PROTO,
	HOST_IP,
	HOST_PORT,
	CONTAINER_IP,
	CONTAINER_PORT,
	N_NAMES
};

static const char *const names[N_NAMES] = {
	"proto", "host-ip", "host-port", "container-ip", "container-port"};

bool docker_proxy_is(const struct proc_table *procs, const struct process *p)
{
	static const char suffix[] = "docker-proxy";
	const struct process *parent = proc_table_parent(procs, p);
	size_t len = strlen(p->comm), n = sizeof(suffix) - 1;

	return len >= n && strcmp(p->comm + len - n, suffix) == 0 && parent &&
	       strcmp(parent->comm, "dockerd") == 0;
}

/* The value of argument @at if it is @name; it may be the argument behind it, at @next. */
static const char *value_of(const char *at, const char *name, const char *next)
{
	size_t n = strlen(name);

	if (*at != '-')
		return NULL;
	at += at[1] == '-' ? 2 : 1;
	if (strncmp(at, name, n) != 0)
		return NULL;
	if (at[n] == '=')
		return at + n + 1;
	return at[n] == '\0' ? next : NULL;
}

static int parse_ip(const char *s, uint8_t *ret_family, uint8_t ret[16])
{
	uint8_t ip[16] = {0};

	if (!s)
		return -EINVAL;
	*ret_family = strchr(s, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(*ret_family, s, ip) != 1)
		return -EINVAL;
	memcpy(ret, ip, sizeof(ip));
	return 0;
}

static int parse_port(const char *s, uint16_t *ret)
{
	unsigned long v;
	char *end;

	if (!s || *s < '0' || *s > '9')
		return -EINVAL;
	v = strtoul(s, &end, 10);
	if (*end || v == 0 || v > UINT16_MAX)
		return -EINVAL;
	*ret = (uint16_t) v;
	return 0;
}

static int parse_protocol(const char *s, uint8_t *ret)
{
	static const struct {
		const char *name;
		uint8_t protocol;
	} known[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}};

	for (size_t i = 0; s && i < ARRAY_LEN(known); i++) {
		if (strcmp(s, known[i].name) == 0) {
			*ret = known[i].protocol;
			return 0;
		}
	}
	return -EINVAL;
}

int docker_proxy_parse(const char *s, size_t len_bytes, struct forward *ret)
{
	const char *end = s + len_bytes, *value[N_NAMES] = {NULL};
	struct forward f = {0};

	if (len_bytes == 0 || end[-1] != '\0')
		return -EINVAL;
	for (const char *at = s; at < end; at += strlen(at) + 1) {
		const char *next = at + strlen(at) + 1;

		for (size_t i = 0; i < N_NAMES; i++) {
			const char *v = value_of(at, names[i], next < end ? next : NULL);

			value[i] = v ? v : value[i];
		}
	}
	if (parse_protocol(value[PROTO], &f.protocol) < 0 ||
		parse_ip(value[HOST_IP], &f.family, f.ip) < 0 ||
		parse_port(value[HOST_PORT], &f.port) < 0 ||
		parse_ip(value[CONTAINER_IP], &f.to_family, f.to) < 0 ||
		parse_port(value[CONTAINER_PORT], &f.to_port) < 0)
		return -EINVAL;
	*ret = f;
	return 0;
}

int docker_proxy_read(int procfd, int32_t pid, struct forward *ret)
{
	char path[32], text[ARGUMENTS_MAX];
	ssize_t n;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/cmdline", pid);
	n = io_read_file(procfd, path, text, sizeof(text));
	return n < 0 ? (int) n : docker_proxy_parse(text, (size_t) n, ret);
}
