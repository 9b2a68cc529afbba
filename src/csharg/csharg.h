/* SPDX-License-Identifier: MIT */
/* libcsharg: capture traffic of containers, pods, processes and network namespaces through a
 * Packetflix capture service, ours or the original one.
 *
 *	struct csharg_client *client = NULL;
 *	struct csharg_targets *all = NULL;
 *	const struct csharg_target *web;
 *	struct csharg_stream *stream = NULL;
 *	struct csharg_error e;
 *
 *	if (csharg_client_new("http://host:5001", NULL, &client, &e) < 0 ||
 *		csharg_client_targets(client, &all, &e) < 0 ||
 *		csharg_targets_find(all, &(struct csharg_query){.name = "web"}, &web, &e) < 0 ||
 *		csharg_capture_fd(client, web, NULL, fd, &stream, &e) < 0)
 *		errx(1, "%s", e.text);
 *	(void) csharg_stream_run(stream);
 *	csharg_stream_free(stream);
 *	...
 *
 * Errors. Functions return 0 or a count, else a negative errno; words for people go into the struct
 * csharg_error, which may be NULL. Out-parameters are untouched on failure. Besides what stands at
 *a function, everything may fail with -ENOMEM, and everything that talks to the service with:
 *	-ETIMEDOUT	the time limit of the client's options
 *	-ECANCELED	csharg_client_cancel()
 *	-ECONNREFUSED	no connection: refused, unreachable, name not found, proxy, TLS
 *	-EACCES		401 or 403: a token is missing or wrong
 *	-EPROTO		an answer that is none of a capture service; the words tell what it was
 *	-E2BIG		an answer beyond the limits (docs/limits.md)
 *
 * Ownership. What a function returns through `ret_` belongs to the caller and has a `_free`, which
 * accepts NULL. Strings and structs that are handed in are copied, unless it says "borrowed".
 * Strings inside structs of the library belong to that struct, are UTF-8 without control
 * characters, and never NULL.
 *
 * Threads. There is no global state. A client may be used by several threads at once; everything
 * else belongs to one thread at a time, except for csharg_stream_stop() and
 * csharg_client_cancel(), which any thread and any signal handler may call. The first client of a
 * process initialises libcurl, which is safe with libcurl 7.84 and newer; with an older one call
 * curl_global_init() before there are threads. Nothing here logs, ends the process, changes the
 * handling of signals, or raises SIGPIPE.
 *
 * Compatibility. Structs that callers fill begin with their size: initialise them with the
 * macro beside them, as later versions append members. Structs that the library shows may grow as
 * well: never copy them or make arrays of them. Those that it fills for the caller (csharg_error,
 * csharg_end, csharg_counters) stay as they are.
 *
 * Times are in milliseconds, sizes in bytes, time stamps in nanoseconds since 1970 UTC. */
#ifndef CSHARG_H
#define CSHARG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CSHARG_API_VERSION 1

#define CSHARG_API __attribute__((visibility("default")))

/* The version of the library that runs, such as "0.1.0". Static. */
CSHARG_API const char *csharg_version(void);

/* Words about a failure. */
struct csharg_error {
	int code;       /* negative errno, as returned */
	char text[512]; /* UTF-8 without newline, NUL-terminated; empty when nothing failed */
};

/* ---- Client: where the service is and how to talk to it ---- */

struct csharg_client;

