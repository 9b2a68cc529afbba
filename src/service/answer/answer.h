/* SPDX-License-Identifier: MIT */
/* Answers about the host (/mobyshark, /json): the documents of the newest catalog, current or
 * fresh, in the form that the client takes. */
#ifndef ANSWER_ANSWER_H
#define ANSWER_ANSWER_H

#include <stdbool.h>

#include "service/answer/packing.h"
#include "service/catalog/catalog_client.h"

struct conn;

/* What answers need around them; borrowed for the life of each. */
struct answer_env {
	struct catalog_client *catalog;
	struct packings packings;
	bool is_guarded; /* answers need a token: no cache keeps them */
};

/* Answer the request on @c. */
void answer_targets(struct conn *c, struct answer_env *env);
void answer_json(struct conn *c, struct answer_env *env);

#endif
