/* SPDX-License-Identifier: MIT */
/* Request words, the target description among them, then the catalog.
 *
 * Input: parameters, each a byte that selects one (its high bit: as a header) and text up to a NUL.
 * Laws: refusals are printable; a word means the same in query and header; what comes out is within
 * its limits; a fresh catalog always decides; interfaces that pass exist. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"
#include "service/admit/plan.h"
#include "service/admit/request.h"
#include "service/admit/resolve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct catalog_link links[] = {{1, 772, 0, "lo"}, {2, 1, 6, "eth0"}};
static struct catalog_netns netns[] = {{{1, NS_REF_PROC, 1, 17, 0}, 1, links},
	{{4026531840, NS_REF_PROC, 4711, 5000, 0}, 2, links},
	{{4026531841, NS_REF_MOUNT, 1, 17, 77}, 0, NULL}};
static struct catalog_target targets[] = {{"systemd(1)", "proc", "", 1, 1, 17},
	{"web", "docker", "", 4026531840, 4711, 5000}, {"web", "docker", "kind", 1, 12, 5},
	{"db", "docker", "a", 1, 13, 5}, {"db", "docker", "b", 4026531840, 14, 5},
	{"/proc/1/ns/mnt:/run/netns/blue", "bindmount", "", 4026531841, 0, 0}};
static const struct catalog catalog = {.n_netns = ARRAY_LEN(netns),
	.n_targets = ARRAY_LEN(targets),
	.netns = netns,
	.targets = targets};

static struct request_word *select_word(struct request_words *w, unsigned int which)
{
	struct request_word *const all[] = {
		&w->container, &w->netns, &w->nif, &w->filter, &w->chaste, &w->target, &w->snaplen};

	return all[which % ARRAY_LEN(all)];
}

/* Point into @text, which ends with a NUL. */
static void split(char *text, size_t len, struct request_words *w)
{
	for (size_t i = 0; i + 1 < len; i += strlen(text + i) + 1) {
		struct request_word *word = select_word(w, (unsigned char) text[i] & 0x7f);

		if (text[i] & 0x80)
			word->header = text + i + 1;
		else
			word->query = text + i + 1;
	}
}

/* The same words, all of them as headers. */
static struct request_words as_headers(const struct request_words *w)
{
	struct request_words h = *w;

	for (unsigned int i = 0; i < 7; i++) {
		struct request_word *word = select_word(&h, i);

		if (!word->header)
			word->header = word->query;
		word->query = NULL;
	}
	return h;
}

#define TARGETS_MAX 8

/* A plan has as many requests as it says; one that does not split anything leaves the words alone.
 */
static void check_plan(const struct request_words *w)
{
	struct refusal why = {0};
	struct plan p;
	int rc = plan_make(w, TARGETS_MAX, &p, &why);

	if (rc < 0) {
		assert(rc == -EINVAL || rc == -E2BIG);
		assert(why.text[0] && why.http_status == 400);
		return;
	}
	assert(p.n >= 1 && p.n <= TARGETS_MAX);
	for (size_t i = 0; i < p.n; i++) {
		const char *one = request_word_text(&p.each[i].container);

		assert(one == request_word_text(&w->container) || (p.texts && one == p.texts[i]));
	}
	plan_done(&p);
}

static void check_refusal(int rc, const struct refusal *why)
{
	assert(rc == -EINVAL || rc == -ENOENT || rc == -ENOTUNIQ || rc == -ENODEV);
	assert(why->text[0] && utf8_valid(why->text, strlen(why->text)));
	assert(why->http_status >= 400 && why->http_status < 500);
	assert(why->close_code == CLOSE_POLICY);
}

static void check_request(const struct request *r)
{
	const struct request_target *t = &r->target;

	assert(t->name && t->type && t->prefix && t->node_name && t->cluster_uid && r->filter);
	assert((t->pid == 0) == (t->starttime_ticks == 0));
	assert(r->all == (r->nif == NIF_ALL) && r->all == (r->n_names == 0));
	assert(r->n_names <= CONF_NAMES_MAX);
	assert(r->snaplen > 0 && r->snaplen <= CONF_SNAPLEN_MAX);
	for (uint32_t i = 0; i < r->n_names; i++) {
		for (uint32_t j = 0; j < i; j++)
			assert(strcmp(r->names[i], r->names[j]) != 0);
	}
}

static void check_names(const struct request *r, const struct catalog_netns *ns)
{
	assert(r->all || r->n_names > 0);
	for (uint32_t i = 0; i < r->n_names; i++) {
		bool found = false;

		for (uint32_t j = 0; j < ns->n_links; j++)
			found = found || strcmp(ns->links[j].name, r->names[i]) == 0;
		assert(found);
	}
}

static void resolve(struct request *r)
{
	struct refusal why = {0};
	struct ns_ref ref;
	const struct catalog_netns *ns;
	int rc = resolve_target(r, &catalog, CATALOG_CURRENT, &ref, &why);

	if (rc == -EAGAIN)
		rc = resolve_target(r, &catalog, CATALOG_FRESH, &ref, &why);
	if (rc < 0) {
		check_refusal(rc, &why);
		return;
	}
	assert(ref.inode != 0 && ref.inode == r->target.netns_inode);
	assert(ref.kind >= NS_REF_PROC && ref.kind < NS_REF_END);
	ns = catalog_find_netns(&catalog, ref.inode);
	rc = resolve_interfaces(r, ns, CATALOG_FRESH, &why);
	if (rc < 0)
		check_refusal(rc, &why);
	else if (ns)
		check_names(r, ns);
	resolve_forget(r);
	check_request(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request_words w = {0}, h;
	struct refusal why = {0}, why_h = {0};
	struct request r, r_h;
	AUTO_FREE char *text = malloc(size + 1);
	int rc;

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	split(text, size, &w);
	h = as_headers(&w);
	check_plan(&w);
	rc = request_decode(&w, &r, &why);
	assert(request_decode(&h, &r_h, &why_h) == rc);
	if (rc < 0) {
		check_refusal(rc, &why);
		assert(strcmp(why.text, why_h.text) == 0);
		return 0;
	}
	check_request(&r);
	assert(strcmp(r.target.name, r_h.target.name) == 0 && r.n_names == r_h.n_names);
	resolve(&r);
	request_done(&r);
	request_done(&r_h);
	return 0;
}
