/* SPDX-License-Identifier: MIT */
/* What processes are told about names by the files of their root directory (contract 2.6.6). Files
 * belong to whoever runs there: they are looked up without leaving that root, only regular ones are
 * opened, and no more than DNS_FILE_MAX_BYTES of each is read (docs/decisions/0026). Processes that
 * share a root are answered from one reading. */
#ifndef DISCOVER_DNS_H
#define DISCOVER_DNS_H

#include "discover/detail/dns_parse.h"
#include "discover/host/inode_map.h"
#include "discover/host/proc_table.h"
#include "base/text.h"

#define DNS_FILE_MAX_BYTES 65536              /* a larger file counts as none */
#define DNS_KEPT_MAX_BYTES ((size_t) 8 << 20) /* of names, of all roots in one scan */

struct dns {
	char etc_hostname[DNS_NAME_MAX + 1], domainname[DNS_NAME_MAX + 1];
	struct dns_resolv resolv;
	struct dns_hosts hosts;
};

struct dns_files {
	int procfd;        /* borrowed */
	char *buf;         /* owned, DNS_FILE_MAX_BYTES */
	size_t kept_bytes; /* of names so far */
	struct dns_root {
		uint64_t mount, inode; /* of the root directory */
		struct dns *dns;       /* owned */
	} * v;                         /* owned */
	size_t n, cap;
	struct inode_map index; /* mount and inode mixed -> index in v */
};

/* Begin a scan; @procfd is borrowed until dns_files_done(). Returns 0 or -ENOMEM. */
int dns_files_init(struct dns_files *f, int procfd);
void dns_files_done(struct dns_files *f);

/* The files of @p's root, read when its root is met for the first time. A file that cannot be read
 * is as good as empty. @ret is borrowed until dns_files_done(); NULL when the root cannot be looked
 * into or belongs to a later process of the same pid. Returns 0 or -ENOMEM. */
int dns_files_read(struct dns_files *f, const struct process *p, const struct dns **ret);

/* Append the object "dns" of a tenant. @d is NULL when its files are not known, @uts_name "" when
 * its host name is not. */
void dns_put(struct text *t, const struct dns *d, const char *uts_name);

#endif
