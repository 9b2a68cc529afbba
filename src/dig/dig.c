/* SPDX-License-Identifier: MIT */
#include "dig/dig.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/own.h"
#include "proto/fdpass.h"

#define NAMES_LIMIT_NS   (10 * 1000000000LL) /* for the service to say what to dig */
#define CONNECT_LIMIT_NS (5 * 1000000000LL)
#define REPLIES_MAX      64 /* read in a row, then others have their turn */

/* Places in what is polled. */
enum {
	POLL_CONTROL,
	POLL_ICMP,
	POLL_ICMP6,
	POLL_RESOLVERS,
	POLL_END = POLL_RESOLVERS + DIG_RESOLVERS
};

/* Milliseconds until @at_ns, rounded up. */
static int wait_ms(int64_t at_ns)
{
	int64_t ns = at_ns - clock_mono_ns();

	return ns <= 0 ? 0 : (int) (ns / 1000000) + 1;
}

/* Send to the service, waiting for it if need be. Returns -EPIPE when it is gone. */
static int tell(const struct dig *d, const struct dig_msg *m)
{
	uint8_t bytes[DIG_MSG_BYTES];
	size_t len = dig_msg_encode(m, bytes);
	struct pollfd p = {.fd = d->control, .events = POLLOUT};
	int rc;

	while ((rc = fdpass_send(d->control, bytes, len, NULL, 0)) == -EAGAIN) {
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return -errno;
	}
	return rc < 0 ? -EPIPE : 0;
}

static int tell_found(const struct dig *d, const struct found *f)
{
	const struct address *a = &d->addresses[f->address];
	struct dig_msg m = {.kind = DIG_TOLD,
		.told = {.name = f->name, .family = a->family, .quality = a->quality}};

	memcpy(m.told.bytes, a->bytes, sizeof(m.told.bytes));
	return tell(d, &m);
}

/* The quality of an address has grown: all names that have it are told of again. */
static int raise_quality(struct dig *d, uint16_t address, enum dig_quality quality)
{
	int rc = 0;

	d->addresses[address].quality = (uint8_t) quality;
	for (size_t i = 0; i < d->n_found && rc == 0; i++) {
		if (d->found[i].address == address)
			rc = tell_found(d, &d->found[i]);
	}
	return rc;
}

/* The number of this address, which is a new one if need be; -ENOSPC when there are too many. */
static int number_of(struct dig *d, const struct address *a)
{
	for (size_t i = 0; i < d->n_addresses; i++) {
		if (d->addresses[i].family == a->family &&
			memcmp(d->addresses[i].bytes, a->bytes, sizeof(a->bytes)) == 0)
			return (int) i;
	}
	if (d->n_addresses == DIG_ADDRESSES_MAX)
		return -ENOSPC;
	d->addresses[d->n_addresses] = *a;
	return (int) d->n_addresses++;
}

static bool is_known(const struct dig *d, const struct found *f)
{
	for (size_t i = 0; i < d->n_found; i++) {
		if (d->found[i].name == f->name && d->found[i].address == f->address)
			return true;
	}
	return false;
}

/* @a was found for name @name: tell what is known of it by now. */
static int add_found(struct dig *d, uint16_t name, const struct address *a)
{
	int address = number_of(d, a);
	struct found f = {name, (uint16_t) address};

	if (address < 0 || d->n_found == DIG_FOUND_MAX || is_known(d, &f))
		return 0;
	d->found[d->n_found++] = f;
	return tell_found(d, &f);
}

static int ask(struct dig *d, struct resolver *r, uint16_t name, uint16_t type)
{
	const struct dns_question q = {d->names.v[name], type, d->next_id++};
	int rc = resolver_ask(r, &q, clock_mono_ns());

	r->tag = name;
	return rc;
}

/* The connection is of no use: another one takes over, and whatever was asked. */
static void give_up(struct dig *d, struct resolver *r)
{
	if (r->is_busy)
		d->again[d->n_again++] = r->tag;
	resolver_close(r);
}

/* Give a free resolver a name. */
static void feed_resolver(struct dig *d, struct resolver *r)
{
	while (r->fd >= 0 && !r->is_busy && (d->n_again > 0 || d->n_asked < d->names.n)) {
		uint16_t name = d->n_again > 0 ? d->again[--d->n_again] : d->n_asked++;
		int rc = ask(d, r, name, DNS_A);

		if (rc < 0 && rc != -EINVAL) {
			d->again[d->n_again++] = name;
			resolver_close(r);
		}
	}
}

