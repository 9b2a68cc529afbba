/* SPDX-License-Identifier: MIT */
#include "discover/host/links.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "base/procstat.h"
#include "discover/grow.h"
#include "discover/host/root_path.h"
#include "netlink/link.h"

/* A dump needs no waiting: the kernel fills the socket while it is read. */
#define DUMP_TIMEOUT_MS 200

struct list {
	struct catalog_link *v;
	size_t n, cap;
};

static int add_link(void *ctx, const struct link *link, bool gone)
{
	struct list *l = ctx;
	struct catalog_link *v;

	if (gone || l->n >= CATALOG_LINKS_MAX)
		return 0;
	v = grow(l->v, l->n, &l->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	l->v[l->n] = (struct catalog_link){
		.ifindex = link->ifindex, .arphrd = link->arphrd, .operstate = link->operstate};
	memcpy(l->v[l->n].name, link->name, sizeof(l->v[l->n].name));
	l->n++;
	return 0;
}

static int cmp_ifindex(const void *a, const void *b)
{
	const struct catalog_link *x = a, *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

static bool is_netlink_route(int fd)
{
	int domain = 0, protocol = -1;
	socklen_t len = sizeof(int);

	return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	       domain == AF_NETLINK &&
	       getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 &&
	       protocol == NETLINK_ROUTE;
}

static int dump(int sock, struct netns *ns)
{
	struct list l = {0};
	int rc = link_dump(sock, DUMP_TIMEOUT_MS, add_link, &l);

	if (rc < 0) {
		free(l.v);
		return rc;
	}
	if (l.n > 0)
		qsort(l.v, l.n, sizeof(*l.v), cmp_ifindex);
	ns->links = l.v;
	ns->n_links = (uint32_t) l.n;
	return 0;
}

static struct links_slot *find_slot(struct links *l, uint32_t id)
{
	for (size_t i = 0; i < LINKS_WINDOW; i++) {
		if (l->slots[i].id == id)
			return &l->slots[i];
	}
	return NULL;
}

/* Hold the place where @ns is mounted: an O_PATH descriptor, or -1 if that does not lead there. */
static int open_place(const struct links *l, const struct netns *ns)
{
	const char *point = ns->place ? strstr(ns->place, NETNS_PLACE_MOUNT) : NULL;
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (ns->ref.kind != NS_REF_MOUNT || !point)
		return -1;
	point += strlen(NETNS_PLACE_MOUNT);
	fd = root_path_open(l->procfd, (int32_t) ns->ref.pid, point);
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == ns->ref.inode ? TAKE_FD(fd) : -1;
}

static int ask(struct links *l, struct links_slot *slot)
{
	const struct netns *ns = &l->set->v[l->next];
	struct msg m = {.op = MSG_NETLINK_OPEN, .id = ++l->next_id};
	AUTO_CLOSE int place = open_place(l, ns);
	int rc;

	if (m.id == 0)
		m.id = l->next_id = 1;
	m.u.netlink_open = ns->ref;
	/* the broker would have to search all mounts for each mount id: hold it up to it instead */
	if (place >= 0)
		m.u.netlink_open = (struct ns_ref){.inode = ns->ref.inode,
			.kind = NS_REF_FD,
			.pid = (uint32_t) l->pid,
			.starttime_ticks = l->starttime_ticks,
			.index = (uint32_t) place};
	rc = msg_send(l->broker, &m, NULL, 0);
	if (rc < 0)
		return rc;
	*slot = (struct links_slot){.id = m.id, .netns = l->next, .place = TAKE_FD(place)};
	l->next++;
	l->in_flight++;
	return 0;
}

static int fill_window(struct links *l)
{
	while (l->next < l->set->n && l->in_flight < LINKS_WINDOW) {
		int rc = ask(l, find_slot(l, 0));

		/* the broker is behind: the next answer brings us here again */
		if (rc == -EAGAIN && l->in_flight > 0)
			return 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void clear_slot(struct links_slot *slot)
{
	if (slot->id)
		close_p(&slot->place);
	*slot = (struct links_slot){.place = -1};
}

int links_init(struct links *l, int procfd, int broker)
{
	int32_t pid = getpid();
	struct procstat st;
	int rc = procstat_read(procfd, pid, &st);

	if (rc < 0)
		return rc;
	*l = (struct links){.procfd = procfd,
		.broker = broker,
		.pid = pid,
		.starttime_ticks = st.starttime_ticks};
	return 0;
}

int links_start(struct links *l, struct netns_set *set)
{
	links_stop(l);
	l->set = set;
	l->next = l->failed = 0;
	return fill_window(l);
}

int links_answer(struct links *l, const struct msg *m, struct fdset *fds)
{
	struct links_slot *slot = m->id ? find_slot(l, m->id) : NULL;
	AUTO_CLOSE int sock = fdset_take(fds, 0);

	if (!slot)
		return 0;
	if (!is_netlink_route(sock) || dump(sock, &l->set->v[slot->netns]) < 0)
		l->failed++;
	else
		l->set->v[slot->netns].is_guess = false;
	clear_slot(slot);
	l->in_flight--;
	return fill_window(l);
}

bool links_finished(const struct links *l)
{
	return !l->set || (l->in_flight == 0 && l->next == l->set->n);
}

void links_stop(struct links *l)
{
	for (size_t i = 0; i < LINKS_WINDOW; i++)
		clear_slot(&l->slots[i]);
	l->in_flight = 0;
	l->set = NULL;
}
