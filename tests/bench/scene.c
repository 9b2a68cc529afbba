/* SPDX-License-Identifier: MIT */
/* A container host of any size, out of one program: network namespaces with two veth interfaces
 * each, joined by bridges in a namespace that stands for the host's, and processes in them. Each
 * namespace has a mount namespace of its own, too, as a container has.
 *
 * Says {"event":"ready"} when all is there, then obeys lines on standard input:
 *   add          one more namespace, whose process has just executed a program
 *   remove       end the oldest one that was added
 *   fork N       N processes that end at once, one after the other
 *   rename N     change a process's name N times
 *   link up      set the first namespace's second interface up, or
 *   link down    down
 * and answers each with a line of JSON with the time it was done. Everything ends with it. */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "rtnl.h"

#define PORTS_OF_BRIDGE 500 /* a bridge has at most 1023 */
#define ADDED_MAX       4096
#define NAME_BYTES      32

struct scene {
	int links;       /* rtnetlink socket of the namespace with the bridges */
	uint32_t bridge; /* the newest */
	uint64_t n;      /* namespaces made so far */
	pid_t first;     /* process of the first namespace */
	pid_t added[ADDED_MAX];
	size_t n_added, n_removed;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

/* fork(2) of a child that ends with its parent. */
static pid_t fork_child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
		_exit(1);
	return pid;
}

static void wait_byte(int fd)
{
	char c;

	if (read(fd, &c, 1) < 0)
		_exit(1);
}

/* Enter a network and a mount namespace of our own. Its links do not ask for routers: there are
 * none, and each question would be flooded to hundreds of others, which keeps the kernel from what
 * is measured. */
static void enter_namespaces(void)
{
	int fd;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		err(1, "unshare");
	fd = open("/proc/sys/net/ipv6/conf/default/router_solicitations", O_WRONLY | O_CLOEXEC);
	/* a kernel without IPv6 asks for none either */
	if (fd >= 0 && write(fd, "0", 1) < 0)
		err(1, "router_solicitations");
	(void) close(fd);
}

/* The life of a namespace's first process: wait until its links are there, then have @processes of
 * which it is one, or become another program. */
static void dwell(int go, int ready, uint64_t processes)
{
	int links;

	wait_byte(go);
	links = rtnl_open();
	rtnl_set_up(links, "lo", 1);
	rtnl_set_up(links, "eth0", 1);
	rtnl_set_up(links, "eth1", 1);
	(void) close(links);
	if (processes == 0)
		(void) execlp("sleep", "scene-sleep", "1000000", NULL);
	for (uint64_t i = 1; i < processes; i++) {
		if (fork_child() == 0)
			break;
	}
	(void) close(ready);
	for (;;)
		(void) pause();
}

/* One more namespace, with @processes in it (0: one that executes a program). */
static pid_t add_namespace(struct scene *s, uint64_t processes)
{
	int go[2], entered[2], ready[2];
	char name[2][NAME_BYTES], bridge[NAME_BYTES];
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(entered, O_CLOEXEC) < 0 ||
		pipe2(ready, O_CLOEXEC) < 0)
		err(1, "pipe");
	pid = fork_child();
	if (pid == 0) {
		(void) close(go[1]);
		(void) close(entered[0]);
		(void) close(ready[0]);
		enter_namespaces();
		(void) close(entered[1]);
		dwell(go[0], ready[1], processes);
	}
	(void) close(go[0]);
	(void) close(entered[1]);
	(void) close(ready[1]);
	wait_byte(entered[0]);
	if (s->n % (PORTS_OF_BRIDGE / 2) == 0) {
		(void) snprintf(bridge, sizeof(bridge), "br%" PRIu64, s->n);
		s->bridge = rtnl_add_bridge(s->links, bridge);
	}
	for (int i = 0; i < 2; i++) {
		(void) snprintf(name[i], sizeof(name[i]), "v%" PRIu64 ".%d", s->n, i);
		rtnl_add_veth(s->links, name[i], s->bridge, i ? "eth1" : "eth0", pid);
	}
	s->n++;
	(void) close(go[1]);
	wait_byte(ready[0]);
	(void) close(entered[0]);
	(void) close(ready[0]);
	return pid;
}

