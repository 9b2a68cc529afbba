/* SPDX-License-Identifier: MIT */
#include "discover/host/ns_ask.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/own.h"
#include "base/procstat.h"
#include "discover/host/netns_open.h"

static struct ns_ask_slot *find_slot(struct ns_ask *a, uint32_t id)
{
	for (size_t i = 0; i < NS_ASK_WINDOW; i++) {
		if (a->slots[i].id == id)
			return &a->slots[i];
	}
	return NULL;
}

static int ask(struct ns_ask *a, struct ns_ask_slot *slot)
{
	const struct netns *ns = &a->set->v[a->next];
	struct msg m = {.op = a->op, .id = ++a->next_id};
	AUTO_CLOSE int place = netns_open_place(a->procfd, ns);
	int rc;

	if (m.id == 0)
		m.id = a->next_id = 1;
	m.u.ns_ref = ns->ref;
	/* the broker would have to search all mounts for each mount id: hold it up to it instead */
	if (place >= 0)
		m.u.ns_ref = (struct ns_ref){.inode = ns->ref.inode,
			.kind = NS_REF_FD,
			.pid = (uint32_t) a->pid,
			.starttime_ticks = a->starttime_ticks,
			.index = (uint32_t) place};
	rc = msg_send(a->broker, &m, NULL, 0);
	if (rc < 0)
		return rc;
	*slot = (struct ns_ask_slot){
		.id = m.id, .netns = a->next, .place = place < 0 ? -1 : TAKE_FD(place)};
	a->next++;
	a->in_flight++;
	return 0;
}

static void pass_known(struct ns_ask *a)
{
	while (a->passes_known && a->next < a->set->n && a->set->v[a->next].has_links)
		a->next++;
}

static int fill_window(struct ns_ask *a)
{
	for (pass_known(a); a->next < a->set->n && a->in_flight < a->window; pass_known(a)) {
		int rc = ask(a, find_slot(a, 0));

		/* the broker is behind: the next answer brings us here again */
		if (rc == -EAGAIN && a->in_flight > 0)
			return 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void clear_slot(struct ns_ask_slot *slot)
{
	if (slot->id)
		close_p(&slot->place);
	*slot = (struct ns_ask_slot){.place = -1};
}

bool ns_ask_is_netlink(int fd, int protocol)
{
	int is_domain = 0, is_protocol = -1;
	socklen_t len = sizeof(int);

	return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &is_domain, &len) == 0 &&
	       is_domain == AF_NETLINK &&
	       getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &is_protocol, &len) == 0 &&
	       is_protocol == protocol;
}

int ns_ask_init(struct ns_ask *a, uint16_t op, int procfd, int broker)
{
	int32_t pid = getpid();
	struct procstat st;
	int rc = procstat_read(procfd, pid, &st);

	if (rc < 0)
		return rc;
	*a = (struct ns_ask){.op = op,
		.window = NS_ASK_WINDOW,
		.procfd = procfd,
		.broker = broker,
		.pid = pid,
		.starttime_ticks = st.starttime_ticks};
	return 0;
}

int ns_ask_start(struct ns_ask *a, const struct netns_set *set)
{
	ns_ask_stop(a);
	a->set = set;
	a->next = 0;
	return fill_window(a);
}

int ns_ask_answer(struct ns_ask *a, const struct msg *m, struct fdset *fds)
{
	struct ns_ask_slot *slot = m->id ? find_slot(a, m->id) : NULL;

	if (!slot)
		return 0;
	a->nsid = m->op == MSG_NETLINK_OPENED ? m->u.netlink_opened.nsid : -1;
	a->fn(a->ctx, slot->netns, fds);
	clear_slot(slot);
	a->in_flight--;
	return fill_window(a);
}

bool ns_ask_finished(const struct ns_ask *a)
{
	return !a->set || (a->in_flight == 0 && a->next == a->set->n);
}

void ns_ask_stop(struct ns_ask *a)
{
	for (size_t i = 0; i < NS_ASK_WINDOW; i++)
		clear_slot(&a->slots[i]);
	a->in_flight = 0;
	a->set = NULL;
}
