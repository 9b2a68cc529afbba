/* SPDX-License-Identifier: MIT */
/* Every message on the broker's channels and on the catalog channel between discover and service,
 * described, encoded and decoded here (docs/broker-protocol.md has the conversation).
 *
 * A message is one SOCK_SEQPACKET datagram: u16 operation, u16 zero, u32 id, then the fields of the
 * operation in the order of the struct, little-endian, nothing behind them. There is one way to
 * write each message; everything else is refused. No message holds a path name or a pointer. */
#ifndef PROTO_BROKER_H
#define PROTO_BROKER_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MSG_MAX_BYTES  512
#define MSG_TEXT_BYTES 256

enum msg_op {
	/* service -> broker */
	MSG_CAPTURE_OPEN = 1, /* id: the capture; fields: struct msg_capture_open */
	MSG_CAPTURE_KILL,     /* id: the capture whose reader must die; no fields */
	MSG_READY,            /* the service answers requests */
	MSG_DISCOVER_LOST,    /* the catalog channel is gone and no new one came; no fields */

	/* discover -> broker */
	MSG_NETLINK_OPEN, /* id: the request; fields: struct ns_ref */

	/* broker -> service */
	MSG_CAPTURE_OPENED, /* id: the capture; fields: struct msg_status; descriptors on success:
			     * stream memfd, data eventfd (reader -> service), space eventfd
			     * (service -> reader), control socket (service -> reader) */
	MSG_CAPTURE_ENDED,  /* id: the capture whose reader ended; fields: struct msg_status, the
			     * status being 0 or minus the signal number that killed it */
	MSG_TARGET_EXITED,  /* id: the capture; the process of its reference has ended */
	MSG_RESTARTS,       /* fields: struct msg_restarts */
	MSG_SHUTDOWN,       /* end all captures properly, then exit */

	/* broker -> discover */
	MSG_NETLINK_OPENED, /* id: the request; fields: struct msg_netlink_opened; descriptor on
			     * success: a NETLINK_ROUTE socket inside the namespace */

	/* broker -> service and discover */
	MSG_CATALOG_CHANNEL, /* descriptor: a new catalog channel to the other one */

	/* service -> discover, on the catalog channel */
	MSG_REFRESH, /* id: grows by one; wants a generation scanned after this was received;
		      * fields: struct msg_refresh */

	/* discover -> service, on the catalog channel */
	MSG_CATALOG, /* id: the newest MSG_REFRESH this generation satisfies, 0 = none; fields:
		      * struct msg_catalog; descriptors: sealed memfd with the /mobyshark JSON,
		      * sealed memfd with the table of proto/catalog.h, a sealed memfd for each of
		      * msg_catalog.documents, lowest bit first */

	/* discover -> broker */
	MSG_PORTS_OPEN, /* id: the request; fields: struct ns_ref */

	/* broker -> discover */
	MSG_PORTS_OPENED, /* id: the request; fields: struct msg_status; descriptors on success: a
			   * NETLINK_SOCK_DIAG socket inside the namespace; if there are rules, a
			   * sealed memfd: the kernel's answers to NFT_MSG_GETRULE for the tables
			   * "nat" of IPv4 and IPv6, message after message, perhaps cut */

	/* discover -> broker */
	MSG_UTS_NAMES, /* id: the request; fields: struct msg_uts_refs */

	/* broker -> discover */
	MSG_UTS_NAMES_TOLD, /* id: the request; fields: struct msg_uts_names, in the order of the
			     * request */

	/* discover -> broker */
	MSG_TUN_ASK, /* id: the request; fields: struct msg_tun */

	/* broker -> discover */
	MSG_TUN_TOLD, /* id: the request; fields: u64 nsfs inode of the namespace the device lives
		       * in, 0 = cannot be told */

	/* discover -> broker */
	MSG_EVENTS_OPEN, /* id: the request; fields: struct msg_events_open */

	/* broker -> discover */
	MSG_EVENTS_OPENED, /* id: the request; fields: struct msg_status; descriptor on success: a
			    * netlink socket that tells of changes */

