/* SPDX-License-Identifier: MIT */
#include "reader/verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/run.h"
#include "reader/filter.h"

void verdict_done(struct verdict *v)
{
	free(v->prog);
	memset(v, 0, sizeof(*v));
}

static int attach(int sock, const struct sock_filter *prog, size_t n)
{
	return n <= BPF_MAXINSNS ? filter_attach(sock, prog, n) : -ENOMEM;
}

int verdict_install(int sock, const struct sock_filter *prog, size_t n, bool *ret_refused)
{
	int rc = attach(sock, prog, n);

	if (rc != -ENOMEM)
		return rc;
	*ret_refused = true;
	rc = filter_detach(sock);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	/* the old program does not count any more */
	rc = attach(sock, prog, n);
	return rc == -ENOMEM ? 0 : rc;
}

bool verdict_keeps(const struct verdict *v, uint32_t snaplen, struct packet *p)
{
	const struct bpf_packet b = {.bytes = p->data,
		.len_bytes = p->caplen,
		.cut_bytes = p->len - p->caplen,
		.network_at = p->net_at,
		.protocol = p->protocol,
		.hatype = p->arphrd,
		.pkttype = p->pkttype,
		.ifindex = p->ifindex,
		.tagged = p->has_vlan,
		.tci = p->vlan_tci};
	uint32_t keep;

	if (p->caplen < p->len && p->caplen == snaplen)
		return true;
	keep = bpf_run(v->prog, v->n, &b);
	if (keep < p->caplen)
		p->caplen = keep;
	return keep > 0;
}
