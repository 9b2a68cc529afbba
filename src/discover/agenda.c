/* SPDX-License-Identifier: MIT */
#include "discover/agenda.h"

#define MS_NS         1000000LL
#define REST          10 /* times what was worked */
#define BLIND_REST_NS (AGENDA_BLIND_REST_MS * MS_NS)
#define CREDIT_NS     (REST * AGENDA_BURST_MS * MS_NS)

static int64_t at_least(int64_t v, int64_t min)
{
	return v < min ? min : v;
}

static int64_t at_most(int64_t v, int64_t max)
{
	return v > max ? max : v;
}

/* When the next whole scan is due that nobody waits for. */
static int64_t rest_until(const struct agenda *a, const struct agenda_wants *w)
{
	int64_t rest_ns = AGENDA_REST_MS * MS_NS;

	/* the first scan behind a request answers it */
	for (uint32_t i = 1; !w->is_told && i < a->n_unrequested && rest_ns < BLIND_REST_NS; i++)
		rest_ns *= 2;
	if (!w->is_told)
		rest_ns = at_most(rest_ns, BLIND_REST_NS);
	rest_ns = at_least(a->whole_took_ns * 200, rest_ns);
	if (w->is_lost)
		rest_ns = at_least(a->whole_took_ns * 20, AGENDA_LOST_MS * MS_NS);
	if (!w->is_told && w->announced)
		rest_ns = at_least(a->whole_took_ns, AGENDA_GAP_MS * MS_NS);
	return a->whole_ended_ns + rest_ns;
}

/* When an update is due, INT64_MAX if there is no need for one. */
static int64_t update_at(const struct agenda *a, const struct agenda_wants *w)
{
	bool has_news = w->has_changed || w->announced;

	if (!w->is_told || w->is_lost)
		return INT64_MAX;
	/* half of a core for those who wait; whole scans have their own rest */
	if (w->documents || (w->confirm_asked && has_news))
		return a->update_ended_ns + at_most(a->update_took_ns, AGENDA_GAP_MAX_MS * MS_NS);
	if (has_news)
		return a->ended_ns + at_least(a->debt_ns - CREDIT_NS, 0);
	return INT64_MAX;
}

enum agenda_kind agenda_next(
	const struct agenda *a, const struct agenda_wants *w, int64_t now_ns, int64_t *ret_at_ns)
{
	bool is_blind = !w->is_told || w->is_lost;
	int64_t whole_ns = rest_until(a, w), update_ns = update_at(a, w);

	if (a->whole_ended_ns == 0 || w->whole_asked ||
		(is_blind && (w->confirm_asked || w->documents)))
		whole_ns = now_ns;
	*ret_at_ns = whole_ns < update_ns ? whole_ns : update_ns;
	if (*ret_at_ns > now_ns)
		return AGENDA_NOTHING;
	return whole_ns <= now_ns ? AGENDA_WHOLE : AGENDA_UPDATE;
}

void agenda_request(struct agenda *a)
{
	a->n_unrequested = 0;
}

void agenda_note(struct agenda *a, enum agenda_kind kind, int64_t began_ns, int64_t ended_ns)
{
	/* what was rested since the last one is paid */
	a->debt_ns = at_least(a->debt_ns - (ended_ns - a->ended_ns), 0);
	if (kind == AGENDA_UPDATE)
		a->debt_ns = at_most(a->debt_ns + REST * (ended_ns - began_ns),
			CREDIT_NS + AGENDA_GAP_MAX_MS * MS_NS);
	a->ended_ns = ended_ns;
	if (kind == AGENDA_WHOLE) {
		a->whole_ended_ns = ended_ns;
		a->whole_took_ns = ended_ns - began_ns;
		a->n_unrequested++;
	} else {
		a->update_ended_ns = ended_ns;
		a->update_took_ns = ended_ns - began_ns;
	}
}
