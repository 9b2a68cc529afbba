/* SPDX-License-Identifier: MIT */
#include "csharg/cli/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/io.h"
#include "base/own.h"
#include "csharg/cli/say.h"

#define CTRL_C 3

int connect_error(const struct csharg_error *why, struct err *e)
{
	return err_set(e, why->code < 0 ? why->code : -EIO, "%s", why->text);
}

int connect_refused(
	const struct csharg_client *client, const struct csharg_error *why, struct err *e)
{
	const char *source = csharg_client_token_source(client), *host = getenv("CSHARG_HOST");

	if (why->code != -EACCES)
		return connect_error(why, e);
	if (*source)
		return err_set(e, why->code, "%.300s (the token that was sent comes from: %.150s)",
			why->text, strcmp(source, "option") == 0 ? "the command line" : source);
	if (getenv("CSHARG_TOKEN"))
		return err_set(e, why->code,
			"%.300s (CSHARG_TOKEN is not sent: it belongs to %.150s, see CSHARG_HOST)",
			why->text, host && *host ? host : CSHARG_DEFAULT_HOST);
	return err_set(e, why->code,
		"%.300s (none was sent: use --token-file, --ask-token or the tokens file)",
		why->text);
}

/* Without the end of its line. */
static void cut_line(char *token)
{
	token[strcspn(token, "\r\n")] = '\0';
}

static int read_token_file(const char *path, char *ret, struct err *e)
{
	ssize_t n = io_read_file(AT_FDCWD, path, ret, CONNECT_TOKEN_MAX);

	if (n < 0)
		return err_sys(e, (int) n, "cannot read the token file \"%.300s\"", path);
	cut_line(ret);
	return *ret ? 0 : err_set(e, -EINVAL, "there is no token in \"%.300s\"", path);
}

/* A line from @tty. */
static int read_line(int tty, char *ret)
{
	size_t n = 0;

	while (n + 1 < CONNECT_TOKEN_MAX) {
		ssize_t got = read(tty, ret + n, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 1 && ret[n] == CTRL_C)
			return -ECANCELED;
		if (got == 0 || ret[n] == '\n')
			break;
		n++;
	}
	ret[n] = '\0';
	return 0;
}

static int ask_token(char *ret, struct err *e)
{
	static const char question[] = "Token: ";
	AUTO_CLOSE int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios shown, hidden;
	int rc;

	if (tty < 0 || tcgetattr(tty, &shown) < 0)
		return err_sys(e, -errno, "cannot ask for a token without a terminal");
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t) ECHO;
	/* ^C ends the line, as a signal would leave the terminal silent */
	hidden.c_lflag &= ~(tcflag_t) ISIG;
	hidden.c_cc[VEOL] = CTRL_C;
	/* first of all: what is typed before is thrown away */
	if (tcsetattr(tty, TCSAFLUSH, &hidden) < 0)
		return err_sys(e, -errno, "cannot ask for a token");
	rc = write(tty, question, sizeof(question) - 1) < 0 ? -errno : read_line(tty, ret);
	(void) tcsetattr(tty, TCSAFLUSH, &shown);
	if (write(tty, "\n", 1) < 0 && rc == 0)
		rc = -errno;
	cut_line(ret);
	if (rc < 0)
		return err_sys(e, rc, "cannot read the token");
	return *ret ? 0 : err_set(e, -EINVAL, "no token was given");
}

/* *@ret is @buf or what the options borrow. */
static int find_token(const struct options *o, char *buf, const char **ret, struct err *e)
{
	const char *token = NULL;
	int rc = 0;

	if ((o->token != NULL) + (o->token_file != NULL) + o->ask_token > 1)
		return err_set(e, -EINVAL,
			"only one of --token, --token-file and --ask-token can be used");
	if (o->token) {
		if (!o->quiet)
			say_warning("--token can be read by every user in the list of processes; "
				    "--token-file, --ask-token and the tokens file cannot");
		token = o->token;
	} else if (o->token_file) {
		rc = read_token_file(o->token_file, buf, e);
		token = buf;
	} else if (o->ask_token) {
		rc = ask_token(buf, e);
		token = buf;
	}
	if (rc == 0)
		*ret = token;
	return rc;
}

int connect_client(const struct options *o, struct csharg_client **ret, struct err *e)
{
	struct csharg_client_options options = CSHARG_CLIENT_OPTIONS_INIT;
	struct csharg_error why;
	char token[CONNECT_TOKEN_MAX] = "";
	int rc;

	rc = find_token(o, token, &options.token, e);
	if (rc < 0)
		return rc;
	options.insecure = o->insecure;
	options.timeout_ms =
		o->request_timeout_ms > UINT32_MAX ? UINT32_MAX : (uint32_t) o->request_timeout_ms;
	options.user_agent = "csharg";
	options.ca_file = o->ca_file;
	options.headers = o->headers.word;
	options.n_headers = o->headers.n;
	options.plain_token = o->allow_plain_token;
	rc = csharg_client_new(o->host, &options, ret, &why);
	explicit_bzero(token, sizeof(token));
	if (rc == -EPERM)
		return err_set(e, rc, "%.400s (or --allow-plain-token)", why.text);
	if (rc < 0)
		return connect_error(&why, e);
	if (o->debug)
		say_debug("service %s", csharg_client_url(*ret));
	return 0;
}