struct csharg_client_options {
	size_t size;         /* of this struct, set by the macro */
	const char *token;   /* sent as "Authorization: Bearer"; NULL = that of the user for this
			      * service (see "Tokens"), "" = none */
	bool insecure;       /* take any TLS certificate */
	const char *ca_file; /* PEM file of authorities to trust instead of the system's; NULL = by
			      * SSL_CERT_FILE of the environment */
	uint32_t timeout_ms; /* for a list, and for connecting a capture; default 30000; 0 = none */
	const char *proxy;   /* URL of a proxy; NULL = by http_proxy, https_proxy, all_proxy and
			      * no_proxy of the environment, in either case, never for loopback; "" =
			      * none */
	const char *no_proxy;    /* hosts not to be proxied, as curl's; NULL = by the environment */
	const char *user_agent;  /* NULL = "libcsharg/VERSION" */
	const char *tokens_file; /* NULL = that of the user, "" = none (see "Tokens") */
	bool plain_token;        /* send a token or password also without TLS */
	const char *const *headers; /* "NAME: VALUE", @n_headers of them, sent with every request */
	size_t n_headers;
};

#define CSHARG_CLIENT_OPTIONS_INIT                                                                 \
	{                                                                                          \
		.size = sizeof(struct csharg_client_options), .timeout_ms = 30000                  \
	}

/* Where a service is when neither the caller nor CSHARG_HOST of the environment says it. */
#define CSHARG_DEFAULT_HOST "localhost:5001"

/* Tokens. A client sends its token to the service of its URL and to no other: redirects are not
 * followed. Unless the options have a token, it is, in this order,
 *	CSHARG_TOKEN of the environment, if the URL is at or below that of CSHARG_HOST (without
 *		that variable: CSHARG_DEFAULT_HOST): same scheme, host, port, and path or longer;
 *	the token in the first line of the tokens file whose URL the client's URL is at or below.
 * The tokens file is $XDG_CONFIG_HOME/packetflix/tokens, without that variable
 * ~/.config/packetflix/tokens. A line is "URL TOKEN", with a URL that begins with http:// or
 * https://; lines that begin with '#' are ignored. It must belong to this user or root, and others
 * must have no access (mode 600).
 * Without TLS a token or password is only sent to this machine ("localhost", 127.0.0.0/8, ::1,
 * without an explicit proxy), or when the option plain_token or a tokens file's line with http://
 * allows it. */

/* Make a client of the service at @url: [http://|https://][NAME[:PASSWORD]@]HOST[:PORT][/PATH].
 * NULL = CSHARG_HOST of the environment, else CSHARG_DEFAULT_HOST. Without a scheme it is http;
 * without a port that of the scheme. A name and password are sent as "Authorization: Basic", for
 * services behind a proxy that asks for them. Nothing is sent yet. @options: NULL = defaults.
 * Errors: -EINVAL for a URL with query or fragment, without a host, or otherwise malformed; for a
 * token or header that cannot be sent; for a line of the tokens file that is not "URL TOKEN";
 * -EPERM for a token that would be sent without TLS; -EACCES for a tokens file that others have
 * access to, and those of reading it. */
CSHARG_API int csharg_client_new(const char *url, const struct csharg_client_options *options,
	struct csharg_client **ret_client, struct csharg_error *e);

/* Streams may outlive the client they were started with. No other call may be under way. */
CSHARG_API void csharg_client_free(struct csharg_client *client);

/* The host part of the URL, without brackets; that of targets as well when the URL has a port
 * ("node-name"). Borrowed from the client. */
CSHARG_API const char *csharg_client_host(const struct csharg_client *client);

/* The URL as understood: scheme, host, port if given, path without a slash at its end. Borrowed
 * from the client. */
CSHARG_API const char *csharg_client_url(const struct csharg_client *client);

/* Where the token or password that the client sends comes from: "option", "URL", "CSHARG_TOKEN" or
 * "FILE:LINE" of the tokens file; "" = none is sent. Borrowed from the client. */
CSHARG_API const char *csharg_client_token_source(const struct csharg_client *client);

/* Make calls on @client that are under way return with -ECANCELED within a second, and all later
 * ones at once; csharg_watch_run() returns 0. Running streams go on. For other threads and signal
 * handlers: async-signal-safe. There is no way back. */
CSHARG_API void csharg_client_cancel(struct csharg_client *client);

