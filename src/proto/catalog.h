/* SPDX-License-Identifier: MIT */
/* The table of capture targets that discover hands to the service, in a sealed memfd: every network
 * namespace with its reference and links, every target with the namespace it lives in.
 *
 * Form: "PFC5", u32 number of namespaces, u32 number of targets, u32 number of names, u32 number
 * of engines, u32 number of those that do not answer, then the namespaces, then the targets, then
 * the names, each field in the order of the structs below, little-endian, strings as u16 length and
 * bytes, addresses as 4 or 16 bytes, nothing behind the last one. */
#ifndef PROTO_CATALOG_H
#define PROTO_CATALOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/broker.h"

#define CATALOG_NAME_MAX   4096 /* bytes of a target's name or prefix, NUL included */
#define CATALOG_TYPE_MAX   64
#define CATALOG_ID_MAX     65 /* of a container, NUL included */
#define CATALOG_OWNER_NONE UINT32_MAX
#define CATALOG_NETNS_NAME_MAX                                                                     \
	64                       /* bytes of the name of a namespace of ip-netns(8), NUL included */
#define CATALOG_IFNAME_MAX   16  /* IFNAMSIZ */
#define CATALOG_ALTNAMES_MAX 192 /* bytes of the alternative names of a link */
#define CATALOG_ALTNAME_MAX  128 /* bytes of one of them, NUL included: ALTIFNAMSIZ */
#define CATALOG_NETNS_MAX    65536
#define CATALOG_TARGETS_MAX  262144
#define CATALOG_LINKS_MAX    65536 /* links of one namespace */
#define CATALOG_NAMES_MAX    262144
#define CATALOG_HOST_MAX     256       /* bytes of a name of an address, NUL included */
#define CATALOG_BYTES_MAX    134217728 /* 128 MiB */

struct catalog_link {
	uint32_t ifindex;
	uint16_t arphrd;   /* ARPHRD_* */
	uint8_t operstate; /* IF_OPER_*, 2 = down (RFC 2863) */
	char name[CATALOG_IFNAME_MAX];
	char altnames[CATALOG_ALTNAMES_MAX]; /* alternative names, each followed by a space */
};

struct catalog_netns {
	struct ns_ref ref; /* ref.inode identifies the namespace */
	uint32_t n_links;
	struct catalog_link *links; /* owned, sorted by ifindex */
	/* of the file in /run/netns that keeps it (ip-netns(8)), whether processes are in it or
	 * not;
	 * "" = none, or a longer one */
	char name[CATALOG_NETNS_NAME_MAX];
};

struct catalog_target {
	char *name;   /* owned, contract 2.5.2 */
	char *type;   /* owned */
	char *prefix; /* owned */
	uint64_t netns_inode;
	uint32_t pid;             /* 0 for process-less namespaces */
	uint64_t starttime_ticks; /* 0 for process-less namespaces */
	/* Who names the container: the user that its engine, or the runtime that noted it, runs as;
	 * CATALOG_OWNER_NONE for what only the kernel tells of, and for processes and mounts. */
	uint32_t owner;
	uint32_t engine_pid; /* the engine that lists it, 0 = none */
	uint64_t engine_starttime_ticks;
	char id[CATALOG_ID_MAX]; /* of the container, or of a pod's sandbox: lower case hexadecimal
				  * digits, "" = unknown */
};

/* Who has an address, for people who see it in packets. */
struct catalog_name {
	uint8_t family;    /* 4 or 6 */
	uint8_t bytes[16]; /* network byte order, 4 or 16 in use, the rest zero */
	uint64_t netns_inode;
	/* of a container: its engine, which keeps its addresses apart, and the namespace that
	 * engine is in; else 0 */
	uint32_t engine_pid;
	uint64_t engine_netns_inode;
	char name[CATALOG_HOST_MAX]; /* clean UTF-8, not empty */
};

/* Three plain arrays, owned, and how many container engines there are. Namespaces are sorted by
 * inode; targets keep the order of /mobyshark; names are sorted by family, address and namespace,
 * those of one address in one namespace with the best first. */
struct catalog {
	uint32_t n_netns, n_targets, n_names;
	uint32_t n_engines, n_engines_unreachable; /* the latter among the former */
	struct catalog_netns *netns;
	struct catalog_target *targets;
	struct catalog_name *names;
};

/* Free everything in @c and zero it. NULL and zeroed ones are fine. */
void catalog_done(struct catalog *c);

/* Encode into a new buffer, *ret (free() it). Returns its length in bytes, -EINVAL if a limit above
 * is exceeded, or -ENOMEM. */
ssize_t catalog_encode(const struct catalog *c, uint8_t **ret);

/* The order of names: negative, 0 or positive as @a comes before, with, or behind @b. */
int catalog_name_cmp(const struct catalog_name *a, const struct catalog_name *b);

/* Decode @len_bytes. Returns 0, -EBADMSG for anything that is not exactly one well-formed table
 * (unsorted namespaces or names included), or -ENOMEM; @ret is untouched then. */
int catalog_decode(const uint8_t *p, size_t len_bytes, struct catalog *ret);

/* The namespace with nsfs inode @inode, NULL if there is none. Borrowed from @c. */
const struct catalog_netns *catalog_find_netns(const struct catalog *c, uint64_t inode);

/* The link of @ns that has @name as its name or as one of its alternative names, NULL if there is
 * none. The kernel gives each such name to one link of a namespace only. Borrowed from @ns. */
const struct catalog_link *catalog_find_link(const struct catalog_netns *ns, const char *name);

#endif
