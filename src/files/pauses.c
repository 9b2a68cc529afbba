/* SPDX-License-Identifier: MIT */
#include "files/pauses.h"

#include <poll.h>
#include <stddef.h>

#include "base/own.h"

/* The descriptors of a blocked worker are closed when it ends. */
static bool has_ended(int sock)
{
	struct pollfd p = {.fd = sock, .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLRDHUP | POLLERR);
}

static bool is_blocked(struct pause *e)
{
	if (e->place == 0 || e->sock < 0)
		return false;
	if (!has_ended(e->sock))
		return true;
	close_p(&e->sock);
	e->sock = -1;
	return false;
}

static struct pause *find(struct pauses *p, uint64_t place)
{
	for (size_t i = 0; i < PAUSES_MAX; i++) {
		if (p->v[i].place == place)
			return &p->v[i];
	}
	return NULL;
}

/* A free one, or the one whose pause is over for the longest time, without a blocked worker. */
static struct pause *find_room(struct pauses *p)
{
	struct pause *best = NULL;

	for (size_t i = 0; i < PAUSES_MAX; i++) {
		struct pause *e = &p->v[i];

		if (e->place == 0)
			return e;
		if (!is_blocked(e) && (!best || e->until_ns < best->until_ns))
			best = e;
	}
	return best;
}

static struct pause *get(struct pauses *p, uint64_t place)
{
	struct pause *e = find(p, place);

	if (e)
		return e;
	e = find_room(p);
	if (e)
		*e = (struct pause){.place = place, .sock = -1, .pause_ns = PAUSE_FIRST_NS};
	return e;
}

static void begin_pause(struct pause *e, int64_t now_ns)
{
	e->spent_ns = 0;
	e->until_ns = now_ns + e->pause_ns;
	e->pause_ns = e->pause_ns * 2 > PAUSE_MAX_NS ? PAUSE_MAX_NS : e->pause_ns * 2;
}

bool pauses_allow(struct pauses *p, uint64_t place, int64_t now_ns)
{
	struct pause *e = find(p, place);

	if (e)
		return !is_blocked(e) && now_ns >= e->until_ns;
	return find_room(p) != NULL;
}

void pauses_note(struct pauses *p, uint64_t place, int64_t now_ns, int64_t took_ns)
{
	struct pause *e = took_ns < PAUSE_SLOW_NS ? NULL : get(p, place);

	if (!e)
		return;
	e->spent_ns += took_ns;
	if (e->spent_ns >= PAUSE_BUDGET_NS)
		begin_pause(e, now_ns);
}

void pauses_note_blocked(struct pauses *p, uint64_t place, int64_t now_ns, int sock)
{
	struct pause *e = get(p, place);

	if (!e) {
		close_p(&sock);
		return;
	}
	e->sock = sock;
	begin_pause(e, now_ns);
}

void pauses_done(struct pauses *p)
{
	for (size_t i = 0; i < PAUSES_MAX; i++) {
		if (p->v[i].place)
			close_p(&p->v[i].sock);
	}
	*p = (struct pauses){0};
}
