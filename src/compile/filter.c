/* SPDX-License-Identifier: MIT */
#include "compile/filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "base/own.h"
#include "base/utf8.h"
#include "bpf/asm.h"
#include "netlink/linktype.h"
#include "compile/bpf_check.h"
#include "compile/bpf_sll.h"
#include "compile/filter_text.h"

#define KINDS_MAX CONF_PROGRAMS_MAX

/* Above this cost, only programs for link types that are there are compiled: the time of libpcap's
 * optimiser grows with the cube of the cost. */
#define FILTER_COST_LIGHT 2500

/* The filter for one link type while it is being made. */
struct kind {
	uint16_t linktype;
	const char *ifname;        /* a link of this type, NULL = none */
	bool impossible;           /* valid, but no packet can match */
	bool failed;               /* @words say why */
	struct sock_filter *insns; /* owned, NULL if impossible or failed */
	size_t n_insns;
	char words[PCAP_ERRBUF_SIZE]; /* unless there is a program: why not */
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

/* What libpcap makes of an expression. */
struct program {
	struct sock_filter *insns; /* owned, NULL if impossible or failed */
	size_t n;
	bool impossible;              /* valid, but no packet can match */
	char words[PCAP_ERRBUF_SIZE]; /* unless there is a program: why not */
};

static void program_done(struct program *p)
{
	free(p->insns);
}

#define AUTO_PROGRAM __attribute__((cleanup(program_done)))

static void complain(char words[PCAP_ERRBUF_SIZE], const char *text)
{
	(void) snprintf(words, PCAP_ERRBUF_SIZE, "%s", text);
}

static int take_program(struct program *ret, const struct bpf_program *prog)
{
	const char *wrong;

	ret->insns = calloc(prog->bf_len, sizeof(*ret->insns));
	if (!ret->insns)
		return -ENOMEM;
	for (size_t i = 0; i < prog->bf_len; i++)
		ret->insns[i] = (struct sock_filter){.code = prog->bf_insns[i].code,
			.jt = prog->bf_insns[i].jt,
			.jf = prog->bf_insns[i].jf,
			.k = prog->bf_insns[i].k};
	ret->n = prog->bf_len;
	bpf_restore_facts(ret->insns, ret->n);
	wrong = bpf_check(ret->insns, ret->n);
	if (!wrong)
		return 0;
	complain(ret->words, wrong);
	free(TAKE_PTR(ret->insns));
	return 0;
}

/* Let libpcap compile @text. Returns 0 or -ENOMEM; @ret, zeroed before, tells the outcome. */
static int compile(const char *text, uint16_t linktype, uint32_t snaplen, struct program *ret)
{
	pcap_t *p = pcap_open_dead(dlt_of(linktype), (int) snaplen);
	struct bpf_program prog;
	int rc = 0;

	if (!p)
		return -ENOMEM;
	if (pcap_compile(p, &prog, text, 1, PCAP_NETMASK_UNKNOWN) == 0) {
		rc = take_program(ret, &prog);
		pcap_freecode(&prog);
	} else {
		complain(ret->words, pcap_geterr(p));
		/* The optimiser also fails when it finds that nothing can match. */
		ret->impossible = pcap_compile(p, &prog, text, 0, PCAP_NETMASK_UNKNOWN) == 0;
		if (ret->impossible)
			pcap_freecode(&prog);
	}
	pcap_close(p);
	return rc;
}

/* Give @k the finished program of @a. */
static int finish(struct kind *k, const struct bpf_asm *a)
{
	AUTO_FREE struct sock_filter *insns = calloc(BPF_MAXINSNS, sizeof(*insns));
	ssize_t n;

	if (!insns)
		return -ENOMEM;
	n = bpf_asm_finish(a, insns, BPF_MAXINSNS);
	if (n == -ENOMEM)
		return -ENOMEM;
	if (n < 0) {
		k->failed = true;
		complain(k->words, "more instructions than the kernel takes");
		return 0;
	}
	k->insns = calloc((size_t) n, sizeof(*insns));
	if (!k->insns)
		return -ENOMEM;
	memcpy(k->insns, insns, (size_t) n * sizeof(*insns));
	k->n_insns = (size_t) n;
	return 0;
}

static void append(struct bpf_asm *a, const struct program *p)
{
	if (p->insns)
		bpf_asm_append(a, p->insns, p->n);
	else
		bpf_asm_op(a, BPF_RET | BPF_K, 0);
}

/* Choose between the two programs by whether the outer tag is beside the packet. */
static int join_vlan(struct kind *k, const struct program *plain, const struct program *stripped)
{
	struct bpf_asm a;
	int tagged, rc;

	bpf_asm_init(&a);
	tagged = bpf_asm_label(&a);
	bpf_asm_op(&a, BPF_LD | BPF_W | BPF_ABS, (uint32_t) SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT);
	bpf_asm_if(&a, BPF_JMP | BPF_JEQ | BPF_K, 0, BPF_LABEL_NEXT, tagged);
	append(&a, plain);
	bpf_asm_bind(&a, tagged);
	append(&a, stripped);
	rc = finish(k, &a);
	bpf_asm_done(&a);
	return rc;
}

static int cook(struct kind *k, const struct program *plain)
{
	const char *words = "";
	struct bpf_asm a;
	int rc = 0;

	bpf_asm_init(&a);
	if (bpf_sll_append(&a, plain->insns, plain->n, &words) < 0) {
		k->failed = true;
		complain(k->words, words);
	} else {
		rc = finish(k, &a);
	}
	bpf_asm_done(&a);
	return rc;
}

/* Make the program for @k. Returns 0 or -ENOMEM; @k tells the outcome. */
static int make(struct kind *k, const struct filter_text *t, uint32_t snaplen)
{
	AUTO_PROGRAM struct program plain = {0}, stripped = {0};
	bool twice = t->stripped && k->linktype == LINKTYPE_ETHERNET;

	if (compile(t->plain, k->linktype, snaplen, &plain) < 0)
		return -ENOMEM;
	if (twice && (plain.insns || plain.impossible) &&
		compile(t->stripped, k->linktype, snaplen, &stripped) < 0)
		return -ENOMEM;
	if (!plain.insns && !stripped.insns) {
		k->impossible = plain.impossible && (!twice || stripped.impossible);
		k->failed = !k->impossible;
		complain(k->words, plain.words);
		return 0;
	}
	if (twice && !stripped.insns && !stripped.impossible) {
		k->failed = true;
		complain(k->words, stripped.words);
		return 0;
	}
	if (twice)
		return join_vlan(k, &plain, &stripped);
	if (k->linktype == LINKTYPE_LINUX_SLL)
		return cook(k, &plain);
	k->n_insns = plain.n;
	k->insns = TAKE_PTR(plain.insns);
	return 0;
}

static size_t total(const struct kinds *ks)
{
	size_t sum = 0;

	for (size_t i = 0; i < ks->n; i++)
		sum += ks->k[i].n_insns;
	return sum;
}

/* Make the programs for link types that are there, as long as they fit into the kernel together. */
static int make_present(struct kinds *ks, const struct filter_text *t, uint32_t snaplen)
{
	int rc = 0;

	for (size_t i = 0; i < ks->n && rc == 0 && total(ks) <= FILTER_INSNS_MAX; i++) {
		if (ks->k[i].ifname)
			rc = make(&ks->k[i], t, snaplen);
	}
	return rc;
}

/* Make the programs for link types that only later links may have, as far as that is cheap. */
static int make_absent(struct kinds *ks, const struct filter_text *t, uint32_t snaplen)
{
	int rc = 0;

	for (size_t i = 0; i < ks->n && rc == 0; i++) {
		struct kind *k = &ks->k[i];
		size_t before = total(ks);

		if (k->ifname)
			continue;
		if (t->cost <= FILTER_COST_LIGHT)
			rc = make(k, t, snaplen);
		else
			k->impossible = true;
		if (before + k->n_insns > FILTER_INSNS_MAX) {
			free(TAKE_PTR(k->insns));
			k->n_insns = 0;
			k->impossible = true;
		}
	}
	return rc;
}

/* Refuse the filter if it does not fit the links there are; if there are none, it must fit some. */
static int judge(const struct kinds *ks, struct err *e)
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
		return err_set(e, -EINVAL, "invalid capture filter: %s", bad->words);
	return err_set(e, -EINVAL, "invalid capture filter: %s (interface \"%s\")", bad->words,
		bad->ifname);
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

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "out of memory");
}

