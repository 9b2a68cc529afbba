/* SPDX-License-Identifier: MIT */
/* A hub whose broker and reader we are: viewers go over to where their target is now, and no packet
 * is missed untold on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/own.h"
#include "pcapng/write.h"
#include "proto/fdpass.h"
#include "service/hub/hub_state.h"

#define MAP_BYTES (STREAM_HEADER_BYTES + STREAM_MIN_BYTES)
#define MIB       (1024ULL * 1024)

static const struct hub_limits limits = {
	256 * MIB, MIB, MIB, .latency_ms = 5, .max_captures = 8, .max_viewers = 8};

static void on_wake(void *ctx)
{
	++*(int *) ctx;
}

static const struct viewer_ops viewer_ops = {.wake = on_wake};
static const struct hub_ops hub_ops = {.refresh = on_wake};

/* "web" was in namespace 10 and is in 20 now. */
static struct catalog_target was = {"web", "docker", "", 10, 7, 1},
			     is = {"web", "docker", "", 20, 8, 2};
static struct catalog_netns netns[] = {
	{.ref.inode = 10, .ref.kind = NS_REF_PROC}, {.ref.inode = 20, .ref.kind = NS_REF_PROC}};
static const struct catalog before = {
	.n_netns = 1, .n_targets = 1, .netns = netns, .targets = &was};
static const struct catalog after = {.n_netns = 2, .n_targets = 1, .netns = netns, .targets = &is};

struct stage {
	struct hub *hub;
	int pair[2];
	struct chunk_writer w; /* of the first capture */
	struct capture *c;
	struct viewer *v;
	int wakes, refreshes;
};

static void put_interface(struct stage *s, const char *name)
{
	const struct pcapng_idb i = {.linktype = 1, .snaplen = 65535, .name = name};
	struct chunk_info info = {.kind = CHUNK_INTERFACE};
	uint8_t idb[256], *p;
	ssize_t n = pcapng_put_idb(&i, idb, sizeof(idb));

	info.payload_len_bytes = (uint32_t) n;
	assert_int_equal(chunk_writer_reserve(&s->w, (size_t) n, &p), 0);
	memcpy(p, idb, (size_t) n);
	chunk_writer_commit(&s->w, &info, NULL);
}

static void put_ready(struct stage *s, uint32_t interfaces)
{
	const struct chunk_info info = {.kind = CHUNK_READY, .interfaces = interfaces};
	uint8_t *p;

	assert_int_equal(chunk_writer_reserve(&s->w, 0, &p), 0);
	chunk_writer_commit(&s->w, &info, NULL);
	assert_int_equal(capture_scan(s->c), 0);
}

/* A capture of namespace 10 that runs, and its viewer. */
static int setup(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));
	struct hub_request req = {.ns = netns[0].ref, .ops = &viewer_ops};
	struct refusal why;
	struct capture *c;

	assert_non_null(s);
	assert_int_equal(fdpass_pair(s->pair), 0);
	s->hub = hub_new(s->pair[0], &limits, &hub_ops, &s->refreshes);
	req.ctx = &s->wakes;
	req.conf.filter = strdup("");
	req.follow = follow_new(&before, "web", "", 10, 1000000000);
	assert_int_equal(hub_join(s->hub, &req, &s->v, &why), 0);
	c = s->c = s->hub->all[0];
	c->map = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(c->map != MAP_FAILED);
	c->map_bytes = MAP_BYTES;
	c->space_fd = eventfd(0, EFD_NONBLOCK);
	c->state = CAPTURE_STARTING;
	assert_int_equal(chunk_reader_init(&c->in, c->map, MAP_BYTES), 0);
	assert_int_equal(chunk_writer_init(&s->w, c->map, MAP_BYTES), 0);
	put_interface(s, "lo");
	put_ready(s, 1);
	assert_int_equal(c->state, CAPTURE_RUNNING);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct stage *s = *state;

	if (s->v)
		hub_leave(s->hub, s->v);
	hub_free(s->hub);
	(void) close(s->pair[0]);
	(void) close(s->pair[1]);
	free(s);
	return 0;
}

/* The broker could not start the capture that is the newest. */
static void refuse_newest(struct stage *s)
{
	struct msg m = {.op = MSG_CAPTURE_OPENED, .id = s->hub->last_id};
	AUTO_FDSET struct fdset fds = FDSET_NONE;

	m.u.status.status = -EBUSY;
	assert_int_equal(hub_message(s->hub, &m, &fds), 0);
}

static void a_successor_counts_interfaces_from_where_viewers_leave(void **state)
{
	struct stage *s = *state;

	put_interface(s, "late"); /* told to nobody so far */
	hub_follow(s->hub, &after);
	assert_non_null(s->v->successor);
	assert_int_equal(s->v->successor->capture->conf.first_interface, 2);
	assert_int_equal(s->v->successor->capture->idbs.n, 2);
	assert_int_equal(s->v->seat->leave_at, s->c->scan_pos);
}

static void a_capture_that_stops_has_a_successor_when_all_its_interfaces_are_known(void **state)
{
	const struct chunk_info end = {.kind = CHUNK_END, .interfaces = 2};
	struct stage *s = *state;
	uint8_t *p;

	s->c->is_target_gone = s->c->is_stopping = true;
	hub_follow(s->hub, &after);
	assert_null(s->v->successor);
	put_interface(s, "late");
	assert_int_equal(chunk_writer_reserve(&s->w, 0, &p), 0);
	chunk_writer_commit(&s->w, &end, NULL);
	s->refreshes = 0;
	hub_event(s->hub, s->c->id);
	assert_int_equal(s->refreshes, 1);
	hub_follow(s->hub, &after);
	assert_non_null(s->v->successor);
	assert_int_equal(s->v->successor->capture->conf.first_interface, 2);
	assert_true(s->v->seat->leave_at == UINT64_MAX);
}

