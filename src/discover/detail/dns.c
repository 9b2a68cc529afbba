/* SPDX-License-Identifier: MIT */
#include "discover/detail/dns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/own.h"
#include "base/grow.h"
#include "files/root_path.h"

int dns_files_init(struct dns_files *f, int procfd)
{
	*f = (struct dns_files){.procfd = procfd, .buf = malloc(DNS_FILE_MAX_BYTES)};
	return f->buf ? 0 : -ENOMEM;
}

static void dns_free(struct dns *d)
{
	if (d) {
		dns_resolv_done(&d->resolv);
		dns_hosts_done(&d->hosts);
	}
	free(d);
}

void dns_files_done(struct dns_files *f)
{
	for (size_t i = 0; i < f->n; i++)
		dns_free(f->v[i].dns);
	free(f->v);
	free(f->buf);
	inode_map_done(&f->index);
	*f = (struct dns_files){.procfd = -1};
}

/* The text of @path below @root, "" if there is none. */
static char *read_text(struct dns_files *f, int root, const char *path)
{
	if (root_path_read_at(root, path, f->buf, DNS_FILE_MAX_BYTES) < 0)
		f->buf[0] = '\0';
	return f->buf;
}

/* What @d keeps counts; beyond the limit its names are given up. */
static void count_bytes(struct dns_files *f, struct dns *d)
{
	size_t bytes = d->hosts.n * sizeof(*d->hosts.v);

	for (size_t i = 0; i < d->hosts.n; i++)
		bytes += strlen(d->hosts.v[i].name);
	for (size_t i = 0; i < d->resolv.n_search; i++)
		bytes += strlen(d->resolv.search[i]);
	if (bytes > DNS_KEPT_MAX_BYTES - f->kept_bytes) {
		dns_resolv_done(&d->resolv);
		dns_hosts_done(&d->hosts);
		return;
	}
	f->kept_bytes += bytes;
}

static struct dns *read_root(struct dns_files *f, int root)
{
	struct dns *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	dns_parse_name(read_text(f, root, "/etc/hostname"), d->etc_hostname);
	dns_parse_name(read_text(f, root, "/etc/domainname"), d->domainname);
	if (dns_parse_resolv(read_text(f, root, "/etc/resolv.conf"), &d->resolv) < 0 ||
		dns_parse_hosts(read_text(f, root, "/etc/hosts"), &d->hosts) < 0) {
		dns_free(d);
		return NULL;
	}
	count_bytes(f, d);
	return d;
}

/* Which directory @root is: mounts have numbers of their own in the whole system, so that one
 * directory below two mounts, with other files mounted into it, counts as two. */
static int identify(int root, struct dns_root *ret)
{
	struct statx st;

	if (statx(root, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &st) < 0)
		return -errno;
	ret->mount = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0;
	ret->inode = st.stx_ino;
	return ret->mount ? 0 : -EOPNOTSUPP;
}

/* Two roots may have one key: that only costs a reading. */
static uint64_t key_of(const struct dns_root *r)
{
	uint64_t key = r->mount << 32 ^ r->inode;

	return key ? key : 1;
}

static int add_root(struct dns_files *f, int root, const struct dns_root *r, const struct dns **ret)
{
	struct dns_root *v = grow(f->v, f->n, &f->cap, sizeof(*v));

	if (!v)
		return -ENOMEM;
	f->v = v;
	v[f->n] = *r;
	v[f->n].dns = read_root(f, root);
	if (!v[f->n].dns)
		return -ENOMEM;
	*ret = v[f->n].dns;
	return inode_map_add(&f->index, key_of(r), (uint32_t) f->n++) < 0 ? -ENOMEM : 0;
}

int dns_files_read(struct dns_files *f, const struct process *p, const struct dns **ret)
{
	AUTO_CLOSE int root = root_path_root(f->procfd, p->pid);
	struct dns_root r = {0};
	struct procstat st;
	const uint32_t *at;

	*ret = NULL;
	/* the root is held; if the process is still itself, then it was its root that was opened */
	if (root < 0 || identify(root, &r) < 0 || procstat_read(f->procfd, p->pid, &st) < 0 ||
		st.starttime_ticks != p->starttime_ticks)
		return 0;
	at = inode_map_get(&f->index, key_of(&r));
	if (at && f->v[*at].mount == r.mount && f->v[*at].inode == r.inode) {
		*ret = f->v[*at].dns;
		return 0;
	}
	return add_root(f, root, &r, ret);
}

static void put_strings(struct text *t, const struct dns *d)
{
	text_put_string(t, "etc-hostname", d ? d->etc_hostname : "");
	text_put_string(t, "domainname", d ? d->domainname : "");
}

static void put_resolv(struct text *t, const struct dns_resolv *r)
{
	text_put_key(t, "nameservers");
	text_put(t, "[");
	for (size_t i = 0; i < r->n_servers; i++) {
		text_next(t);
		text_put_json(t, r->servers[i]);
	}
	text_put(t, "]");
	text_put_key(t, "searchlist");
	text_put(t, "[");
	for (size_t i = 0; i < r->n_search; i++) {
		text_next(t);
		text_put_json(t, r->search[i]);
	}
	text_put(t, "]");
}

static void put_hosts(struct text *t, const struct dns_hosts *h)
{
	for (size_t i = 0; i < h->n; i++) {
		text_next(t);
		text_put(t, "{");
		text_put_string(t, "name", h->v[i].name);
		text_put_string(t, "address", h->v[i].address);
		text_put(t, "}");
	}
}

void dns_put(struct text *t, const struct dns *d, const char *uts_name)
{
	text_put(t, "{");
	text_put_string(t, "uts-hostname", uts_name);
	put_strings(t, d);
	if (d)
		put_resolv(t, &d->resolv);
	else
		text_put(t, ",\"nameservers\":null,\"searchlist\":null");
	text_put_key(t, "etc-hosts");
	text_put(t, "[");
	if (d)
		put_hosts(t, &d->hosts);
	text_put(t, "]}");
}
