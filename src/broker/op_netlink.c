/* SPDX-License-Identifier: MIT */
/* Operation: a NETLINK_ROUTE socket inside a network namespace, for discover.
 *
 * Why serving it is safe: the socket carries the rights of whoever uses it, and discover has no
 * CAP_NET_ADMIN in our user namespace, so with it links can be listed and watched, not changed
 * (measured). The exception are namespaces that belong to user namespaces which root has made:
 * there the kernel gives every process of root's user all rights, without any capability (measured,
 * too; user_namespaces(7)). A discover that was taken over could change links of those containers.
 * The request names a namespace by inode and the process that leads to it by pid and start time;
 * both are checked again here. What is made is fixed: one socket of one family and one protocol. */
#include <linux/netlink.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/own.h"
#include "broker/broker.h"
#include "broker/netns.h"

void op_netlink_open(struct broker *b, uint32_t id, const struct ns_ref *ref)
{
	static const struct netns_socket route = {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE};
	struct msg answer = {.op = MSG_NETLINK_OPENED, .id = id};
	struct netns ns = {-1, -1};
	struct err e = {0, ""};
	AUTO_CLOSE int sock = -1;
	int rc = netns_pin(b->procfd, ref, &ns, &e);

	if (rc == 0)
		rc = sock = netns_socket(&ns, b->own_ns_fd, &route, &e);
	netns_done(&ns);
	answer.u.status.status = rc < 0 ? rc : 0;
	(void) snprintf(answer.u.status.text, sizeof(answer.u.status.text), "%.*s",
		MSG_TEXT_BYTES - 1, rc < 0 ? e.text : "");
	/* a full queue means discover does not read its answers: it asks again after its time limit
	 */
	(void) msg_send(b->discover.channel, &answer, &sock, rc < 0 ? 0 : 1);
}
