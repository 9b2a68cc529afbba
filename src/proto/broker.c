/* SPDX-License-Identifier: MIT */
#include "proto/broker.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "proto/fdpass.h"

static void put_ns_ref(struct wbuf *w, const struct ns_ref *n)
{
	wbuf_u64(w, n->inode);
	wbuf_u8(w, n->kind);
	wbuf_u32(w, n->pid);
	wbuf_u64(w, n->starttime_ticks);
	wbuf_u32(w, n->index);
}

static void get_ns_ref(struct rbuf *r, struct ns_ref *n)
{
	n->inode = rbuf_u64(r);
	n->kind = rbuf_u8(r);
	n->pid = rbuf_u32(r);
	n->starttime_ticks = rbuf_u64(r);
	n->index = rbuf_u32(r);
	if (n->kind < NS_REF_PROC || n->kind >= NS_REF_END)
		r->failed = true;
}

static void put_status(struct wbuf *w, const struct msg_status *s)
{
	wbuf_u32(w, (uint32_t) s->status);
	wbuf_str(w, s->text);
}

static void get_status(struct rbuf *r, struct msg_status *s)
{
	s->status = (int32_t) rbuf_u32(r);
	rbuf_str(r, s->text, sizeof(s->text));
	if (s->status > 0)
		r->failed = true;
}

static void put_capture_open(struct wbuf *w, const struct msg_capture_open *c)
{
	put_ns_ref(w, &c->ns);
	wbuf_u32(w, c->ring_bytes);
	wbuf_u32(w, c->stream_bytes);
	wbuf_u16(w, c->latency_ms);
}

static void get_capture_open(struct rbuf *r, struct msg_capture_open *c)
{
	get_ns_ref(r, &c->ns);
	c->ring_bytes = rbuf_u32(r);
	c->stream_bytes = rbuf_u32(r);
	c->latency_ms = rbuf_u16(r);
}

static uint8_t get_documents(struct rbuf *r)
{
	uint8_t documents = rbuf_u8(r);

	if (documents > MSG_DOCUMENTS)
		r->failed = true;
	return documents;
}

static void put_uts_refs(struct wbuf *w, const struct msg_uts_refs *u)
{
	wbuf_u8(w, u->n);
	for (size_t i = 0; i < u->n && i < MSG_UTS_MAX; i++) {
		wbuf_u64(w, u->v[i].inode);
		wbuf_u32(w, u->v[i].pid);
		wbuf_u64(w, u->v[i].starttime_ticks);
	}
}

static uint8_t get_uts_count(struct rbuf *r)
{
	uint8_t n = rbuf_u8(r);

	if (n < 1 || n > MSG_UTS_MAX)
		r->failed = true;
	return r->failed ? 0 : n;
}

static void get_uts_refs(struct rbuf *r, struct msg_uts_refs *u)
{
	u->n = get_uts_count(r);
	for (size_t i = 0; i < u->n; i++) {
		u->v[i].inode = rbuf_u64(r);
		u->v[i].pid = rbuf_u32(r);
		u->v[i].starttime_ticks = rbuf_u64(r);
	}
}

static void put_uts_names(struct wbuf *w, const struct msg_uts_names *u)
{
	wbuf_u8(w, u->n);
	for (size_t i = 0; i < u->n && i < MSG_UTS_MAX; i++)
		wbuf_str(w, u->v[i]);
}

static void get_uts_names(struct rbuf *r, struct msg_uts_names *u)
{
	u->n = get_uts_count(r);
	for (size_t i = 0; i < u->n; i++)
		rbuf_str(r, u->v[i], sizeof(u->v[i]));
}

static void put_tun(struct wbuf *w, const struct msg_tun *t)
{
	wbuf_u32(w, t->pid);
	wbuf_u64(w, t->starttime_ticks);
	wbuf_u32(w, t->fd);
}

static void get_tun(struct rbuf *r, struct msg_tun *t)
{
	t->pid = rbuf_u32(r);
	t->starttime_ticks = rbuf_u64(r);
	t->fd = rbuf_u32(r);
	if (t->fd > INT32_MAX)
		r->failed = true;
}