/* Say that a name is unknown; but a syntax error comes first, as it does in libpcap. */
static int refuse_unknown(const struct filter_text *t, uint32_t snaplen, struct err *e)
{
	AUTO_PROGRAM struct program p = {0};

	if (compile(t->plain, LINKTYPE_ETHERNET, snaplen, &p) < 0)
		return no_memory(e);
	return err_set(e, -EINVAL, "invalid capture filter: %s",
		strstr(p.words, "syntax error") ? p.words : t->unknown);
}

static int compile_text(struct capture_conf *conf, const struct filter_text *t,
	const struct filter_link *links, size_t n, struct err *e)
{
	AUTO_KINDS struct kinds ks = {0};
	int rc;

	list_kinds(&ks, links, n);
	if (t->unknown[0])
		return refuse_unknown(t, conf->snaplen, e);
	if (make_present(&ks, t, conf->snaplen) < 0)
		return no_memory(e);
	if (total(&ks) > FILTER_INSNS_MAX)
		return err_set(e, -EINVAL, "invalid capture filter: more than %d instructions",
			FILTER_INSNS_MAX);
	if (make_absent(&ks, t, conf->snaplen) < 0)
		return no_memory(e);
	rc = judge(&ks, e);
	if (rc == 0)
		commit(conf, &ks);
	return rc;
}

int filter_compile(
	struct capture_conf *conf, const struct filter_link *links, size_t n, struct err *e)
{
	struct filter_text t;
	int rc;

	if (strlen(conf->filter) > CONF_FILTER_MAX)
		return err_set(
			e, -EINVAL, "invalid capture filter: more than %d bytes", CONF_FILTER_MAX);
	if (filter_text_prepare(conf->filter, &t) < 0)
		return no_memory(e);
	rc = compile_text(conf, &t, links, n, e);
	filter_text_done(&t);
	/* libpcap quotes the text as it is */
	if (rc < 0)
		utf8_sanitize(e->text, e->text, sizeof(e->text));
	return rc;
}
