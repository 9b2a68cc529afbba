/* SPDX-License-Identifier: MIT */
#include "discover/detail/ports.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/own.h"
#include "discover/detail/docker_proxy.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int cmp_inode(const void *a, const void *b)
{
	const uint64_t *inode = a;
	const struct netns_ports *n = b;

	return (*inode > n->inode) - (*inode < n->inode);
}

static struct netns_ports *find(const struct ports *p, uint64_t inode)
{
	return p->n == 0 ? NULL : bsearch(&inode, p->v, p->n, sizeof(*p->v), cmp_inode);
}

const struct netns_ports *ports_find(const struct ports *p, uint64_t inode)
{
	return find(p, inode);
}

/* The rules come as a memfd that nobody can change any more. */
static void read_rules(int fd, struct netns_ports *n)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	size_t len;
	void *p;

	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0 || st.st_size <= 0 ||
		st.st_size > PORTS_RULES_MAX)
		return;
	len = (size_t) st.st_size;
	p = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return;
	/* without memory there are fewer forwarded ports: everything else is still worth showing */
	(void) forwards_add_rules(&n->forwards, p, len);
	(void) munmap(p, len);
}

/* The sockets of namespace @n, which the process of @ref lives in. */
static void read_sockets(struct ports *p, int diag, const struct ns_ref *ref, struct netns_ports *n)
{
	struct sockstat stat;

	if (ref->kind != NS_REF_PROC || sockstat_read(p->ask.procfd, (int32_t) ref->pid, &stat) < 0)
		return;
	n->sockets.limit = p->sockets_left < SOCKETS_MAX ? p->sockets_left : SOCKETS_MAX;
	n->sockets.half_open_ns = &p->half_open_ns;
	/* as far as it came */
	(void) sockets_list(diag, &stat, &n->sockets);
	p->sockets_left -= n->sockets.n;
}

static void on_answer(void *ctx, size_t i, struct fdset *fds)
{
	struct ports *p = ctx;
	const struct ns_ref *ref = &p->scan->nets.v[i].ref;
	AUTO_CLOSE int diag = fdset_take(fds, 0);
	AUTO_CLOSE int rules = fdset_take(fds, 1);
	struct netns_ports *n = &p->v[i];

	if (ns_ask_is_netlink(diag, NETLINK_SOCK_DIAG))
		read_sockets(p, diag, ref, n);
	if (rules >= 0)
		read_rules(rules, n);
}

int ports_begin(struct ports *p, const struct scan *scan, int procfd, int broker)
{
	uint32_t next_id = p->ask.next_id;
	struct ports new = {.scan = scan,
		.sockets_left = PORTS_SOCKETS_MAX,
		.half_open_ns = PORTS_HALF_OPEN_NS};
	int rc = ns_ask_init(&new.ask, MSG_PORTS_OPEN, procfd, broker);

	if (rc < 0)
		return rc;
	new.ask.next_id = next_id;
	new.ask.window = PORTS_WINDOW;
	new.ask.fn = on_answer;
	new.v = calloc(scan->nets.n + 1, sizeof(*new.v));
	if (!new.v)
		return -ENOMEM;
	new.n = scan->nets.n;
	for (size_t i = 0; i < new.n; i++)
		new.v[i].inode = scan->nets.v[i].ref.inode;
	*p = new;
	p->ask.ctx = p;
	return ns_ask_start(&p->ask, &scan->nets);
}

int ports_answer(struct ports *p, const struct msg *m, struct fdset *fds)
{
	return ns_ask_answer(&p->ask, m, fds);
}

bool ports_finished(const struct ports *p)
{
	return ns_ask_finished(&p->ask);
}

void ports_give_up(struct ports *p)
{
	ns_ask_stop(&p->ask);
}

static int add_proxies(struct ports *p)
{
	const struct proc_table *procs = &p->scan->procs;
	int rc = 0;

	for (size_t i = 0; i < procs->n && rc == 0; i++) {
		const struct process *proc = &procs->v[i];
		struct netns_ports *n;
		struct forward f;

		if (!docker_proxy_is(procs, proc))
			continue;
		n = find(p, proc_table_parent(procs, proc)->netns);
		if (n && docker_proxy_read(p->ask.procfd, proc->pid, &f) == 0)
			rc = forwards_add_proxy(&n->forwards, &f);
	}
	return rc;
}

static int add_owners(struct ports *p, struct yield *yield)
{
	int rc = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct socket_list *l = &p->v[i].sockets;

		for (size_t j = 0; j < l->n && rc == 0; j++) {
			if (l->v[j].s.inode)
				rc = socket_owners_want(&p->owners, l->v[j].s.inode);
		}
	}
	return rc < 0 ? rc : socket_owners_read(&p->owners, p->ask.procfd, &p->scan->procs, yield);
}

int ports_complete(struct ports *p, struct yield *yield)
{
	int rc;

	if (!p->scan)
		return 0;
	rc = add_proxies(p);
	for (size_t i = 0; i < p->n; i++)
		forwards_sort(&p->v[i].forwards);
	return rc < 0 ? rc : add_owners(p, yield);
}

void ports_end(struct ports *p)
{
	uint32_t next_id = p->ask.next_id;

	ns_ask_stop(&p->ask);
	socket_owners_done(&p->owners);
	for (size_t i = 0; i < p->n; i++) {
		sockets_done(&p->v[i].sockets);
		forwards_done(&p->v[i].forwards);
	}
	free(p->v);
	*p = (struct ports){.ask.next_id = next_id};
}