static void get_netlink_opened(struct rbuf *r, struct msg_netlink_opened *n)
{
	get_status(r, &n->status);
	n->nsid = (int32_t) rbuf_u32(r);
	if (n->nsid < -1)
		r->failed = true;
}

static void get_events_open(struct rbuf *r, struct msg_events_open *e)
{
	e->source = rbuf_u8(r);
	if (e->source < EVENTS_PROCESSES || e->source >= EVENTS_END)
		r->failed = true;
}

ssize_t msg_encode(const struct msg *m, uint8_t *ret, size_t cap_bytes)
{
	struct wbuf w = {.p = ret, .cap_bytes = cap_bytes};

	wbuf_u16(&w, m->op);
	wbuf_u16(&w, 0);
	wbuf_u32(&w, m->id);
	switch ((enum msg_op) m->op) {
	case MSG_CAPTURE_OPEN:
		put_capture_open(&w, &m->u.capture_open);
		break;
	case MSG_RING_MAKE:
		wbuf_u32(&w, m->u.ring_bytes);
		break;
	case MSG_NETLINK_OPEN:
	case MSG_PORTS_OPEN:
	case MSG_DIG_OPEN:
		put_ns_ref(&w, &m->u.ns_ref);
		break;
	case MSG_CAPTURE_OPENED:
	case MSG_RING_MADE:
	case MSG_CAPTURE_ENDED:
	case MSG_PORTS_OPENED:
	case MSG_EVENTS_OPENED:
	case MSG_DIG_OPENED:
	case MSG_COMPILE_OPENED:
		put_status(&w, &m->u.status);
		break;
	case MSG_RESTARTS:
		wbuf_u32(&w, m->u.restarts.service);
		wbuf_u32(&w, m->u.restarts.discover);
		wbuf_u8(&w, m->u.restarts.discover_is_silent);
		break;
	case MSG_RELOAD:
		wbuf_u8(&w, m->u.reload.has_tls);
		wbuf_u8(&w, m->u.reload.has_token);
		break;
	case MSG_CATALOG:
		wbuf_u64(&w, m->u.catalog.generation);
		wbuf_u64(&w, m->u.catalog.scan_ns);
		wbuf_u8(&w, m->u.catalog.documents);
		break;
	case MSG_NETLINK_OPENED:
		put_status(&w, &m->u.netlink_opened.status);
		wbuf_u32(&w, (uint32_t) m->u.netlink_opened.nsid);
		break;
	case MSG_EVENTS_OPEN:
		wbuf_u8(&w, m->u.events_open.source);
		break;
	case MSG_REFRESH:
	case MSG_CHECK:
		wbuf_u8(&w, m->u.refresh.documents);
		break;
	case MSG_TUN_ASK:
		put_tun(&w, &m->u.tun);
		break;
	case MSG_TUN_TOLD:
		wbuf_u64(&w, m->u.tun_netns);
		break;
	case MSG_UTS_NAMES:
		put_uts_refs(&w, &m->u.uts_refs);
		break;
	case MSG_UTS_NAMES_TOLD:
		put_uts_names(&w, &m->u.uts_names);
		break;
	case MSG_CAPTURE_KILL:
	case MSG_DIG_KILL:
	case MSG_COMPILE_OPEN:
	case MSG_COMPILE_KILL:
	case MSG_READY:
	case MSG_DISCOVER_LOST:
	case MSG_TARGET_EXITED:
	case MSG_SHUTDOWN:
	case MSG_CATALOG_CHANNEL:
	case MSG_CURRENT:
	case MSG_OUTDATED:
	case MSG_PING:
	case MSG_PONG:
		break;
	case MSG_OP_END:
	default:
		return -EINVAL;
	}
	return w.failed ? -ENOBUFS : (ssize_t) w.len_bytes;
}