static int take_answer(struct dig *d, struct resolver *r, const struct dns_addresses *a)
{
	uint16_t type = r->question.type, name = r->tag;
	int rc = 0;

	for (size_t i = 0; i < a->n && rc == 0; i++) {
		struct address found = {.family = type == DNS_A ? 4 : 6, .quality = DIG_UNVERIFIED};

		memcpy(found.bytes, a->bytes[i], sizeof(found.bytes));
		rc = add_found(d, name, &found);
	}
	if (rc == 0 && type == DNS_A && ask(d, r, name, DNS_AAAA) < 0) {
		d->again[d->n_again++] = name;
		resolver_close(r);
	}
	return rc;
}

static int on_resolver(struct dig *d, struct resolver *r, short events, int64_t now_ns)
{
	struct dns_addresses a;
	int rc = 0;

	if (events && !r->is_busy)
		rc = -EPROTO; /* closed, or speaks unasked */
	else if (events)
		rc = resolver_read(r, &a);
	if (rc > 0)
		return take_answer(d, r, &a);
	if (rc < 0)
		give_up(d, r);
	else if (r->is_busy && now_ns >= r->limit_ns)
		r->is_busy = false; /* the next name, perhaps it fares better */
	return 0;
}

/* True when no name is or will be asked for. */
static bool has_resolved(const struct dig *d)
{
	bool has_open = false;

	for (size_t i = 0; i < DIG_RESOLVERS; i++) {
		if (d->resolvers[i].is_busy)
			return false;
		has_open |= d->resolvers[i].fd >= 0;
	}
	return !has_open || (d->n_again == 0 && d->n_asked == d->names.n);
}

static int feed_verifiers(struct dig *d, int64_t now_ns)
{
	int rc = 0;

	for (size_t i = 0; i < DIG_RESOLVERS && rc == 0; i++) {
		if (d->verifiers[i].is_busy || d->n_verifying == d->n_addresses)
			continue;
		verifier_start(&d->verifiers[i], (uint16_t) d->n_verifying, now_ns);
		rc = raise_quality(d, (uint16_t) d->n_verifying++, DIG_VERIFYING);
	}
	return rc;
}

static int go_on(struct dig *d, struct verifier *v, int64_t now_ns)
{
	if (!v->is_busy || !verifier_go_on(v, &d->pinger, &d->addresses[v->address], now_ns))
		return 0;
	v->is_busy = false;
	return raise_quality(d, v->address, v->replied > 0 ? DIG_VERIFIED : DIG_INVALID);
}

static void take_replies(struct dig *d, size_t which)
{
	for (int n = 0; n < REPLIES_MAX; n++) {
		struct pong p;
		int rc = pinger_read(&d->pinger, which, &p);

		if (rc < 0)
			return;
		for (size_t i = 0; i < DIG_RESOLVERS && rc > 0; i++) {
			struct verifier *v = &d->verifiers[i];
			const struct address *a = &d->addresses[v->address];

			if (v->is_busy && v->address == p.address && a->family == p.from.family &&
				memcmp(a->bytes, p.from.bytes, sizeof(a->bytes)) == 0)
				verifier_heard(v, p.number);
		}
	}
}

/* Sockets are held as long as they are needed. */
static void close_resolvers(struct dig *d)
{
	for (size_t i = 0; i < DIG_RESOLVERS; i++)
		resolver_close(&d->resolvers[i]);
}

/* Begin what can be begun. Returns 1 when everything is done. */
static int begin_work(struct dig *d, int64_t now_ns)
{
	bool is_idle;
	int rc;

	for (size_t i = 0; i < DIG_RESOLVERS; i++)
		feed_resolver(d, &d->resolvers[i]);
	is_idle = has_resolved(d);
	if (is_idle)
		close_resolvers(d);
	rc = feed_verifiers(d, now_ns);
	for (size_t i = 0; i < DIG_RESOLVERS && rc == 0; i++) {
		rc = go_on(d, &d->verifiers[i], now_ns);
		is_idle &= !d->verifiers[i].is_busy;
	}
	if (rc < 0)
		return rc;
	return is_idle && d->n_verifying == d->n_addresses;
}

