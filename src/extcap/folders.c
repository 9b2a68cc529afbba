/* SPDX-License-Identifier: MIT */
#include "extcap/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"

#define ANSWER_MAX 65536
#define WAIT_NS    (20 * INT64_C(1000000000))

extern char **environ;

/* Read until the end or the deadline. Returns the length or -ETIMEDOUT. */
static int read_answer(int fd, char *ret, size_t cap)
{
	int64_t deadline = clock_mono_ns() + WAIT_NS;
	size_t len = 0;
	char rest[4096];

	for (;;) {
		bool full = len + 1 >= cap;
		struct pollfd pfd = {.fd = fd, .events = POLLIN};
		int64_t left_ms = (deadline - clock_mono_ns()) / 1000000;
		ssize_t n;

		if (left_ms <= 0 || poll(&pfd, 1, (int) left_ms) == 0)
			return -ETIMEDOUT;
		n = full ? read(fd, rest, sizeof(rest)) : read(fd, ret + len, cap - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += full ? 0 : (size_t) n;
	}
	ret[len] = '\0';
	return (int) len;
}

/* Returns the process, or a negative errno. */
static pid_t start(const char *const argv[], int out)
{
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);
	pid_t pid = 0;

	if (rc != 0)
		return -rc;
	rc = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(
			&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *) argv, environ);
	(void) posix_spawn_file_actions_destroy(&actions);
	return rc == 0 ? pid : -rc;
}

int folders_run(const char *const argv[], char *ret, size_t cap_bytes)
{
	AUTO_CLOSE int in = -1;
	AUTO_CLOSE int out = -1;
	int fds[2], status = 0, rc;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	in = fds[0];
	out = fds[1];
	pid = start(argv, out);
	if (pid < 0)
		return pid;
	close_p(&out);
	out = -1;
	rc = read_answer(in, ret, cap_bytes);
	if (rc < 0)
		(void) kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return rc >= 0 && status != 0 ? -EIO : rc;
}

static void add(struct folders *f, const char *s, size_t len)
{
	if (len == 0 || len >= FOLDERS_PATH_MAX || f->n == FOLDERS_MAX)
		return;
	for (size_t i = 0; i < f->n; i++)
		if (strlen(f->path[i]) == len && memcmp(f->path[i], s, len) == 0)
			return;
	memcpy(f->path[f->n], s, len);
	f->path[f->n++][len] = '\0';
}

/* The value of the line of @len bytes at @line, if its name has @word in it. Returns its length, 0
 * for none. */
static size_t value_of(const char *line, size_t len, const char *word, const char **ret)
{
	const char *colon = memchr(line, ':', len);

	if (!colon || !memmem(line, (size_t) (colon - line), word, strlen(word)))
		return 0;
	*ret = colon + 1 + strspn(colon + 1, " \t");
	return *ret < line + len ? (size_t) (line + len - *ret) : 0;
}

void folders_parse(const char *text, struct folders *ret)
{
	char personal[FOLDERS_PATH_MAX] = "";
	bool tells_personal = false;

	while (*text) {
		const char *path = NULL;
		size_t len = strcspn(text, "\n"), n = value_of(text, len, "xtcap", &path);

		if (n > 0)
			add(ret, path, n);
		tells_personal =
			tells_personal || value_of(text, len, "Personal Extcap", &path) > 0;
		n = value_of(text, len, "Personal configuration", &path);
		if (n > 0 && n < sizeof(personal) - 8)
			(void) snprintf(personal, sizeof(personal), "%.*s/extcap", (int) n, path);
		text += len + (text[len] ? 1 : 0);
	}
	/* Wireshark up to 4.0 searches this one as well, and does not say so. */
	if (!tells_personal && ret->n > 0)
		add(ret, personal, strlen(personal));
}

void folders_ask(struct folders *ret)
{
	static const char *const tshark[] = {"tshark", "-G", "folders", NULL};
	static const char *const wireshark[] = {"wireshark", "-G", "folders", NULL};
	static const char *const pkg_config[] = {
		"pkg-config", "--variable=extcapdir", "wireshark", NULL};
	static const char *const *const ways[] = {tshark, wireshark, pkg_config};
	char answer[ANSWER_MAX] = "";

	*ret = (struct folders){.n = 0};
	for (size_t i = 0; ret->n == 0 && i < ARRAY_LEN(ways); i++) {
		if (folders_run(ways[i], answer, sizeof(answer)) < 0)
			continue;
		if (ways[i] == pkg_config)
			add(ret, answer, strcspn(answer, "\n"));
		else
			folders_parse(answer, ret);
		ret->source = ret->n > 0 ? ways[i][0] : NULL;
	}
}
