/* SPDX-License-Identifier: MIT */
/* packetflix-compile: compiles capture filters for the service, one after the other. libpcap needs
 * time without a useful bound for some of them, so the service has this process killed when it does
 * not answer in time. It is born with a socket to the service, gives everything else up, and ends
 * when the service has closed its end. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/own.h"
#include "compile/filter.h"
#include "proto/compile.h"
#include "proto/fdpass.h"
#include "sandbox/roles.h"

/* Compile @r into @ret, which is zeroed. */
static void compile(struct compile_request *r, struct compile_answer *ret)
{
	struct filter_link links[COMPILE_LINKS_MAX];
	struct capture_conf conf = {.snaplen = r->snaplen, .filter = r->filter};
	struct err e = ERR_NONE;

	for (uint16_t i = 0; i < r->n_links; i++)
		links[i] = (struct filter_link){r->links[i].name, r->links[i].linktype};
	ret->id = r->id;
	ret->status = filter_compile(&conf, links, r->n_links, &e);
	if (ret->status < 0) {
		(void) snprintf(ret->text, sizeof(ret->text), "%s", e.text);
		return;
	}
	ret->n_programs = conf.n_programs;
	memcpy(ret->programs, conf.programs, sizeof(ret->programs));
}

/* Answer the message of @len_bytes in @buf, which has room for COMPILE_MAX_BYTES. Returns 0 or a
 * negative errno. */
static int answer(uint8_t *buf, size_t len_bytes)
{
	struct compile_request request;
	struct compile_answer made = {0};
	ssize_t n;
	int rc = compile_request_decode(buf, len_bytes, &request);

	if (rc < 0)
		return rc;
	compile(&request, &made);
	n = compile_answer_encode(&made, buf, COMPILE_MAX_BYTES);
	compile_request_done(&request);
	compile_answer_done(&made);
	return n < 0 ? (int) n : fdpass_send(COMPILE_FD_CONTROL, buf, (size_t) n, NULL, 0);
}

/* Returns 0 when the service has closed its end, or a negative errno. */
static int run(uint8_t *buf)
{
	struct pollfd ready = {.fd = COMPILE_FD_CONTROL, .events = POLLIN};

	for (;;) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		ssize_t n = fdpass_recv(COMPILE_FD_CONTROL, buf, COMPILE_MAX_BYTES, &fds);
		int rc = 0;

		if (n == -EAGAIN)
			rc = poll(&ready, 1, -1) < 0 && errno != EINTR ? -errno : 0;
		else if (n <= 0)
			return (int) n;
		else
			rc = answer(buf, (size_t) n);
		if (rc < 0)
			return rc;
	}
}

static bool has_control(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(COMPILE_FD_CONTROL, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
	struct role_place place = {.empty_root_fd = COMPILE_FD_ROOT, .max_files = COMPILE_FD_END};
	AUTO_FREE uint8_t *buf = malloc(COMPILE_MAX_BYTES);
	struct err e = ERR_NONE;
	int rc;

	log_init("compile", false);
	if (!buf)
		rc = err_set(&e, -ENOMEM, "out of memory");
	else if (argc == 2 && sandbox_ids_parse(argv[1], &place.ids) == 0 && has_control())
		rc = role_enter_compile(&place, &e);
	else
		rc = err_set(&e, -EINVAL, "is started by packetflix, not by hand");
	if (rc < 0) {
		log_error("%s", e.text);
		return EXIT_FAILURE;
	}
	return run(buf) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
