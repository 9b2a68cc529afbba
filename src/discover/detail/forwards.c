/* SPDX-License-Identifier: MIT */
#include "discover/detail/forwards.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/grow.h"
#include "netlink/dump.h"
#include "netlink/nft_rule.h"

#define KUBE_SERVICES "KUBE-SERVICES"
#define KUBE_SERVICE  "KUBE-SVC-"
#define KUBE_ENDPOINT "KUBE-SEP-"

/* The rules that matter: those that forward, and those that lead to them. */
struct rules {
	struct nft_rule *v; /* owned; by family, then chain */
	size_t n, cap;
	size_t steps; /* taken so far */
};

void forwards_done(struct forward_list *l)
{
	free(l->v);
	*l = (struct forward_list){0};
}

static int add(struct forward_list *l, const struct forward *f)
{
	struct forward *v;

	if (l->n >= FORWARDS_MAX)
		return 0;
	v = grow(l->v, l->n, &l->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	v[l->n++] = *f;
	return 0;
}

static bool begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

static int keep_rule(void *ctx, const struct nlmsghdr *h)
{
	struct rules *rules = ctx;
	struct nft_rule *v, r;

	if (!nft_rule_parse(h, &r) || !(r.has_dnat || begins(r.jump, "KUBE-S")))
		return 0;
	v = grow(rules->v, rules->n, &rules->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	rules->v = v;
	v[rules->n++] = r;
	return 0;
}

static int cmp_chain(const struct nft_rule *a, uint8_t family, const char *chain)
{
	int rc = (int) a->family - (int) family;

	return rc ? rc : strcmp(a->chain, chain);
}

static int cmp_rule(const void *a, const void *b)
{
	const struct nft_rule *x = a, *y = b;

	return cmp_chain(x, y->family, y->chain);
}

/* The first rule of @chain, or where it would be. */
static size_t find_chain(const struct rules *rules, uint8_t family, const char *chain)
{
	size_t low = 0, high = rules->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cmp_chain(&rules->v[mid], family, chain) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Go to the next rule of @chain at or after @i. NULL at the end of the chain, or of our patience.
 */
static const struct nft_rule *rule_at(
	struct rules *rules, uint8_t family, const char *chain, size_t i)
{
	if (i >= rules->n || cmp_chain(&rules->v[i], family, chain) != 0 ||
		rules->steps >= FORWARDS_STEPS_MAX)
		return NULL;
	rules->steps++;
	return &rules->v[i];
}

static bool is_known(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

/* What @match selects goes where @dnat says. */
static int add_rule(
	struct forward_list *l, const struct nft_rule *match, const struct nft_rule *dnat)
{
	struct forward f = {.protocol = match->protocol,
		.family = match->family,
		.to_family = dnat->family,
		.port = match->port,
		.to_port = dnat->to_port};

	if (!match->has_port || !dnat->has_dnat || !is_known(match->protocol))
		return 0;
	if (match->has_addr)
		memcpy(f.ip, match->addr, sizeof(f.ip));
	memcpy(f.to, dnat->to, sizeof(f.to));
	return add(l, &f);
}

/* Add the endpoints of the kube-proxy service that @match selects and whose chain it jumps to. */
static int add_service(struct forward_list *l, struct rules *rules, const struct nft_rule *match)
{
	const struct nft_rule *svc, *sep;
	uint8_t family = match->family;
	int rc = 0;

	for (size_t i = find_chain(rules, family, match->jump);
		rc == 0 && (svc = rule_at(rules, family, match->jump, i)); i++) {
		if (!begins(svc->jump, KUBE_ENDPOINT))
			continue;
		for (size_t j = find_chain(rules, family, svc->jump);
			rc == 0 && (sep = rule_at(rules, family, svc->jump, j)); j++)
			rc = add_rule(l, match, sep);
	}
	return rc;
}

static int add_all(struct forward_list *l, struct rules *rules)
{
	int rc = 0;

	for (size_t i = 0; i < rules->n && rc == 0; i++) {
		const struct nft_rule *r = &rules->v[i];

		if (strcmp(r->chain, KUBE_SERVICES) == 0 && begins(r->jump, KUBE_SERVICE))
			rc = add_service(l, rules, r);
		else
			rc = add_rule(l, r, r);
	}
	return rc;
}

int forwards_add_rules(struct forward_list *l, const uint8_t *rules, size_t len_bytes)
{
	struct rules r = {0};
	int rc = nl_walk(rules, len_bytes, keep_rule, &r);

	if (rc != -ENOMEM) {
		if (r.n > 0)
			qsort(r.v, r.n, sizeof(*r.v), cmp_rule);
		rc = add_all(l, &r);
	}
	free(r.v);
	return rc;
}

int forwards_add_proxy(struct forward_list *l, const struct forward *f)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct forward *o = &l->v[i];

		if (o->protocol == f->protocol && o->family == f->family && o->port == f->port &&
			memcmp(o->ip, f->ip, sizeof(f->ip)) == 0)
			return 0;
	}
	return add(l, f);
}

static int cmp_forward(const void *a, const void *b)
{
	const struct forward *x = a, *y = b;
	int rc = (int) x->family - (int) y->family;

	if (rc == 0)
		rc = (int) x->protocol - (int) y->protocol;
	if (rc == 0)
		rc = memcmp(x->ip, y->ip, sizeof(x->ip));
	if (rc == 0)
		rc = (int) x->port - (int) y->port;
	if (rc == 0)
		rc = (int) x->to_family - (int) y->to_family;
	if (rc == 0)
		rc = memcmp(x->to, y->to, sizeof(x->to));
	return rc ? rc : (int) x->to_port - (int) y->to_port;
}

void forwards_sort(struct forward_list *l)
{
	size_t kept = 0;

	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), cmp_forward);
	for (size_t i = 0; i < l->n; i++) {
		if (kept == 0 || cmp_forward(&l->v[kept - 1], &l->v[i]) != 0)
			l->v[kept++] = l->v[i];
	}
	l->n = kept;
}