static void a_viewer_whose_successor_fails_is_told_and_asks_again(void **state)
{
	struct stage *s = *state;
	const struct refusal gone = {.close_code = CLOSE_NORMAL};

	s->c->is_target_gone = true;
	capture_set_ended(s->c, &gone);
	hub_follow(s->hub, &after);
	assert_non_null(s->v->successor);
	refuse_newest(s);
	s->wakes = s->refreshes = 0;
	hub_tick(s->hub, 1);
	assert_null(s->v->successor);
	assert_true(s->wakes > 0 && s->refreshes == 1);
	assert_int_equal(s->hub->n, 1);
	hub_follow(s->hub, &after);
	assert_non_null(s->v->successor);
	/* nor does it wait for longer than it wants to */
	refuse_newest(s);
	s->wakes = 0;
	hub_tick(s->hub, 1000000001);
	assert_true(s->v->has_waited_enough && s->wakes > 0);
}

/* Returns whether the broker was requested to kill the reader of capture @id. */
static bool is_kill_requested(const struct stage *s, uint32_t id)
{
	bool is_requested = false;
	struct msg m;

	for (;;) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;

		if (msg_recv(s->pair[1], &m, &fds) <= 0)
			return is_requested;
		is_requested |= m.op == MSG_CAPTURE_KILL && m.id == id;
	}
}

/* A capture without its descriptors has failed: its reader ends at once, though a viewer is left.
 */
static void the_reader_of_a_capture_that_failed_is_killed(void **state)
{
	struct stage *s = *state;
	struct hub_request req = {.ns = netns[1].ref, .ops = &viewer_ops, .ctx = &s->wakes};
	struct msg opened = {.op = MSG_CAPTURE_OPENED};
	AUTO_FDSET struct fdset none = FDSET_NONE;
	struct viewer *v;
	struct refusal why;

	req.conf.filter = strdup("");
	assert_int_equal(hub_join(s->hub, &req, &v, &why), 0);
	opened.id = s->hub->last_id;
	assert_false(is_kill_requested(s, opened.id));
	assert_int_equal(hub_message(s->hub, &opened, &none), 0);
	assert_int_equal(v->seat->capture->state, CAPTURE_ENDED);
	assert_true(is_kill_requested(s, opened.id));
	hub_leave(s->hub, v);
}

/* A reader that ignores that it was hung up on is killed. */
static void a_reader_without_viewers_is_ended(void **state)
{
	struct stage *s = *state;
	int64_t now_ns = 0;

	s->c->has_reader = true;
	hub_leave(s->hub, s->v);
	s->v = NULL;
	assert_true(s->hub->n == 1 && s->c->map == NULL && s->c->idbs.bytes == NULL);
	now_ns = s->c->ended_ns;
	hub_tick(s->hub, now_ns + 4000000000LL);
	assert_true(is_kill_requested(s, s->c->id));
}

/* Where a capture of "web", which the engine with pid 70 of user 0 has listed, goes on when the
 * catalog lists @other as well as "db" of the same engine if @is_engine_there. */
static uint64_t goes_on_in(const struct catalog_target *other, bool is_engine_there)
{
	static const struct capture_conf conf = {0};
	const struct follow_from from = {.inode = 10, .is_gone = true, .conf = &conf};
	struct catalog_target old = was, targets[2] = {*other, was};
	const struct catalog first = {
		.n_netns = 1, .n_targets = 1, .netns = netns, .targets = &old};
	const struct catalog second = {.n_netns = 2,
		.n_targets = is_engine_there ? 2 : 1,
		.netns = netns,
		.targets = targets};
	char db[] = "db";
	const struct catalog_netns *found;
	struct follow *f;

	old.engine_pid = targets[1].engine_pid = 70;
	old.engine_starttime_ticks = targets[1].engine_starttime_ticks = 700;
	targets[1].name = db;
	f = follow_new(&first, "web", "", 10, 1);
	assert_non_null(f);
	found = follow_find(f, &second, &from);
	follow_free(f);
	return found ? found->ref.inode : 0;
}

static void a_target_is_followed_only_to_where_its_own_engine_lists_it(void **state)
{
	struct catalog_target other = is;

	(void) state;
	other.engine_pid = 70;
	other.engine_starttime_ticks = 700;
	assert_int_equal(goes_on_in(&other, true), 20);
	other.engine_pid = 71; /* another engine of the same user */
	assert_int_equal(goes_on_in(&other, true), 0);
	assert_int_equal(goes_on_in(&other, false), 20); /* perhaps the same, restarted */
	other.owner = 1000;                              /* an engine of another user */
	assert_int_equal(goes_on_in(&other, true), 0);
	assert_int_equal(goes_on_in(&other, false), 0);
	other.engine_pid = 70; /* even if it had got the same pid */
	assert_int_equal(goes_on_in(&other, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_is_followed_only_to_where_its_own_engine_lists_it),
		cmocka_unit_test_setup_teardown(
			a_successor_counts_interfaces_from_where_viewers_leave, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_capture_that_stops_has_a_successor_when_all_its_interfaces_are_known,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_viewer_whose_successor_fails_is_told_and_asks_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_reader_of_a_capture_that_failed_is_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reader_without_viewers_is_ended, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
