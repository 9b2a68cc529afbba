/* SPDX-License-Identifier: MIT */
/* Interfaces in the /json document (contract 2.6.7 and 2.6.8). */
#ifndef DETAIL_PUT_NIF_H
#define DETAIL_PUT_NIF_H

#include "discover/detail/network.h"
#include "discover/text.h"

#define NIF_ID_MAX 48

/* "nif-NETNS-INDEX" */
void nif_format_id(const struct nif *nif, char ret[NIF_ID_MAX]);

/* Append the member "network-interfaces" of namespace @s; NULL if nothing is known of it. */
void put_nifs(struct text *t, const struct network *n, const struct netstack *s);

#endif
