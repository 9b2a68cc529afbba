/* SPDX-License-Identifier: MIT */
/* When discovery looks at the host, and what it keeps from one look to the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "discover/agenda.h"
#include "discover/host/id_set.h"
#include "discover/host/link_changes.h"
#include "discover/host/netns_set.h"
#include "discover/host/proc_events.h"
#include "discover/live.h"

#define MS 1000000LL

/* A whole scan that took @took_ms ended at 0. */
static struct agenda after_scan(int64_t took_ms)
{
	return (struct agenda){.ended_ns = 1, .whole_ended_ns = 1, .whole_took_ns = took_ms * MS};
}

static void what_is_due_follows_from_what_is_wanted(void **state)
{
	static const struct {
		const char *what;
		struct agenda_wants wants;
		int64_t now_ms;
		enum agenda_kind kind;
	} rows[] = {
		{"rest", {.is_told = true}, 1000, AGENDA_NOTHING},
		{"the end of the rest", {.is_told = true}, 20001, AGENDA_WHOLE},
		{"a scan is asked for", {.is_told = true, .whole_asked = true}, 1, AGENDA_WHOLE},
		{"asked at rest", {.is_told = true, .confirm_asked = true}, 1000, AGENDA_NOTHING},
		{"asked where nothing is told", {.confirm_asked = true}, 1000, AGENDA_WHOLE},
		{"asked after a loss", {.is_told = true, .is_lost = true, .confirm_asked = true},
			1000, AGENDA_WHOLE},
		{"a loss nobody asks about", {.is_told = true, .is_lost = true}, 1000,
			AGENDA_NOTHING},
		{"a loss after a while", {.is_told = true, .is_lost = true}, 2001, AGENDA_WHOLE},
		{"a change", {.is_told = true, .has_changed = true}, 1, AGENDA_UPDATE},
		{"a change somebody asks about",
			{.is_told = true, .has_changed = true, .confirm_asked = true}, 101,
			AGENDA_UPDATE},
		{"an announcement", {.is_told = true, .announced = true}, 1, AGENDA_UPDATE},
		{"an announcement where nothing is told", {.announced = true}, 101, AGENDA_WHOLE},
		{"documents", {.is_told = true, .documents = true}, 101, AGENDA_UPDATE},
	};
	const struct agenda a = after_scan(100);

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t at_ns;

		if (agenda_next(&a, &rows[i].wants, rows[i].now_ms * MS, &at_ns) != rows[i].kind)
			fail_msg("%s", rows[i].what);
	}
}

static void the_first_scan_is_whole_and_at_once(void **state)
{
	const struct agenda_wants w = {.is_told = true};
	const struct agenda a = {0};
	int64_t at_ns;

	(void) state;
	assert_int_equal(agenda_next(&a, &w, 5, &at_ns), AGENDA_WHOLE);
}

static void long_scans_are_rare(void **state)
{
	const struct agenda_wants w = {.is_told = true};
	const struct agenda a = after_scan(1000);
	int64_t at_ns;

	(void) state;
	assert_int_equal(agenda_next(&a, &w, 100000 * MS, &at_ns), AGENDA_NOTHING);
	assert_int_equal(at_ns, 200000 * MS + 1);
}

/* How long the next update has to wait after @n of @took_ms each, one behind the other. */
static int64_t rest_after(int n, int64_t took_ms)
{
	const struct agenda_wants w = {.is_told = true, .has_changed = true};
	struct agenda a = after_scan(100);
	int64_t now_ns = 1, at_ns = 0;

	for (int i = 0; i < n; i++) {
		agenda_note(&a, AGENDA_UPDATE, now_ns, now_ns + took_ms * MS);
		now_ns += took_ms * MS;
	}
	(void) agenda_next(&a, &w, now_ns, &at_ns);
	return (at_ns - now_ns) / MS;
}

static void updates_rest_once_they_have_taken_their_share(void **state)
{
	(void) state;
	assert_int_equal(rest_after(1, 20), 0);
	assert_int_equal(rest_after(10, 20), 0);
	assert_in_range(rest_after(12, 20), 1, AGENDA_GAP_MAX_MS);
	assert_int_equal(rest_after(200, 20), AGENDA_GAP_MAX_MS);
	assert_int_equal(rest_after(1, 5000), AGENDA_GAP_MAX_MS);
}

