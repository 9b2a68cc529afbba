/* SPDX-License-Identifier: MIT */
/* Interfaces in the /json document (contract 2.6.7 and 2.6.8). */
#ifndef DETAIL_PUT_NIF_H
#define DETAIL_PUT_NIF_H

#include "discover/detail/network.h"
#include "discover/detail/owner_lines.h"
#include "base/text.h"

#define NIF_ID_MAX 48

/* "nif-NETNS-INDEX" */
void nif_format_id(const struct nif *nif, char ret[NIF_ID_MAX]);

/* What is written of; borrowed. */
struct put_nifs {
	const struct network *network;
	struct owner_lines *lines;
};

/* Append the member "network-interfaces" of namespace @s; NULL if nothing is known of it. */
void put_nifs(struct text *t, const struct put_nifs *p, const struct netstack *s);

#endif
