/* SPDX-License-Identifier: MIT */
/* packetflix: links (wire contract 4.8), and the descriptions of targets in them. No I/O. */
#ifndef EXTCAP_LINK_H
#define EXTCAP_LINK_H

#include <stdbool.h>

#include "base/err.h"

#define LINK_BYTES_MAX 262144 /* bytes of a link: what services take in one request */

/* Owned strings, "" when not given. */
struct link {
	char *service_url; /* http:// or https://, without "/capture" */
	char *container;   /* JSON text */
	char *nif, *filter, *token;
	bool chaste;
};

/* Parse @text: packetflix:ws://HOST[:PORT]/[BASE/]capture?container=JSON&nif=A/B[&filter=TEXT]
 * [&chaste][&token=TEXT]; wss: for TLS, which is meant as well where neither is said. Of several
 * parameters of one name the first counts. On success free @ret with link_done(). Returns 0,
 * -EINVAL with @e filled, or -ENOMEM. */
int link_parse(const char *text, struct link *ret, struct err *e);
void link_done(struct link *l);

#define AUTO_LINK __attribute__((cleanup(link_done)))

/* The JSON text in @s, which may be escaped once, as Wireshark hands it over, or twice, as
 * producers of links for old plugins have done; what begins with '{' is not escaped. *@ret is owned
 * by the caller. Returns 0, -EINVAL or -ENOMEM. */
int link_target_text(const char *s, char **ret);

/* One filter of two, each of which may be "": "(a) and (b)" if both are there. *@ret is owned by
 * the caller. Returns 0 or -ENOMEM. */
int link_join_filters(const char *a, const char *b, char **ret);

#endif