/* What the service says about itself. */
struct csharg_service {
	const char *name; /* "packetflix" for ours and the original one, "" if it does not tell */
	const char *version; /* "0.9.7", "" if it does not tell */
	bool is_ours;        /* says that it filters all interfaces of a capture */
};

/* Ask GET /version. Free @ret_service with csharg_service_free(). A service without a usable answer
 * gives empty strings, not an error; errors are those of connections. */
CSHARG_API int csharg_client_service(
	struct csharg_client *client, struct csharg_service **ret_service, struct csharg_error *e);
CSHARG_API void csharg_service_free(struct csharg_service *service);

/* ---- Targets: what there is to capture from ---- */

struct csharg_target {
	const char *name;   /* "web-1", "default/nginx", "systemd(1)", ... */
	const char *type;   /* "docker", "containerd", "podman", "CRI", "pod", "proc", "bindmount",
			     * ... */
	const char *prefix; /* names of the containers around it */
	const char *node_name; /* host part of the URL it came from, "" if that has no port */
	uint64_t netns;        /* inode of the network namespace; 0 = unknown, found by name */
	uint64_t starttime;    /* of process @pid, in clock ticks since boot; 0 = unknown */
	int32_t pid;           /* 0 = unknown */
	bool has_interfaces;   /* false: the list is unknown */
	const char *const *interfaces; /* names, @n_interfaces of them */
	size_t n_interfaces;
	bool has_cluster;
	const char *cluster_context, *cluster_uid;
	const char *capture_service; /* hints of a cluster's frontend, "" and 0 if absent */
	uint32_t capture_port;
	const char *id;         /* of the container, or of a pod's sandbox; "" = unknown */
	const char *netns_name; /* of the namespace, by ip-netns(8); "" = unknown */
};

enum csharg_class {
	CSHARG_ANY = 0,
	CSHARG_CONTAINERS, /* everything that is neither of the next two */
	CSHARG_PODS,       /* type "pod" */
	CSHARG_NETWORKS,   /* types "proc" and "bindmount" */
};

struct csharg_targets {
	size_t n;
	const struct csharg_target *const *target; /* sorted by name, prefix, type, netns */
};

/* Ask the service for its targets; nothing is kept between calls. Free @ret_targets with
 * csharg_targets_free(). */
CSHARG_API int csharg_client_targets(
	struct csharg_client *client, struct csharg_targets **ret_targets, struct csharg_error *e);
CSHARG_API void csharg_targets_free(struct csharg_targets *targets);

/* The class of @type: never CSHARG_ANY. */
CSHARG_API enum csharg_class csharg_class_of(const char *type);

struct csharg_query {
	/* name, PREFIX:NAME (":NAME" = without prefix), or, when no target is called so: "host",
	 * the name of a namespace of "ip netns", a process id that a target is
	 * listed with, or a container id or at least four digits of its beginning */
	const char *name;
	enum csharg_class type_class;
	const char *pod_namespace; /* for pods whose @name has no '/': NULL = "default" */
	const char *node;          /* node name, NULL or "" = any */
};

/* Find the one target that @query describes. A @name alone matches whatever the prefix is. Pods of
 * CSHARG_PODS are looked for as "namespace/name". *@ret_target is borrowed from @targets.
 * Errors: -EINVAL without a name, -ENOENT when there is none, -ENOTUNIQ when there are several; the
 * words begin with 'capture target "x" not found', 'capture target "x" on node "n" not found' or
 * 'ambiguous capture target "x" matches N targets', and go on with names that are meant perhaps. */
CSHARG_API int csharg_targets_find(const struct csharg_targets *targets,
	const struct csharg_query *query, const struct csharg_target **ret_target,
	struct csharg_error *e);

/* Make a target of JSON text, such as {"name":"web"}. Unknown members are ignored, null is as good
 * as absent. Free @ret_target with csharg_target_free(). Errors: -EINVAL with what is wrong. */