static int64_t due_ns(const struct dig *d)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < DIG_RESOLVERS; i++) {
		const struct resolver *r = &d->resolvers[i];
		const struct verifier *v = &d->verifiers[i];

		if (r->is_busy && r->limit_ns < at)
			at = r->limit_ns;
		if (v->is_busy && verifier_due_ns(v) < at)
			at = verifier_due_ns(v);
	}
	return at;
}

static void fill_polled(const struct dig *d, struct pollfd p[POLL_END])
{
	/* what the service has to say now is that it is gone */
	p[POLL_CONTROL] = (struct pollfd){.fd = d->control, .events = POLLIN};
	p[POLL_ICMP] = (struct pollfd){.fd = d->pinger.fd[0], .events = POLLIN};
	p[POLL_ICMP6] = (struct pollfd){.fd = d->pinger.fd[1], .events = POLLIN};
	for (size_t i = 0; i < DIG_RESOLVERS; i++)
		p[POLL_RESOLVERS + i] = (struct pollfd){.fd = d->resolvers[i].fd, .events = POLLIN};
}

/* Wait for something, and take it. */
static int step(struct dig *d)
{
	struct pollfd p[POLL_END];
	int64_t at = due_ns(d), now_ns;
	int rc = 0;

	fill_polled(d, p);
	if (poll(p, POLL_END, at == INT64_MAX ? -1 : wait_ms(at)) < 0)
		return errno == EINTR ? 0 : -errno;
	if (p[POLL_CONTROL].revents)
		return -EPIPE;
	now_ns = clock_mono_ns();
	for (size_t i = 0; i < 2; i++) {
		if (p[POLL_ICMP + i].revents)
			take_replies(d, i);
	}
	for (size_t i = 0; i < DIG_RESOLVERS && rc == 0; i++)
		rc = on_resolver(d, &d->resolvers[i], p[POLL_RESOLVERS + i].revents, now_ns);
	return rc;
}

static int receive_names(struct dig *d)
{
	int64_t limit_ns = clock_mono_ns() + NAMES_LIMIT_NS;
	struct pollfd p = {.fd = d->control, .events = POLLIN};
	uint8_t buf[DIG_MESSAGE_BYTES];

	while (!d->names.is_last) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		ssize_t n;
		int rc = poll(&p, 1, wait_ms(limit_ns));

		if (rc == 0)
			return -ETIMEDOUT;
		n = rc < 0 ? -errno : fdpass_recv(d->control, buf, sizeof(buf), &fds);
		if (n == -EAGAIN || n == -EINTR)
			continue;
		if (n == 0)
			return -EPIPE;
		rc = n < 0 ? (int) n : dig_names_decode(buf, (size_t) n, &d->names);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Wait until all connections to the resolver are there. */
static int wait_connected(const struct dig *d)
{
	int64_t limit_ns = clock_mono_ns() + CONNECT_LIMIT_NS;

	for (size_t i = 0; i < DIG_RESOLVERS; i++) {
		struct pollfd p = {.fd = d->resolvers[i].fd, .events = POLLOUT};
		int rc = poll(&p, 1, wait_ms(limit_ns));

		if (rc == 0)
			return -ETIMEDOUT;
		if (rc < 0)
			return -errno;
		if (p.revents != POLLOUT)
			return -ECONNREFUSED;
	}
	return 0;
}

static int announce(const struct dig *d)
{
	int rc = 0;

	for (uint16_t i = 0; i < d->names.n && rc == 0; i++) {
		const struct dig_msg m = {
			.kind = DIG_TOLD, .told = {.name = i, .quality = DIG_UNVERIFIED}};

		rc = tell(d, &m);
	}
	return rc;
}

int dig_run(struct dig *d)
{
	struct dig_msg end = {.kind = DIG_DONE};
	int rc = receive_names(d);

	if (rc < 0)
		return rc == -EPIPE ? 0 : rc;
	if (wait_connected(d) < 0)
		end.kind = DIG_FAILED;
	else
		rc = announce(d);
	while (rc == 0 && end.kind == DIG_DONE) {
		rc = begin_work(d, clock_mono_ns());
		if (rc == 0)
			rc = step(d);
		else if (rc > 0)
			break;
	}
	if (rc >= 0)
		rc = tell(d, &end);
	close_resolvers(d);
	return rc == -EPIPE ? 0 : rc;
}