	/* service -> discover, on the catalog channel */
	MSG_CHECK, /* id: grows by one, counted apart from MSG_REFRESH; wants to know that the
		    * newest generation is what is known of the host after this was received, and
		    * documents made after it; fields: struct msg_refresh */

	/* discover -> service, on the catalog channel */
	MSG_CURRENT,  /* id: newest MSG_CHECK to which what was sent before is the answer; documents
		       * that it wants may come later */
	MSG_OUTDATED, /* something may have changed since the newest MSG_CATALOG: check before using
			 it */

	/* service -> broker */
	MSG_DIG_OPEN, /* id: the dig; fields: struct ns_ref */
	MSG_DIG_KILL, /* id: the dig; no fields */

	/* broker -> service */
	MSG_DIG_OPENED, /* id: the dig; fields: struct msg_status; descriptor on success: the
			 * service's end of the socket of proto/dig.h */

	/* service -> broker */
	MSG_RING_MAKE, /* id: the capture; fields: u32 bytes of a kernel ring, not smaller than
			* the present one, which the broker makes on the reader's next spare
			* socket */

	/* broker -> service */
	MSG_RING_MADE, /* id: the capture; fields: struct msg_status */

	/* broker -> service and discover */
	MSG_PING, /* id: grows by one; the receiver's loop answers with MSG_PONG; no fields */

	/* service and discover -> broker */
	MSG_PONG, /* id: that of the newest MSG_PING; no fields */

	/* broker -> service */
	MSG_RELOAD, /* read certificate, key and token again; fields: struct msg_reload;
		     * descriptors: certificate and key if reload.has_tls, then the token file if
		     * has_token */

	/* service -> broker */
	MSG_COMPILE_OPEN, /* id: the compiler; no fields */
	MSG_COMPILE_KILL, /* id: the compiler; no fields */

	/* broker -> service */
	MSG_COMPILE_OPENED, /* id: the compiler; fields: struct msg_status; descriptor on success:
			     * the service's end of the socket of proto/compile.h */
	MSG_OP_END
};

/* What tells of changes. */
enum events_source {
	EVENTS_PROCESSES = 1, /* beginnings, programs, names and ends of processes (cn_proc.h) */
	EVENTS_LINKS,         /* links of all network namespaces that the broker's has ids for */
	EVENTS_END
};

struct msg_events_open {
	uint8_t source; /* enum events_source */
};

/* How to find a network namespace again and be sure it is the same one. */
enum ns_ref_kind {
	NS_REF_PROC = 1, /* /proc/PID/ns/net */
	NS_REF_FD,       /* /proc/PID/fd/INDEX */
	NS_REF_MOUNT,    /* the nsfs mount with mount id INDEX in the mount namespace of PID */
	NS_REF_END
};

struct ns_ref {
	uint64_t inode; /* nsfs inode of the network namespace */
	uint8_t kind;   /* enum ns_ref_kind */
	uint32_t pid;   /* in the broker's PID namespace */
	uint64_t starttime_ticks;
	uint32_t index; /* descriptor number or mount id; 0 for NS_REF_PROC */
};

/* True if both lead to the same namespace in the same way. */
bool ns_ref_is_same(const struct ns_ref *a, const struct ns_ref *b);

#define MSG_UTS_MAX        7  /* names of 64 bytes each in one message */
#define MSG_UTS_NAME_BYTES 65 /* with NUL; what the kernel keeps of a host name (uname(2)) */

/* Whose host names are wanted: /proc/PID/ns/uts, which must have that inode. */
struct msg_uts_refs {
	uint8_t n; /* 1 to MSG_UTS_MAX */
	struct uts_ref {
		uint64_t inode;
		uint32_t pid;
		uint64_t starttime_ticks;
	} v[MSG_UTS_MAX];
};

/* Host names, any bytes but NUL; "" for one that cannot be told. */
struct msg_uts_names {
	uint8_t n;
	char v[MSG_UTS_MAX][MSG_UTS_NAME_BYTES];
};