CSHARG_API int csharg_target_from_json(
	const char *text, struct csharg_target **ret_target, struct csharg_error *e);
/* A copy of its own. Free @ret_target with csharg_target_free(). */
CSHARG_API int csharg_target_copy(
	const struct csharg_target *target, struct csharg_target **ret_target);
CSHARG_API void csharg_target_free(struct csharg_target *target);

/* The target as JSON text on one line, members in the order that services and clients have always
 * used, absent ones omitted. *@ret_text is free()d by the caller. */
CSHARG_API int csharg_target_to_json(const struct csharg_target *target, char **ret_text);

/* ---- Watching targets come and go ---- */

enum csharg_change {
	CSHARG_ADDED,
	CSHARG_REMOVED,
	CSHARG_CHANGED, /* same name, type, prefix, process and namespace; other interfaces */
	CSHARG_CURRENT, /* all changes so far have been told; the target is NULL */
};

/* @target is borrowed until the callback returns. Return 0 to go on, anything else to end. The
 * client must not be freed in it. */
typedef int (*csharg_watch_fn)(
	void *ctx, enum csharg_change change, const struct csharg_target *target);

/* Tell all targets (CSHARG_ADDED, then CSHARG_CURRENT), then every change, until
 * csharg_client_cancel() (returns 0) or until @fn returns something else than 0 (returned as it
 * is). Services that offer GET /events tell changes at once; others are asked every @poll_ms (0 =
 * 2000). A service that stops answering is an error; call again to go on (all targets are told
 * again). */
CSHARG_API int csharg_watch_run(struct csharg_client *client, uint32_t poll_ms, csharg_watch_fn fn,
	void *ctx, struct csharg_error *e);

/* ---- Captures ---- */

struct csharg_stream;

struct csharg_capture_options {
	size_t size;                   /* of this struct, set by the macro */
	const char *const *interfaces; /* names; none = those of the target, or all if unknown */
	size_t n_interfaces;
	const char *filter; /* capture filter (pcap-filter(7)), NULL or "" = everything */
	bool avoid_promiscuous;
	uint32_t snaplen_bytes;   /* keep at most this much of each packet, 0 = everything */
	uint64_t max_duration_ms; /* end after so long, so many packets, so many bytes of */
	uint64_t max_packets;     /* pcapng written (never more; ends before the packet that */
	uint64_t max_bytes;       /* would exceed it); 0 = no limit */
	uint32_t stop_wait_ms;    /* longest wait for the service when stopping; default 5000 */
	uint32_t ping_ms;         /* so often a ping keeps proxies awake; default 30000, 0 = never.
				   * Three without any answer end the stream. */
	const char *follow;       /* when a container or pod ends: "off" ends the capture, "on" or a
				   * number of seconds waits for its return; NULL = as the service does */
	const char *names; /* names of addresses in the stream: "on", "off", NULL = as the service
			    * does. Original services know neither. */
};

#define CSHARG_CAPTURE_OPTIONS_INIT                                                                \
	{                                                                                          \
		.size = sizeof(struct csharg_capture_options), .stop_wait_ms = 5000,               \
		.ping_ms = 30000                                                                   \
	}

/* Start capturing from @target into descriptor @fd as one pcapng stream: connects, asks, and
 * returns when the service has taken the request. What it then says against it is the stream's end,
 * not an error here. Packets flow only while the stream is run. The section header's comment names
 * the target (docs/pcapng.md). Only whole blocks are written. Several interfaces together with a
 * filter are, on a service that does not say that it filters all of them, captured by one
 * connection for each and merged.
 * @options: NULL = defaults. @fd is borrowed until csharg_stream_free(), its flags are not changed;
 * a pipe, FIFO or socket may be slow: it is waited for without blocking, and noticed when its
 * reader leaves. A pipe or FIFO is made larger (1 MiB) if the system allows it. Free @ret_stream
 * with csharg_stream_free(). Errors: -EINVAL for interface names that are empty, hold '/' or are
 * longer than 255 bytes; -EPROTO when the service answers something else than an upgrade, with its
 * words. */
