/* SPDX-License-Identifier: MIT */
/* Operation: a NETLINK_ROUTE socket inside a network namespace, for discover.
 *
 * Why serving it is safe: the socket carries the rights of whoever uses it, and discover has no
 * CAP_NET_ADMIN in our user namespace, so with it links can be listed and watched, not changed
 * (measured). The exception are namespaces that belong to user namespaces which root has made:
 * there the kernel gives every process of root's user all rights, without any capability (measured,
 * too; user_namespaces(7)). A discover that was taken over could change links of those containers.
 * The request names a namespace by inode and the process that leads to it by pid and start time;
 * both are checked again here. What is made is fixed: one socket of one family and one protocol.
 * With it goes the number by which the broker's own namespace knows that one; one without a number
 * gets one, as the kernel itself does when an interface leads there, so that it tells of changes
 * (op_events.c). */
#include <linux/netlink.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/own.h"
#include "broker/broker.h"
#include "broker/netns.h"
#include "broker/netns_id.h"

void op_netlink_open(struct broker *b, uint32_t id, const struct ns_ref *ref)
{
	static const struct netns_socket route = {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE};
	struct msg answer = {.op = MSG_NETLINK_OPENED, .id = id};
	struct msg_status *status = &answer.u.netlink_opened.status;
	struct netns ns = {-1, -1};
	struct err e = {0, ""};
	AUTO_CLOSE int sock = -1;
	int rc = netns_pin(b->procfd, ref, &ns, &e);

	if (rc == 0)
		rc = sock = netns_socket(&ns, b->own_ns_fd, &route, &e);
	answer.u.netlink_opened.nsid = rc < 0 ? -1 : netns_id(ns.ns_fd);
	netns_done(&ns);
	status->status = rc < 0 ? rc : 0;
	(void) snprintf(status->text, sizeof(status->text), "%.*s", MSG_TEXT_BYTES - 1,
		rc < 0 ? e.text : "");
	/* a full queue means discover does not read its answers: it asks again after its time limit
	 */
	(void) msg_send(b->discover.channel, &answer, &sock, rc < 0 ? 0 : 1);
}
