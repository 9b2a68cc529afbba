/* SPDX-License-Identifier: MIT */
/* How the broker starts its two long-lived children. Descriptors stand at fixed places from 3 on;
 * arguments are words of the form name=value, in any order. */
#ifndef PROTO_SERVICE_ARGS_H
#define PROTO_SERVICE_ARGS_H

enum service_fd {
	SERVICE_FD_BROKER = 3, /* channel to the broker */
	SERVICE_FD_CATALOG,    /* channel to discover */
	SERVICE_FD_ROOT,       /* empty directory to become the root */
	SERVICE_FD_FILES,      /* from here: listen=N listening sockets, then, if tls=1, certificate
				* and key files, then, if token=1, the token file */
};

enum discover_fd {
	DISCOVER_FD_BROKER = 3,
	DISCOVER_FD_CATALOG,
};

/* Exit status of a child whose configuration cannot work: starting it again would not help. */
#define EXIT_CONFIGURATION 3

#endif