CSHARG_API int csharg_capture_fd(struct csharg_client *client, const struct csharg_target *target,
	const struct csharg_capture_options *options, int fd, struct csharg_stream **ret_stream,
	struct csharg_error *e);

/* One or more whole blocks of the pcapng stream (SIGPIPE is blocked meanwhile), borrowed until the
 * callback returns. Return 0 to go on, a negative errno to end the stream. */
typedef int (*csharg_bytes_fn)(void *ctx, const uint8_t *bytes, size_t len_bytes);

/* As csharg_capture_fd(), into a callback. */
CSHARG_API int csharg_capture_bytes(struct csharg_client *client,
	const struct csharg_target *target, const struct csharg_capture_options *options,
	csharg_bytes_fn fn, void *ctx, struct csharg_stream **ret_stream, struct csharg_error *e);

struct csharg_packet_fns;

/* As csharg_capture_fd(), taken apart into packets for the callbacks in @fns (see below). */
CSHARG_API int csharg_capture_packets(struct csharg_client *client,
	const struct csharg_target *target, const struct csharg_capture_options *options,
	const struct csharg_packet_fns *fns, void *ctx, struct csharg_stream **ret_stream,
	struct csharg_error *e);

/* Why a stream has ended. */
enum csharg_end_reason {
	CSHARG_END_RUNNING = 0,
	CSHARG_END_STOPPED,  /* csharg_stream_stop() */
	CSHARG_END_DURATION, /* limits of the options */
	CSHARG_END_PACKETS,
	CSHARG_END_BYTES,
	CSHARG_END_CLOSED,   /* the service ended it in the normal way: close 1000 or 1001 */
	CSHARG_END_REFUSED,  /* the service ended it with any other close code: its words are in
				@text */
	CSHARG_END_LOST,     /* the connection ended without a word, or three pings had no answer */
	CSHARG_END_PROTOCOL, /* what came is not what a capture service sends */
	CSHARG_END_OUTPUT_GONE, /* the reader of the descriptor has left (EPIPE) */
	CSHARG_END_OUTPUT,      /* writing failed, or the callback returned an error: @error */
	CSHARG_END_MEMORY,
};

struct csharg_end {
	enum csharg_end_reason reason;
	int error;      /* negative errno for reasons that have one, else 0 */
	int close_code; /* of the service's close frame, 1005 = without a code, 0 = there was none;
			 * 1006 is what original services send for failures */
	bool truncated; /* the service's last block was not whole; it is left out */
	const char *text; /* one sentence for people; "" while running. Borrowed from the stream */
};

struct csharg_counters {
	uint64_t packets, bytes; /* written: packets, bytes of pcapng */
	uint64_t lost;           /* packets the service says it lost on the way to us */
	uint64_t received;       /* packets received, with those that limits left out */
	uint32_t interfaces;     /* described so far */
};

/* Run the stream until its end. Returns 0 when it ended as wanted (stopped, a limit, or closed in
 * the normal way), else a negative errno: -EPIPE for an output that is gone, -ECONNABORTED for a
 * service that refused or failed, -ECONNRESET for a lost connection, -EPROTO, -ENOMEM, or that of
 * the output. csharg_stream_end() tells all of it. */
CSHARG_API int csharg_stream_run(struct csharg_stream *stream);

/* The same for event loops: watch csharg_stream_fd() for reading, and call csharg_stream_step()
 * when it is readable or when csharg_stream_timeout_ms() (-1 = none; ask again after each step) has
 * passed. A step never waits. It returns 1 while the stream goes on, 0 at its end. */
CSHARG_API int csharg_stream_fd(const struct csharg_stream *stream);
CSHARG_API int csharg_stream_timeout_ms(const struct csharg_stream *stream);
CSHARG_API int csharg_stream_step(struct csharg_stream *stream);

