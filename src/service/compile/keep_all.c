/* SPDX-License-Identifier: MIT */
#include "service/compile/keep_all.h"

#include <errno.h>
#include <stdlib.h>

#include "netlink/linktype.h"

static int add(struct capture_conf *conf, uint16_t linktype)
{
	struct sock_filter *insns;

	for (uint16_t i = 0; i < conf->n_programs; i++) {
		if (conf->programs[i].linktype == linktype)
			return 0;
	}
	insns = malloc(sizeof(*insns));
	if (!insns || conf->n_programs == CONF_PROGRAMS_MAX) {
		free(insns);
		return -ENOMEM;
	}
	*insns = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, conf->snaplen);
	conf->programs[conf->n_programs++] =
		(struct conf_program){.linktype = linktype, .n_insns = 1, .insns = insns};
	return 0;
}

int keep_all(struct capture_conf *conf)
{
	size_t n;
	const struct linktype_rule *rules = linktype_rules(&n);
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = add(conf, rules[i].linktype);
	if (rc == 0)
		rc = add(conf, LINKTYPE_LINUX_SLL);
	while (rc < 0 && conf->n_programs > 0) {
		free(conf->programs[--conf->n_programs].insns);
		conf->programs[conf->n_programs] = (struct conf_program){0};
	}
	return rc;
}