static uint64_t inode_of(pid_t pid)
{
	char path[32];
	struct stat st;

	(void) snprintf(path, sizeof(path), "/proc/%d/ns/net", (int) pid);
	if (stat(path, &st) < 0)
		err(1, "%s", path);
	return st.st_ino;
}

static void add(struct scene *s)
{
	uint64_t began_ns = now_ns(), done_ns;
	pid_t pid;

	if (s->n_added == ADDED_MAX)
		errx(1, "too many additions");
	pid = add_namespace(s, 0);
	done_ns = now_ns();
	s->added[s->n_added++] = pid;
	(void) printf("{\"event\":\"added\",\"pid\":%d,\"inode\":%" PRIu64 ",\"began_ns\":%" PRIu64
		      ",\"done_ns\":%" PRIu64 "}\n",
		(int) pid, inode_of(pid), began_ns, done_ns);
}

static void remove_oldest(struct scene *s)
{
	uint64_t inode;
	pid_t pid;

	if (s->n_removed == s->n_added)
		errx(1, "nothing to remove");
	pid = s->added[s->n_removed++];
	inode = inode_of(pid);
	(void) kill(pid, SIGKILL);
	(void) waitpid(pid, NULL, 0);
	(void) printf("{\"event\":\"removed\",\"pid\":%d,\"inode\":%" PRIu64 ",\"done_ns\":%" PRIu64
		      "}\n",
		(int) pid, inode, now_ns());
}

static void fork_many(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		pid_t pid = fork_child();

		if (pid == 0)
			_exit(0);
		(void) waitpid(pid, NULL, 0);
	}
	(void) printf("{\"event\":\"forked\",\"done_ns\":%" PRIu64 "}\n", now_ns());
}

static void rename_many(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		char name[16];

		(void) snprintf(name, sizeof(name), "name-%" PRIu64, i % 1000);
		(void) prctl(PR_SET_NAME, name);
	}
	(void) prctl(PR_SET_NAME, "bench-scene");
	(void) printf("{\"event\":\"renamed\",\"done_ns\":%" PRIu64 "}\n", now_ns());
}

static void set_link(const struct scene *s, bool is_up)
{
	char path[32];
	pid_t pid;
	int fd;

	(void) snprintf(path, sizeof(path), "/proc/%d/ns/net", (int) s->first);
	pid = fork_child();
	if (pid == 0) {
		FILE *f = fopen(path, "r");

		if (!f || setns(fileno(f), CLONE_NEWNET) < 0)
			err(1, "%s", path);
		fd = rtnl_open();
		rtnl_set_up(fd, "eth1", is_up);
		_exit(0);
	}
	(void) waitpid(pid, NULL, 0);
	(void) printf("{\"event\":\"linked\",\"inode\":%" PRIu64 ",\"done_ns\":%" PRIu64 "}\n",
		inode_of(s->first), now_ns());
}

static void obey(struct scene *s, char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, "add") == 0)
		add(s);
	else if (strcmp(line, "remove") == 0)
		remove_oldest(s);
	else if (strncmp(line, "fork ", 5) == 0)
		fork_many(args_number("fork", line + 5, 1, 1000000));
	else if (strncmp(line, "rename ", 7) == 0)
		rename_many(args_number("rename", line + 7, 1, 100000000));
	else if (strncmp(line, "link ", 5) == 0)
		set_link(s, strcmp(line + 5, "up") == 0);
	else
		errx(2, "unknown command '%s'", line);
	(void) fflush(stdout);
}

int main(int argc, char *argv[])
{
	struct scene s = {.links = -1};
	uint64_t namespaces, processes;
	char line[64];

	if (argc != 3)
		errx(2, "usage: bench-scene NAMESPACES PROCESSES");
	namespaces = args_number("NAMESPACES", argv[1], 1, 100000);
	processes = args_number("PROCESSES", argv[2], namespaces, 1000000);
	enter_namespaces();
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		err(1, "mount");
	s.links = rtnl_open();
	for (uint64_t i = 0; i < namespaces; i++) {
		/* the rest of the division goes to the first */
		uint64_t extra = i == 0 ? processes % namespaces : 0;
		pid_t pid = add_namespace(&s, processes / namespaces + extra);

		if (i == 0)
			s.first = pid;
	}
	(void) printf("{\"event\":\"ready\"}\n");
	(void) fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		obey(&s, line);
	return 0;
}