/* Request the end: the service gets a close, and what it sends until its answer is still written,
 * the final statistics of each interface included. The wait for the answer is at most
 * @stop_wait_ms, all of it in csharg_stream_run() or csharg_stream_step(). The end of
 * @max_duration_ms works in the same way; limits of packets and bytes leave no room for statistics.
 * Called a second time, the stream ends without waiting. Any thread may call it, and a signal
 * handler: async-signal-safe. */
CSHARG_API void csharg_stream_stop(struct csharg_stream *stream);

/* Valid at any time. @ret_end's text is borrowed until csharg_stream_free(). */
CSHARG_API void csharg_stream_end(const struct csharg_stream *stream, struct csharg_end *ret_end);
CSHARG_API void csharg_stream_counters(
	const struct csharg_stream *stream, struct csharg_counters *ret_counters);

/* Cuts the connection if the stream has not ended. */
CSHARG_API void csharg_stream_free(struct csharg_stream *stream);

/* ---- Reading pcapng: the stream of a capture, or a file ---- */

struct csharg_reader;

struct csharg_packet {
	const char *interface;       /* name, "" if it has none */
	uint32_t interface_id;       /* counts from 0 in the order of their description */
	uint16_t linktype;           /* LINKTYPE_..., 1 = Ethernet */
	uint64_t ts_ns;              /* 0 if the block has none */
	const uint8_t *bytes;        /* from the link layer on */
	uint32_t len_bytes;          /* kept */
	uint32_t original_len_bytes; /* on the link */
	uint32_t flags;              /* epb_flags: bits 0-1 1 = in, 2 = out; 0 = unknown */
	uint64_t lost_before;        /* packets lost right before this one (epb_dropcount) */
};

/* Totals since the start of the capture, as Interface Statistics Blocks tell; UINT64_MAX = untold.
 */
struct csharg_statistics {
	const char *interface;
	uint32_t interface_id;
	uint64_t received, lost, lost_kernel, delivered;
};

/* A name of an address, from a Name Resolution Block. An address with several names has one call
 * for each, the preferred name first. Later blocks may name more addresses, or an address again. */
struct csharg_name {
	const char *address; /* IPv4 or IPv6, as inet_ntop(3) writes it */
	const char *name;
};

/* Everything shown is borrowed until the callback returns. Return 0 to go on, a negative errno to
 * end. Any of them may be NULL. */
struct csharg_packet_fns {
	size_t size; /* of this struct, set by the macro */
	int (*interface_fn)(void *ctx, uint32_t id, const char *name, uint16_t linktype);
	int (*packet_fn)(void *ctx, const struct csharg_packet *packet);
	int (*statistics_fn)(void *ctx, const struct csharg_statistics *statistics);
	int (*name_fn)(void *ctx, const struct csharg_name *name);
};

#define CSHARG_PACKET_FNS_INIT .size = sizeof(struct csharg_packet_fns)

/* A reader that shows what it is fed to @fns. Free @ret_reader with csharg_reader_free(). */
CSHARG_API int csharg_reader_new(
	const struct csharg_packet_fns *fns, void *ctx, struct csharg_reader **ret_reader);

/* Feed the next bytes, cut anywhere. Both byte orders; unknown blocks and options are passed over.
 * Errors: -EBADMSG for what is not pcapng or beyond the limits, -ENOMEM, or what a callback
 * returned; the reader is then of no further use. */
CSHARG_API int csharg_reader_feed(struct csharg_reader *reader, const uint8_t *bytes,
	size_t len_bytes, struct csharg_error *e);

/* Bytes of an unfinished block that wait for the rest: not 0 at the end means truncated. */
CSHARG_API size_t csharg_reader_pending(const struct csharg_reader *reader);
CSHARG_API void csharg_reader_free(struct csharg_reader *reader);

#ifdef __cplusplus
}
#endif

#endif
