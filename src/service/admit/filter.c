/* SPDX-License-Identifier: MIT */
#include "service/admit/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "base/own.h"
#include "netlink/linktype.h"

#define KINDS_MAX CONF_PROGRAMS_MAX

/* The filter for one link type while it is being made. */
struct kind {
	uint16_t linktype;
	const char *ifname;        /* a link of this type, NULL = none */
	bool impossible;           /* valid, but no packet can match */
	bool failed;               /* @words say why */
	struct sock_filter *insns; /* owned, NULL if impossible or failed */
	size_t n_insns;
	char words[PCAP_ERRBUF_SIZE];
};

struct kinds {
	struct kind k[KINDS_MAX];
	size_t n;
};

static void kinds_done(struct kinds *ks)
{
	for (size_t i = 0; i < ks->n; i++)
		free(ks->k[i].insns);
}

#define AUTO_KINDS __attribute__((cleanup(kinds_done)))

static void add_kind(struct kinds *ks, uint16_t linktype)
{
	for (size_t i = 0; i < ks->n; i++) {
		if (ks->k[i].linktype == linktype)
			return;
	}
	if (ks->n < KINDS_MAX)
		ks->k[ks->n++].linktype = linktype;
}

/* All link types there can be, with an example from @links. */
static void list_kinds(struct kinds *ks, const struct filter_link *links, size_t n)
{
	size_t n_rules;
	const struct linktype_rule *rules = linktype_rules(&n_rules);

	for (size_t i = 0; i < n_rules; i++)
		add_kind(ks, rules[i].linktype);
	add_kind(ks, LINKTYPE_LINUX_SLL);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < ks->n; j++) {
			if (ks->k[j].linktype == links[i].linktype && !ks->k[j].ifname)
				ks->k[j].ifname = links[i].name;
		}
	}
}

/* libpcap's number for a link type; they differ for raw IP only. */
static int dlt_of(uint16_t linktype)
{
	return linktype == LINKTYPE_RAW_IP ? DLT_RAW : linktype;
}

static int take_program(struct kind *k, const struct bpf_program *prog)
{
	k->insns = calloc(prog->bf_len, sizeof(*k->insns));
	if (!k->insns)
		return -ENOMEM;
	for (size_t i = 0; i < prog->bf_len; i++)
		k->insns[i] = (struct sock_filter){.code = prog->bf_insns[i].code,
			.jt = prog->bf_insns[i].jt,
			.jf = prog->bf_insns[i].jf,
			.k = prog->bf_insns[i].k};
	k->n_insns = prog->bf_len;
	return 0;
}

/* Compile @text for @k, which tells the outcome. Returns 0 or -ENOMEM. */
static int compile(struct kind *k, const char *text, uint32_t snaplen)
{
	pcap_t *p = pcap_open_dead(dlt_of(k->linktype), (int) snaplen);
	struct bpf_program prog;
	int rc = 0;

	if (!p)
		return -ENOMEM;
	if (pcap_compile(p, &prog, text, 1, PCAP_NETMASK_UNKNOWN) == 0) {
		rc = take_program(k, &prog);
		pcap_freecode(&prog);
	} else {
		memcpy(k->words, pcap_geterr(p), sizeof(k->words));
		k->words[sizeof(k->words) - 1] = '\0';
		/* The optimiser also fails when it finds that nothing can match. */
		k->impossible = pcap_compile(p, &prog, text, 0, PCAP_NETMASK_UNKNOWN) == 0;
		k->failed = !k->impossible;
		if (k->impossible)
			pcap_freecode(&prog);
	}
	pcap_close(p);
	return rc;
}

static int compile_all(struct kinds *ks, const struct capture_conf *conf)
{
	int rc = 0;

	for (size_t i = 0; i < ks->n && rc == 0; i++)
		rc = compile(&ks->k[i], conf->filter, conf->snaplen);
	return rc;
}

/* Refuse the filter if it does not fit the links there are; if there are none, it must fit some. */
static int judge(const struct kinds *ks, struct refusal *why)
{
	const struct kind *bad = NULL;
	size_t n_present = 0, n_fit = 0;
	bool nowhere = true;

	for (size_t i = 0; i < ks->n; i++) {
		const struct kind *k = &ks->k[i];

		nowhere = nowhere && !k->insns;
		n_present += k->ifname != NULL;
		n_fit += k->ifname && k->insns;
		if (k->failed && k->ifname && !bad)
			bad = k;
	}
	if (!bad && (nowhere || (n_present > 0 && n_fit == 0))) {
		for (size_t i = 0; i < ks->n && !bad; i++) {
			if (n_present == 0 || ks->k[i].ifname)
				bad = &ks->k[i];
		}
	}
	if (!bad)
		return 0;
	if (n_fit == 0)
		return refuse(
			why, -EINVAL, 400, CLOSE_POLICY, "invalid capture filter: %s", bad->words);
	return refuse(why, -EINVAL, 400, CLOSE_POLICY,
		"invalid capture filter: %s (interface \"%s\")", bad->words, bad->ifname);
}

static size_t total(const struct kinds *ks)
{
	size_t sum = 0;

	for (size_t i = 0; i < ks->n; i++)
		sum += ks->k[i].n_insns;
	return sum;
}

/* Give up link types that no link has now if all together are too much for the kernel. */
static int fit(struct kinds *ks, struct refusal *why)
{
	for (size_t i = 0; i < ks->n && total(ks) > FILTER_INSNS_MAX; i++) {
		struct kind *k = &ks->k[i];

		if (k->ifname)
			continue;
		free(k->insns);
		k->insns = NULL;
		k->n_insns = 0;
	}
	if (total(ks) <= FILTER_INSNS_MAX)
		return 0;
	return refuse(why, -EINVAL, 400, CLOSE_POLICY,
		"invalid capture filter: %zu instructions, the kernel takes %d", total(ks),
		FILTER_INSNS_MAX);
}

static void commit(struct capture_conf *conf, struct kinds *ks)
{
	for (size_t i = 0; i < ks->n; i++) {
		struct kind *k = &ks->k[i];

		conf->programs[i] = (struct conf_program){.linktype = k->linktype,
			.refuses = !k->insns,
			.n_insns = (uint16_t) k->n_insns,
			.insns = TAKE_PTR(k->insns)};
	}
	conf->n_programs = (uint16_t) ks->n;
}

int filter_compile(
	struct capture_conf *conf, const struct filter_link *links, size_t n, struct refusal *why)
{
	AUTO_KINDS struct kinds ks = {0};
	int rc;

	if (strlen(conf->filter) > CONF_FILTER_MAX)
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"invalid capture filter: more than %d bytes", CONF_FILTER_MAX);
	list_kinds(&ks, links, n);
	if (compile_all(&ks, conf) < 0)
		return refuse_nomem(why);
	rc = judge(&ks, why);
	if (rc == 0)
		rc = fit(&ks, why);
	if (rc == 0)
		commit(conf, &ks);
	return rc;
}