static void a_rest_pays_for_what_was_done_before(void **state)
{
	const struct agenda_wants w = {.is_told = true, .has_changed = true};
	struct agenda a = after_scan(100);
	int64_t at_ns;

	(void) state;
	agenda_note(&a, AGENDA_UPDATE, 0, 5000 * MS);
	agenda_note(&a, AGENDA_UPDATE, 9000 * MS, 9010 * MS);
	assert_int_equal(agenda_next(&a, &w, 9010 * MS, &at_ns), AGENDA_UPDATE);
}

/* When somebody who asks gets an update, in ms after a scan of @kind that took 600 ms. */
static int64_t rest_ms(struct agenda *a, bool is_told)
{
	const struct agenda_wants w = {.is_told = is_told};
	int64_t at_ns, ended_ns = a->whole_ended_ns;

	assert_int_equal(agenda_next(a, &w, ended_ns, &at_ns), AGENDA_NOTHING);
	agenda_note(a, AGENDA_WHOLE, at_ns, at_ns + MS);
	return (at_ns - ended_ns) / MS;
}

static void scans_without_events_and_requests_become_rare(void **state)
{
	static const int64_t expected_ms[] = {10000, 20000, 40000, 60000, 60000};
	struct agenda blind = after_scan(1), sees = after_scan(1);

	(void) state;
	for (int turn = 0; turn < 2; turn++) {
		agenda_note(&blind, AGENDA_WHOLE, blind.ended_ns, blind.ended_ns + MS);
		for (size_t i = 0; i < ARRAY_LEN(expected_ms); i++) {
			assert_int_equal(rest_ms(&blind, false), expected_ms[i]);
			assert_int_equal(rest_ms(&sees, true), 10000);
		}
		agenda_request(&blind);
	}
}

static int64_t asked_after(enum agenda_kind kind)
{
	const struct agenda_wants w = {.is_told = true, .has_changed = true, .confirm_asked = true};
	struct agenda a = after_scan(100);
	int64_t at_ns = 0;

	agenda_note(&a, AGENDA_UPDATE, 1000 * MS, 1020 * MS);
	agenda_note(&a, kind, 2000 * MS, 2600 * MS);
	(void) agenda_next(&a, &w, 2600 * MS, &at_ns);
	return at_ns > 2600 * MS ? at_ns / MS - 2600 : 0;
}

static void who_asks_does_not_wait_for_the_rest_of_a_whole_scan(void **state)
{
	(void) state;
	assert_int_equal(asked_after(AGENDA_WHOLE), 0);
	assert_int_equal(asked_after(AGENDA_UPDATE), AGENDA_GAP_MAX_MS);
}

static struct netns_set one_namespace(uint64_t inode, uint32_t pid, uint64_t starttime_ticks)
{
	const struct ns_ref ref = {.inode = inode,
		.kind = NS_REF_PROC,
		.pid = pid,
		.starttime_ticks = starttime_ticks};
	struct netns_set s = {0};

	assert_int_equal(netns_set_add(&s, &ref, NULL), 0);
	netns_set_sort(&s);
	return s;
}

static struct netns_set with_links(uint64_t inode, uint32_t pid)
{
	struct netns_set s = one_namespace(inode, pid, 5);

	s.v[0].links = calloc(1, sizeof(*s.v[0].links));
	assert_non_null(s.v[0].links);
	s.v[0].n_links = 1;
	s.v[0].has_links = true;
	s.v[0].nsid = 4;
	return s;
}

static struct link_event link_event(uint32_t ifindex, bool is_gone)
{
	return (struct link_event){
		.kind = LINK_EVENT_LINK, .is_gone = is_gone, .link = {.ifindex = ifindex}};
}

static struct link_event addr_event(uint8_t last, bool is_gone)
{
	return (struct link_event){.kind = LINK_EVENT_ADDR,
		.is_gone = is_gone,
		.addr = {.ifindex = 1, .family = 4, .bytes = {192, 0, 2, last}}};
}

