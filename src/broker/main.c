/* SPDX-License-Identifier: MIT */
/* packetflix: what the user starts. The broker holds every right and reads nothing from the
 * network; it starts the processes that do the work and hands them descriptors instead of rights.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/own.h"
#include "base/version.h"
#include "broker/broker.h"
#include "broker/listen.h"
#include "broker/memory_limit.h"
#include "broker/reload.h"
#include "broker/rights.h"
#include "broker/spawn.h"
#include "broker/supervise.h"
#include "broker/visibility.h"
#include "broker/watch.h"
#include "proto/bounds.h"
#include "sandbox/drop.h"
#include "sandbox/roles.h"

#define FILES_WANTED  65536
#define UID_MAP_BYTES 4096

/* What the broker may do, and what it cannot see. */
static int check_rights(struct broker *b, struct err *e)
{
	char uid_map[UID_MAP_BYTES];
	int rc = rights_raise(e);

	if (rc == 0)
		rc = rights_check(rights_effective(), geteuid(), &b->warnings, e);
	if (rc == 0 && geteuid() == 0 &&
		io_read_file(AT_FDCWD, "/proc/self/uid_map", uid_map, sizeof(uid_map)) > 0)
		rc = rights_check_user(uid_map, &b->users.service, e);
	return rc;
}

/* The kernel kills a process of a control group that uses more than its limit. */
static void limit_memory(struct options *o)
{
	uint64_t limit = memory_limit_read(), most = memory_limit_for_captures(limit);

	if (o->memory_bytes == 0)
		o->memory_bytes = memory_default_bytes();
	else if (o->memory_bytes > most)
		log_warn("--memory is more than the memory limit of the control group allows "
			 "limit=%" PRIu64 " used=%" PRIu64,
			limit, most);
	if (o->memory_bytes > most)
		o->memory_bytes = most > BOUND_MEMORY_MIN_BYTES ? most : BOUND_MEMORY_MIN_BYTES;
}

static bool is_default_listen(const struct options *o)
{
	return o->n_listen == 2 && strcmp(o->listen[0], "127.0.0.1") == 0 &&
	       strcmp(o->listen[1], "::1") == 0 && !o->listen_env;
}

static int open_listeners(struct broker *b, struct err *e)
{
	const struct options *o = b->options;
	bool exposed = false;

	for (uint32_t i = 0; i < o->n_listen; i++) {
		bool loopback = true;
		int fd = listen_open(o->listen[i], o->port, &loopback, e);

		/* nobody asked for ::1, and not every machine has it */
		if ((fd == -EADDRNOTAVAIL || fd == -EAFNOSUPPORT) && i > 0 && is_default_listen(o))
			continue;
		if (fd < 0)
			return fd;
		b->listen_fds[b->n_listen++] = fd;
		exposed |= !loopback;
	}
	if (exposed && !(o->tls_cert && o->token_file))
		log_warn("ANYBODY who can reach this port can read the traffic of every container "
			 "on "
			 "this host: listening beyond loopback without %s%s%s",
			o->tls_cert ? "" : "TLS (--tls-cert, --tls-key)",
			o->tls_cert || o->token_file ? "" : " and ",
			o->token_file ? "" : "a token (--token-file)");
	return 0;
}

static int open_signals(struct broker *b, struct err *e)
{
	sigset_t set;

	(void) sigemptyset(&set);
	(void) sigaddset(&set, SIGCHLD);
	(void) sigaddset(&set, SIGTERM);
	(void) sigaddset(&set, SIGINT);
	(void) sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(e, -errno, "cannot block signals");
	b->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return b->signal_fd < 0 ? err_sys(e, -errno, "cannot watch signals") : 0;
}

static int open_descriptors(struct broker *b, struct err *e)
{
	int rc;

	b->procfd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	b->own_ns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	b->own_uts_fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	b->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (b->procfd < 0 || b->own_ns_fd < 0 || b->own_uts_fd < 0 || b->epoll_fd < 0)
		return err_sys(e, -errno, "cannot open /proc");
	host_names_find(b->procfd, b->own_uts_fd, &b->host_names);
	visibility_check(b->procfd, &b->warnings);
	b->empty_root_fd = sandbox_empty_root(e);
	if (b->empty_root_fd < 0)
		return b->empty_root_fd;
	rc = reload_open(b, e);
	if (rc == 0)
		rc = open_signals(b, e);
	if (rc == 0)
		rc = broker_watch(b, b->signal_fd, watch_tag(WATCH_SIGNAL, 0));
	return rc;
}

/* Room for the descriptors of all captures and connections. */
static void raise_files_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur >= FILES_WANTED)
		return;
	l.rlim_cur = l.rlim_max < FILES_WANTED ? l.rlim_max : FILES_WANTED;
	(void) setrlimit(RLIMIT_NOFILE, &l);
}

static int run(const struct options *o)
{
	struct broker b = {.options = o,
		.procfd = -1,
		.own_ns_fd = -1,
		.own_uts_fd = -1,
		.empty_root_fd = -1,
		.signal_fd = -1,
		.epoll_fd = -1,
		.tls_cert_fd = -1,
		.tls_key_fd = -1,
		.token_fd = -1,
		.service = {.name = "service", .channel = -1, .catalog_fd = -1},
		.discover = {.name = "discover", .channel = -1, .catalog_fd = -1},
		.captures.limits = {.memory_bytes = o->memory_bytes,
			.max_captures = (uint32_t) o->max_captures}};
	struct err e = ERR_NONE;
	int rc;

	raise_files_limit();
	users_find(&b.users);
	rc = check_rights(&b, &e);
	if (rc == 0)
		rc = spawn_check(&e);
	if (rc == 0)
		rc = open_listeners(&b, &e);
	if (rc == 0)
		rc = open_descriptors(&b, &e);
	if (rc == 0)
		rc = role_enter_broker(&e);
	if (rc < 0) {
		log_error("%s", e.text);
		return EXIT_FAILURE;
	}
	log_info("packetflix starts version=%s pid=%d", PACKETFLIX_VERSION, (int) getpid());
	rc = supervise_run(&b);
	captures_done(&b.captures);
	return rc;
}

int main(int argc, char **argv)
{
	struct options o;
	struct err e = ERR_NONE;
	int status;

	log_init("broker", false);
	if (options_parse(argc, argv, getenv("PACKETFLIX_LISTEN"), &o, &e) < 0) {
		(void) fprintf(stderr, "packetflix: %s\nTry \"packetflix --help\".\n", e.text);
		return 2;
	}
	log_init("broker", o.debug);
	if (o.help) {
		options_help(stdout);
		return EXIT_SUCCESS;
	}
	if (o.version) {
		(void) printf("Version: %s\n", PACKETFLIX_VERSION);
		return EXIT_SUCCESS;
	}
	limit_memory(&o);
	status = run(&o);
	options_done(&o);
	return status;
}
