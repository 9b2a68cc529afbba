/* SPDX-License-Identifier: MIT */
/* Operation: starting a process that compiles capture filters, for the service.
 *
 * Why serving it is safe: the process has no right, no file and no socket but the one to the
 * service, and the service names nothing: the program, its descriptors and its user are chosen
 * here. The number of compilers is bounded; one is killed when the service says so, or ends. */
#include <stdio.h>
#include <sys/capability.h>

#include "base/own.h"
#include "broker/broker.h"
#include "broker/spawn.h"
#include "proto/compile.h"
#include "proto/fdpass.h"

static pid_t start_compiler(const struct broker *b, int control, struct err *e)
{
	char name[] = "packetflix-compile";
	char user[SANDBOX_IDS_MAX];
	char *argv[] = {name, user, NULL};
	const int fds[] = {control, b->empty_root_fd};
	struct spawn s = {
		.program = name,
		.argv = argv,
		.fds = fds,
		.n_fds = ARRAY_LEN(fds),
		/* to give up its root directory and its user */
		.caps = 1ULL << CAP_SYS_CHROOT | 1ULL << CAP_SETUID | 1ULL << CAP_SETGID |
			1ULL << CAP_SETPCAP,
	};

	_Static_assert(COMPILE_FD_CONTROL == SPAWN_FIRST_FD, "in their places");
	sandbox_ids_format(&b->users.compile, user);
	return spawn_program(&s, e);
}

/* Returns 0 and the service's end of the control socket, or a negative errno with words in @e. */
static int open_compiler(struct broker *b, uint32_t id, int *ret_control, struct err *e)
{
	int pair[2] = {-1, -1}, rc = workers_admit(&b->compilers, id);
	pid_t pid;

	if (rc < 0)
		return err_sys(e, rc, "there are %zu compilers already", b->compilers.n);
	rc = fdpass_pair(pair);
	if (rc < 0)
		return err_sys(e, rc, "cannot make a control socket");
	pid = start_compiler(b, pair[0], e);
	close_p(&pair[0]);
	if (pid < 0) {
		close_p(&pair[1]);
		return pid;
	}
	workers_add(&b->compilers, id, pid);
	*ret_control = pair[1];
	return 0;
}

void op_compile_open(struct broker *b, uint32_t id)
{
	struct msg answer = {.op = MSG_COMPILE_OPENED, .id = id};
	AUTO_CLOSE int control = -1;
	struct err e = ERR_NONE;
	int rc = open_compiler(b, id, &control, &e);

	answer.u.status.status = rc;
	(void) snprintf(answer.u.status.text, sizeof(answer.u.status.text), "%.*s",
		MSG_TEXT_BYTES - 1, rc < 0 ? e.text : "");
	if (msg_send(b->service.channel, &answer, &control, rc < 0 ? 0 : 1) < 0 && rc == 0)
		workers_kill(&b->compilers, id);
}