static void get_fields(struct rbuf *r, struct msg *m)
{
	switch ((enum msg_op) m->op) {
	case MSG_CAPTURE_OPEN:
		get_capture_open(r, &m->u.capture_open);
		break;
	case MSG_RING_MAKE:
		m->u.ring_bytes = rbuf_u32(r);
		break;
	case MSG_NETLINK_OPEN:
	case MSG_PORTS_OPEN:
	case MSG_DIG_OPEN:
		get_ns_ref(r, &m->u.ns_ref);
		break;
	case MSG_CAPTURE_OPENED:
	case MSG_RING_MADE:
	case MSG_CAPTURE_ENDED:
	case MSG_PORTS_OPENED:
	case MSG_EVENTS_OPENED:
	case MSG_DIG_OPENED:
	case MSG_COMPILE_OPENED:
		get_status(r, &m->u.status);
		break;
	case MSG_RESTARTS:
		m->u.restarts.service = rbuf_u32(r);
		m->u.restarts.discover = rbuf_u32(r);
		m->u.restarts.discover_is_silent = rbuf_flag(r);
		break;
	case MSG_RELOAD:
		m->u.reload.has_tls = rbuf_flag(r);
		m->u.reload.has_token = rbuf_flag(r);
		break;
	case MSG_CATALOG:
		m->u.catalog.generation = rbuf_u64(r);
		m->u.catalog.scan_ns = rbuf_u64(r);
		m->u.catalog.documents = get_documents(r);
		break;
	case MSG_NETLINK_OPENED:
		get_netlink_opened(r, &m->u.netlink_opened);
		break;
	case MSG_EVENTS_OPEN:
		get_events_open(r, &m->u.events_open);
		break;
	case MSG_REFRESH:
	case MSG_CHECK:
		m->u.refresh.documents = get_documents(r);
		break;
	case MSG_TUN_ASK:
		get_tun(r, &m->u.tun);
		break;
	case MSG_TUN_TOLD:
		m->u.tun_netns = rbuf_u64(r);
		break;
	case MSG_UTS_NAMES:
		get_uts_refs(r, &m->u.uts_refs);
		break;
	case MSG_UTS_NAMES_TOLD:
		get_uts_names(r, &m->u.uts_names);
		break;
	case MSG_CAPTURE_KILL:
	case MSG_DIG_KILL:
	case MSG_COMPILE_OPEN:
	case MSG_COMPILE_KILL:
	case MSG_READY:
	case MSG_DISCOVER_LOST:
	case MSG_TARGET_EXITED:
	case MSG_SHUTDOWN:
	case MSG_CATALOG_CHANNEL:
	case MSG_CURRENT:
	case MSG_OUTDATED:
	case MSG_PING:
	case MSG_PONG:
		break;
	case MSG_OP_END:
	default:
		r->failed = true;
	}
}

int msg_decode(const uint8_t *p, size_t len_bytes, struct msg *ret)
{
	struct rbuf r = {.p = p, .len_bytes = len_bytes};
	struct msg m;
	uint16_t zero;

	memset(&m, 0, sizeof(m));
	m.op = rbuf_u16(&r);
	zero = rbuf_u16(&r);
	m.id = rbuf_u32(&r);
	get_fields(&r, &m);
	if (zero != 0 || !rbuf_at_end(&r))
		return -EBADMSG;
	*ret = m;
	return 0;
}

bool ns_ref_is_same(const struct ns_ref *a, const struct ns_ref *b)
{
	return a->inode == b->inode && a->kind == b->kind && a->pid == b->pid &&
	       a->starttime_ticks == b->starttime_ticks && a->index == b->index;
}

int msg_send(int sock, const struct msg *m, const int *fds, size_t n_fds)
{
	uint8_t buf[MSG_MAX_BYTES];
	ssize_t n = msg_encode(m, buf, sizeof(buf));

	if (n < 0)
		return (int) n;
	return fdpass_send(sock, buf, (size_t) n, fds, n_fds);
}

int msg_recv(int sock, struct msg *ret, struct fdset *ret_fds)
{
	uint8_t buf[MSG_MAX_BYTES];
	struct fdset fds = FDSET_NONE;
	ssize_t n = fdpass_recv(sock, buf, sizeof(buf), &fds);
	int rc;

	if (n <= 0)
		return (int) n;
	rc = msg_decode(buf, (size_t) n, ret);
	if (rc < 0) {
		fdset_done(&fds);
		return rc;
	}
	*ret_fds = fds;
	return 1;
}
