/* SPDX-License-Identifier: MIT */
/* packetflix-discover: finds out what can be captured. Started by the broker only; reads /proc and
 * talks to container engines, never to the network. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "discover/discover.h"
#include "sandbox/roles.h"

struct args {
	int broker_fd, catalog_fd;
	bool debug;
};

static int fd_of(const char *text)
{
	char *end;
	long v = strtol(text, &end, 10);

	return *text == '\0' || *end != '\0' || v < 3 || v > 65535 ? -1 : (int) v;
}

static bool parse_args(int argc, char *argv[], struct args *ret)
{
	static const struct option options[] = {
		{"broker-fd", required_argument, NULL, 'b'},
		{"catalog-fd", required_argument, NULL, 'c'},
		{"debug", no_argument, NULL, 'd'},
		{0},
	};
	struct args a = {-1, -1, false};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'b':
			a.broker_fd = fd_of(optarg);
			break;
		case 'c':
			a.catalog_fd = fd_of(optarg);
			break;
		case 'd':
			a.debug = true;
			break;
		default:
			return false;
		}
	}
	*ret = a;
	return optind == argc && a.broker_fd >= 0 && a.catalog_fd >= 0 &&
	       fcntl(a.broker_fd, F_SETFD, FD_CLOEXEC) == 0 &&
	       fcntl(a.catalog_fd, F_SETFD, FD_CLOEXEC) == 0;
}

int main(int argc, char *argv[])
{
	struct err e = ERR_NONE;
	struct args a;
	struct discover_fds fds;

	if (!parse_args(argc, argv, &a)) {
		log_init("discover", false);
		log_error("usage: packetflix-discover --broker-fd N --catalog-fd M [--debug]");
		return 2;
	}
	log_init("discover", a.debug);
	/* engines close their ends when they like */
	(void) signal(SIGPIPE, SIG_IGN);
	fds.broker = a.broker_fd;
	fds.catalog = a.catalog_fd;
	fds.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fds.proc < 0) {
		log_error("cannot open /proc");
		return 1;
	}
	if (role_enter_discover(&e) < 0 || discover_run(&fds, &e) < 0) {
		log_error("%s", e.text);
		return 1;
	}
	return 0;
}