static void the_last_word_about_a_link_counts(void **state)
{
	const struct link_event told[] = {link_event(7, false), link_event(3, false),
		link_event(7, true), link_event(9, false), link_event(3, false),
		addr_event(1, false), addr_event(2, false), addr_event(2, false),
		addr_event(1, true), addr_event(5, true)};
	struct netns_set set = with_links(100, 7);
	struct link_changes c = {0};

	(void) state;
	set.v[0].links[0].ifindex = 5;
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		assert_int_equal(link_changes_add(&c, &set.v[0], &told[i]), 0);
	link_changes_apply(&c, &set);
	assert_true(set.v[0].has_links);
	assert_int_equal(set.v[0].n_links, 3);
	assert_int_equal(set.v[0].links[0].ifindex, 3);
	assert_int_equal(set.v[0].links[1].ifindex, 5);
	assert_int_equal(set.v[0].links[2].ifindex, 9);
	assert_int_equal(set.v[0].n_addrs, 1);
	assert_int_equal(set.v[0].addrs[0].bytes[3], 2);
	link_changes_done(&c);
	netns_set_done(&set);
}

static void links_are_listed_again_where_numbers_went_to_another_namespace(void **state)
{
	const struct link_event told = link_event(7, false);
	static const struct {
		uint64_t inode;
		uint32_t pid;
		int32_t nsid;
		bool is_kept;
	} rows[] = {
		{100, 7, 4, true},
		{100, 8, 5, false},
		{200, 8, 4, false},
		{200, 8, 5, true},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct netns_set before = with_links(100, 7);
		struct netns_set set = with_links(rows[i].inode, rows[i].pid);
		struct link_changes c = {0};

		set.v[0].nsid = rows[i].nsid;
		assert_int_equal(link_changes_add(&c, &before.v[0], &told), 0);
		link_changes_apply(&c, &set);
		assert_int_equal(set.v[0].has_links, rows[i].is_kept);
		link_changes_done(&c);
		netns_set_done(&before);
		netns_set_done(&set);
	}
}

static void changes_of_links_have_a_limit(void **state)
{
	struct link_event told = link_event(7, false);
	struct netns_set set = with_links(100, 7);
	struct link_changes c = {0};

	(void) state;
	for (int i = 0; i < LINK_CHANGES_MAX; i++)
		assert_int_equal(link_changes_add(&c, &set.v[0], &told), 0);
	assert_int_equal(link_changes_add(&c, &set.v[0], &told), -ENOSPC);
	link_changes_done(&c);
	told.kind = LINK_EVENT_UNCLEAR;
	assert_int_equal(link_changes_add(&c, &set.v[0], &told), -ENOSPC);
	netns_set_done(&set);
}

static void a_set_is_sorted_and_holds_each_number_once(void **state)
{
	struct id_set s = {0};

	(void) state;
	for (uint64_t i = 0; i < 100; i++)
		id_set_add(&s, (i * 7) % 10);
	id_set_sort(&s);
	assert_int_equal(s.n, 10);
	for (uint64_t i = 0; i < 10; i++)
		assert_true(s.v[i] == i && id_set_has(&s, i));
	assert_false(id_set_has(&s, 10));
	id_set_done(&s);
}

static void a_set_has_a_limit_and_says_so(void **state)
{
	struct id_set s = {0};

	(void) state;
	for (uint64_t i = 0; i < ID_SET_MAX; i++)
		id_set_add(&s, i);
	assert_false(s.cut);
	id_set_add(&s, ID_SET_MAX);
	assert_true(s.cut && s.n == ID_SET_MAX);
	id_set_done(&s);
}

struct told {
	enum proc_event_kind kind;
	int32_t pid;
	int n;
};

static void note(void *ctx, enum proc_event_kind kind, int32_t pid)
{
	struct told *t = ctx;

	*t = (struct told){kind, pid, t->n + 1};
}

/* Parse an event as the kernel sends it. */
static struct told parse(const struct proc_event *e)
{
	uint8_t buf[NLMSG_HDRLEN + sizeof(struct cn_msg) + sizeof(*e)];
	const struct nlmsghdr h = {.nlmsg_len = sizeof(buf), .nlmsg_type = NLMSG_DONE};
	const struct cn_msg c = {.id = {CN_IDX_PROC, CN_VAL_PROC}, .len = sizeof(*e)};
	struct told t = {0};

	memcpy(buf, &h, sizeof(h));
	memcpy(buf + NLMSG_HDRLEN, &c, sizeof(c));
	memcpy(buf + NLMSG_HDRLEN + sizeof(c), e, sizeof(*e));
	assert_int_equal(proc_events_parse(buf, sizeof(buf), note, &t), 0);
	for (size_t n = 0; n < NLMSG_HDRLEN + sizeof(c) + 16; n++)
		assert_int_equal(proc_events_parse(buf, n, note, &(struct told){0}), -EBADMSG);
	return t;
}

