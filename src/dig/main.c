/* SPDX-License-Identifier: MIT */
/* packetflix-dig: looks names up and pings addresses inside one container's network namespace, for
 * one request. It is born with the sockets for that, gives everything else up, and ends when it has
 * told the service everything, or the service has closed its end. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "dig/dig.h"
#include "sandbox/roles.h"

static int option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) < 0 ? -1 : value;
}

static bool is_socket(int fd, int family, int type)
{
	return option(fd, SO_DOMAIN) == family && option(fd, SO_TYPE) == type;
}

/* Ask each descriptor what it is before anything relies on it. */
static int take_descriptors(struct dig *d, struct err *e)
{
	bool ok = is_socket(DIG_FD_CONTROL, AF_UNIX, SOCK_SEQPACKET) &&
		  option(DIG_FD_ICMP, SO_DOMAIN) == AF_INET;

	for (int i = 0; i < DIG_RESOLVERS; i++) {
		ok &= is_socket(DIG_FD_RESOLVER + i, AF_INET, SOCK_STREAM);
		d->resolvers[i].fd = DIG_FD_RESOLVER + i;
	}
	if (!ok)
		return err_set(e, -ENOTSOCK, "was given other descriptors than it needs");
	d->control = DIG_FD_CONTROL;
	d->pinger.fd[0] = DIG_FD_ICMP;
	d->pinger.fd[1] = option(DIG_FD_ICMP6, SO_DOMAIN) == AF_INET6 ? DIG_FD_ICMP6 : -1;
	d->pinger.has_ip = option(DIG_FD_ICMP, SO_TYPE) == SOCK_RAW;
	d->pinger.ident = (uint16_t) getpid();
	return 0;
}

int main(int argc, char **argv)
{
	const struct seccomp_dig_fds fds = {{DIG_FD_ICMP, DIG_FD_ICMP6}, DIG_FD_CONTROL};
	struct role_place place = {.empty_root_fd = DIG_FD_ROOT, .max_files = DIG_FD_END};
	AUTO_FREE struct dig *d = calloc(1, sizeof(*d));
	struct err e = ERR_NONE;
	int rc;

	log_init("dig", false);
	rc = d ? take_descriptors(d, &e) : err_set(&e, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = argc == 2 && sandbox_ids_parse(argv[1], &place.ids) == 0
			     ? role_enter_dig(&place, &fds, &e)
			     : err_set(&e, -EINVAL, "is started by packetflix, not by hand");
	if (rc < 0) {
		log_error("%s", e.text);
		return EXIT_FAILURE;
	}
	return dig_run(d) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
