/* SPDX-License-Identifier: MIT */
#include "service/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <jansson.h>

#include "base/io.h"
#include "base/own.h"
#include "base/utf8.h"
#include "proto/service_args.h"

struct args {
	bool tls, token, has_user;
};

static void set(struct config *c, struct args *a, const char *name, const char *value)
{
	uint64_t n = strtoull(value, NULL, 10);

	if (strcmp(name, "listen") == 0)
		c->n_listen = (uint32_t) n;
	else if (strcmp(name, "tls") == 0)
		a->tls = n;
	else if (strcmp(name, "token") == 0)
		a->token = n;
	else if (strcmp(name, "debug") == 0)
		c->debug = n;
	else if (strcmp(name, "log-requests") == 0)
		c->log_requests = n;
	else if (strcmp(name, "log-headers") == 0)
		c->log_headers = n;
	else if (strcmp(name, "proxy") == 0)
		c->proxy = n;
	else if (strcmp(name, "discovery-service") == 0)
		c->discovery_service = value;
	else if (strcmp(name, "gw-port") == 0)
		c->gw_port = (uint16_t) n;
	else if (strcmp(name, "memory") == 0)
		c->limits.memory_bytes = n;
	else if (strcmp(name, "ring-size") == 0)
		c->limits.ring_bytes = n;
	else if (strcmp(name, "stream-size") == 0)
		c->limits.stream_bytes = n;
	else if (strcmp(name, "latency") == 0)
		c->limits.latency_ms = (uint32_t) n;
	else if (strcmp(name, "max-age") == 0)
		c->max_age_ms = (uint32_t) n;
	else if (strcmp(name, "max-captures") == 0)
		c->limits.max_captures = (uint32_t) n;
	else if (strcmp(name, "max-viewers") == 0)
		c->limits.max_viewers = (uint32_t) n;
	else if (strcmp(name, "max-targets") == 0)
		c->max_targets = (uint32_t) n;
	else if (strcmp(name, "max-connections") == 0)
		c->max_connections = (uint32_t) n;
	else if (strcmp(name, "own-host") == 0 && c->n_own_host < CONFIG_OWN_HOSTS_MAX)
		c->own_host[c->n_own_host++] = value;
	else if (strcmp(name, "warning") == 0 && c->n_warning < CONFIG_WARNINGS_MAX)
		c->warning[c->n_warning++] = value;
	else if (strcmp(name, "user") == 0)
		a->has_user = sandbox_ids_parse(value, &c->ids) == 0;
	else if (strcmp(name, "allow-host") == 0 && c->n_allow_host < CONFIG_HOSTS_MAX)
		c->allow_host[c->n_allow_host++] = value;
}

static void parse(int argc, char **argv, struct config *c, struct args *a)
{
	for (int i = 1; i < argc; i++) {
		char *eq = strchr(argv[i], '=');

		if (!eq)
			continue;
		*eq = '\0';
		set(c, a, argv[i], eq + 1);
	}
}

/* The text of descriptor @fd, which is closed. Every incarnation of the service reads it from its
 * start.
 */
static int read_text(int fd, size_t cap, const char *what, char **ret, struct err *e)
{
	AUTO_FREE char *buf = malloc(cap);
	ssize_t n;

	if (!buf)
		return err_set(e, -ENOMEM, "out of memory");
	if (lseek(fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return err_sys(e, -errno, "cannot read the %s", what);
	n = io_read_all(fd, buf, cap);
	(void) close(fd);
	if (n < 0)
		return err_sys(e, (int) n, "cannot read the %s", what);
	if (strlen(buf) != (size_t) n)
		return err_set(e, -EINVAL, "the %s holds a NUL byte", what);
	*ret = TAKE_PTR(buf);
	return 0;
}

static int read_token(int fd, char **ret, struct err *e)
{
	int rc = read_text(fd, CONFIG_TOKEN_MAX, "token file", ret, e);
	size_t n;

	if (rc < 0 || !*ret)
		return rc;
	n = strlen(*ret);
	while (n > 0 && isspace((unsigned char) (*ret)[n - 1]))
		(*ret)[--n] = '\0';
	return n == 0 ? err_set(e, -EINVAL, "the token file is empty") : 0;
}

int config_read_secrets(
	const int *fds, bool has_tls, bool has_token, struct config_secrets *ret, struct err *e)
{
	int rc = 0;

	*ret = (struct config_secrets){NULL, NULL, NULL};
	if (has_tls) {
		rc = read_text(*fds++, CONFIG_PEM_MAX, "certificate", &ret->tls_cert, e);
		if (rc == 0)
			rc = read_text(*fds++, CONFIG_PEM_MAX, "key", &ret->tls_key, e);
	}
	if (rc == 0 && has_token)
		rc = read_token(*fds, &ret->token, e);
	if (rc < 0)
		config_secrets_done(ret);
	return rc;
}

void config_secrets_done(struct config_secrets *s)
{
	free(s->tls_cert);
	free(s->tls_key);
	free(s->token);
	*s = (struct config_secrets){NULL, NULL, NULL};
}

static int read_files(struct config *c, const struct args *a, struct err *e)
{
	int first = SERVICE_FD_FILES + (int) c->n_listen;
	const int fds[] = {first, first + 1, first + 2};

	return config_read_secrets(fds, a->tls, a->token, &c->secrets, e);
}

/* "Linux 6.1.0" and the processor's name, for people who look at the capture later. */
static void read_machine(struct config *c)
{
	char cpuinfo[8192];
	struct utsname u;
	int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, cpuinfo, sizeof(cpuinfo) - 1);
	char *model;

	close_p(&fd);
	if (uname(&u) < 0)
		return;
	(void) snprintf(c->os, sizeof(c->os), "%s %s", u.sysname, u.release);
	(void) snprintf(c->hostname, sizeof(c->hostname), "%s", u.nodename);
	(void) snprintf(c->hardware, sizeof(c->hardware), "%s", u.machine);
	if (n <= 0)
		return;
	cpuinfo[n] = '\0';
	model = strstr(cpuinfo, "model name");
	model = model ? strchr(model, ':') : NULL;
	if (!model || model[1] != ' ')
		return;
	model[2 + strcspn(model + 2, "\n")] = '\0';
	utf8_sanitize(model + 2, c->hardware, sizeof(c->hardware));
}

int config_read(int argc, char **argv, struct config *ret, struct err *e)
{
	struct args a = {false, false, false};
	struct stat st;

	memset(ret, 0, sizeof(*ret));
	/* the secret against chosen hash collisions comes from a file that is out of reach later */
	json_object_seed(0);
	parse(argc, argv, ret, &a);
	if (ret->n_listen == 0 || ret->n_listen > CONFIG_LISTEN_MAX ||
		ret->limits.memory_bytes == 0 || !a.has_user)
		return err_set(e, -EINVAL, "is started by packetflix, not by hand");
	read_machine(ret);
	if (stat("/proc/self/ns/net", &st) == 0)
		ret->own_netns = st.st_ino;
	return read_files(ret, &a, e);
}

void config_done(struct config *c)
{
	config_secrets_done(&c->secrets);
}
