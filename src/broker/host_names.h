/* SPDX-License-Identifier: MIT */
/* The names that this machine is known by, which clients may use in the Host header. These are the
 * host name of the broker's UTS namespace and that of PID 1 (a container's own and its host's),
 * each also with
 * `.local` and with the search domains of /etc/resolv.conf, and the names beside it in /etc/hosts.
 * Nothing is looked up in the network, and no name is one that a stranger could choose. */
#ifndef BROKER_HOST_NAMES_H
#define BROKER_HOST_NAMES_H

#include <stddef.h>

#define HOST_NAMES_MAX      24
#define HOST_NAME_MAX_BYTES 256 /* with NUL */

struct host_names {
	char v[HOST_NAMES_MAX][HOST_NAME_MAX_BYTES];
	size_t n;
};

/* Find them all. Names that cannot be read are missing. */
void host_names_find(int procfd, int own_uts_fd, struct host_names *ret);

/* Add @name, unless it is known, is no host name, or there are HOST_NAMES_MAX. */
void host_names_add(struct host_names *h, const char *name);

/* Add what the text of /etc/resolv.conf (of /etc/hosts) says of the names in @h. The text is
 * changed. */
void host_names_add_domains(struct host_names *h, char *resolv_conf);
void host_names_add_aliases(struct host_names *h, char *hosts);

#endif
