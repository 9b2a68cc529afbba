/* SPDX-License-Identifier: MIT */
/* The descriptors a reader is born with: the broker puts them there, the reader checks what they
 * are. Its arguments are: bytes of the kernel ring, milliseconds of latency, and its user as
 * UID:GID, in decimal. */
#ifndef PROTO_READER_FDS_H
#define PROTO_READER_FDS_H

#define READER_SPARES 2 /* spare packet sockets */

enum reader_fd {
	READER_FD_PACKET = 3, /* AF_PACKET SOCK_RAW, unbound, inside the captured namespace */
	READER_FD_NETLINK,    /* NETLINK_ROUTE, inside the captured namespace */
	READER_FD_BELL,       /* AF_PACKET SOCK_RAW, unbound, inside the captured namespace */
	READER_FD_SPARE1,     /* the same, without a ring: the broker makes one when it is wanted */
	READER_FD_SPARE2,     /* another one */
	READER_FD_STREAM,     /* memfd of the stream buffer, size sealed */
	READER_FD_EVENT,      /* eventfd: the reader tells that there is something new */
	READER_FD_SPACE,      /* eventfd: the service tells that it released space */
	READER_FD_CONTROL,    /* SOCK_SEQPACKET from the service; the reader can only receive */
	READER_FD_ROOT,       /* empty directory to become the root */
	READER_FD_END
};

#endif