static void processes_are_told_of_and_threads_are_not(void **state)
{
	const struct proc_event fork = {
		.what = PROC_EVENT_FORK, .event_data.fork = {.child_pid = 7, .child_tgid = 7}};
	const struct proc_event thread = {
		.what = PROC_EVENT_FORK, .event_data.fork = {.child_pid = 8, .child_tgid = 7}};
	const struct proc_event exec = {
		.what = PROC_EVENT_EXEC, .event_data.exec = {.process_pid = 8, .process_tgid = 7}};
	const struct proc_event end = {
		.what = PROC_EVENT_EXIT, .event_data.exit = {.process_pid = 7, .process_tgid = 7}};
	const struct proc_event uid = {.what = PROC_EVENT_UID};
	struct told t;

	(void) state;
	t = parse(&fork);
	assert_true(t.n == 1 && t.kind == PROC_BEGAN && t.pid == 7);
	assert_int_equal(parse(&thread).n, 0);
	t = parse(&exec);
	assert_true(t.n == 1 && t.kind == PROC_CHANGED && t.pid == 7);
	t = parse(&end);
	assert_true(t.n == 1 && t.kind == PROC_ENDED && t.pid == 7);
	assert_int_equal(parse(&uid).n, 0);
}

static void links_are_kept_only_of_a_namespace_that_is_surely_the_same(void **state)
{
	static const struct {
		uint32_t pid;
		uint64_t starttime_ticks;
		bool is_fresh, has_changed, is_kept;
	} rows[] = {{7, 5, false, false, true}, {8, 5, false, false, false},
		{7, 5, true, false, false}, {7, 5, false, true, false},
		/* another process of the same number */
		{7, 6, false, false, false}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct process v[] = {{.pid = 7, .is_fresh = rows[i].is_fresh}, {.pid = 8}};
		const struct proc_table procs = {.v = v, .n = 2};
		struct netns_set old = with_links(100, 7),
				 now = one_namespace(100, rows[i].pid, rows[i].starttime_ticks);
		struct id_set changed = {0};

		if (rows[i].has_changed)
			id_set_add(&changed, netns_id_key(4));
		id_set_sort(&changed);
		assert_int_equal(netns_set_recall_links(&now, &old, &procs, &changed), 0);
		assert_int_equal(now.v[0].has_links, rows[i].is_kept);
		assert_int_equal(now.v[0].nsid, rows[i].is_kept ? 4 : -1);
		netns_set_done(&old);
		netns_set_done(&now);
		id_set_done(&changed);
	}
}

static void note_doubt(void *ctx)
{
	bool *is_in_doubt = ctx;

	*is_in_doubt = true;
}

static void changed_mounts_are_reported_before_they_are_looked_at(void **state)
{
	const struct proc_self self = {0};
	bool is_in_doubt = false;
	struct loop loop;
	struct live l;

	(void) state;
	assert_int_equal(loop_init(&loop), 0);
	live_init(&l, &loop, -1, &self);
	l.doubt_fn = note_doubt;
	l.ctx = &is_in_doubt;
	l.mounts.changed_fn(l.mounts.ctx);
	assert_true(is_in_doubt);
	assert_true(l.look.armed);
	live_done(&l);
	loop_done(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed_mounts_are_reported_before_they_are_looked_at),
		cmocka_unit_test(scans_without_events_and_requests_become_rare),
		cmocka_unit_test(what_is_due_follows_from_what_is_wanted),
		cmocka_unit_test(the_first_scan_is_whole_and_at_once),
		cmocka_unit_test(long_scans_are_rare),
		cmocka_unit_test(updates_rest_once_they_have_taken_their_share),
		cmocka_unit_test(a_rest_pays_for_what_was_done_before),
		cmocka_unit_test(who_asks_does_not_wait_for_the_rest_of_a_whole_scan),
		cmocka_unit_test(the_last_word_about_a_link_counts),
		cmocka_unit_test(links_are_listed_again_where_numbers_went_to_another_namespace),
		cmocka_unit_test(changes_of_links_have_a_limit),
		cmocka_unit_test(a_set_is_sorted_and_holds_each_number_once),
		cmocka_unit_test(a_set_has_a_limit_and_says_so),
		cmocka_unit_test(processes_are_told_of_and_threads_are_not),
		cmocka_unit_test(links_are_kept_only_of_a_namespace_that_is_surely_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