/* A descriptor of /dev/net/tun in another process. */
struct msg_tun {
	uint32_t pid;
	uint64_t starttime_ticks;
	uint32_t fd; /* at most INT32_MAX */
};

struct msg_capture_open {
	struct ns_ref ns;
	uint32_t ring_bytes;   /* kernel ring: a multiple of the block size */
	uint32_t stream_bytes; /* shared stream buffer: a multiple of 64 KiB */
	uint16_t latency_ms;   /* longest time a packet waits in an unfinished block */
};

struct msg_status {
	int32_t status; /* 0 or a negative errno */
	char text[MSG_TEXT_BYTES];
};

struct msg_netlink_opened {
	struct msg_status status;
	int32_t nsid; /* what the broker's namespace calls it (rtnetlink(7)), -1 = nothing */
};

struct msg_restarts {
	uint32_t service;
	uint32_t discover;
	bool discover_is_silent; /* it does not answer pings: see broker/watchdog.h */
};

struct msg_reload {
	bool has_tls, has_token; /* which descriptors come with it */
};

/* Documents that are made only when asked for, as bits. */
enum msg_document {
	MSG_DOCUMENT_JSON = 1,       /* /json without icons */
	MSG_DOCUMENT_ICONS = 2,      /* /json with icons */
	MSG_DOCUMENT_NEIGHBOURS = 4, /* the table of proto/neighbours.h */
};
#define MSG_DOCUMENT_BITS 3
#define MSG_DOCUMENTS     ((1U << MSG_DOCUMENT_BITS) - 1)

struct msg_refresh {
	uint8_t documents; /* those wanted with this generation */
};

struct msg_catalog {
	uint64_t generation;
	uint64_t scan_ns;  /* what the scan took */
	uint8_t documents; /* those that come with it; they were scanned after every request for
			    * them up to the message's id */
};

/* One decoded message; the member of @u that belongs to @op is valid. */
struct msg {
	uint16_t op; /* enum msg_op */
	uint32_t id;
	union {
		struct msg_capture_open capture_open;
		uint32_t ring_bytes;      /* RING_MAKE */
		struct ns_ref ns_ref;     /* NETLINK_OPEN, PORTS_OPEN, DIG_OPEN */
		struct msg_status status; /* CAPTURE_OPENED, RING_MADE, CAPTURE_ENDED,
					   * PORTS_OPENED, EVENTS_OPENED, DIG_OPENED,
					   * COMPILE_OPENED */
		struct msg_netlink_opened netlink_opened;
		struct msg_events_open events_open;
		struct msg_restarts restarts;
		struct msg_reload reload;
		struct msg_refresh refresh; /* REFRESH, CHECK */
		struct msg_catalog catalog;
		struct msg_uts_refs uts_refs;
		struct msg_tun tun;
		uint64_t tun_netns; /* TUN_TOLD */
		struct msg_uts_names uts_names;
	} u;
};

/* Encode @m into @ret. Returns the length in bytes, -EINVAL for an unknown operation, -ENOBUFS when
 * @cap_bytes is too small (MSG_MAX_BYTES always suffices). */
ssize_t msg_encode(const struct msg *m, uint8_t *ret, size_t cap_bytes);

/* Decode exactly @len_bytes. Returns 0, or -EBADMSG for anything that msg_encode() would not have
 * written. */
int msg_decode(const uint8_t *p, size_t len_bytes, struct msg *ret);

/* Encode and send @m with the @n_fds borrowed descriptors @fds. Errors of msg_encode() and
 * fdpass_send(). */
int msg_send(int sock, const struct msg *m, const int *fds, size_t n_fds);

struct fdset;

/* Receive and decode one message without waiting. Returns 1, 0 when the peer is gone, -EAGAIN when
 * there is none, -EBADMSG or another errno of fdpass_recv() when the peer must be dropped. */
int msg_recv(int sock, struct msg *ret, struct fdset *ret_fds);

#endif
