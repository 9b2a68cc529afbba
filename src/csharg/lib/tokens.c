/* SPDX-License-Identifier: MIT */
#include "csharg/lib/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/own.h"

#define BLANKS " \t\r"

/* A URL without a scheme would leave open whether its token may be sent without TLS. */
static bool has_scheme(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

/* Parse @line, which is changed. Returns 1 when it is the one for @u, 0 when it is not, or a
 * negative errno. */
static int parse_line(char *line, const struct url *u, struct tokens_entry *ret, struct err *e)
{
	char *rest = NULL, *url = strtok_r(line, BLANKS, &rest);
	char *token = url ? strtok_r(NULL, BLANKS, &rest) : NULL;
	struct url base;

	if (!url || *url == '#')
		return 0;
	if (!token || strtok_r(NULL, BLANKS, &rest))
		return err_set(e, -EINVAL, "a URL and a token are needed");
	if (!has_scheme(url))
		return err_set(e, -EINVAL, "the URL must begin with http:// or https://");
	if (url_parse(url, &base, e) < 0)
		return -EINVAL;
	if (base.user[0])
		return err_set(e, -EINVAL, "the URL has a user name");
	if (!url_is_below(u, &base))
		return 0;
	ret->token = strdup(token);
	return ret->token ? 1 : err_set(e, -ENOMEM, "out of memory");
}

int tokens_parse(const char *text, const struct url *u, struct tokens_entry *ret, struct err *e)
{
	AUTO_FREE char *copy = strdup(text);
	char *line = copy;
	struct tokens_entry found = {NULL, 1};

	if (!copy)
		return err_set(e, -ENOMEM, "out of memory");
	for (; line; found.line++) {
		char *next = strchr(line, '\n');
		struct err why = ERR_NONE;
		int rc;

		if (next)
			*next++ = '\0';
		rc = parse_line(line, u, &found, &why);
		if (rc < 0)
			return err_set(e, rc, "line %u: %s", found.line, why.text);
		if (rc > 0)
			break;
		line = next;
	}
	*ret = found;
	return 0;
}

static int check_owner(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot read \"%.300s\"", path);
	if (!S_ISREG(st.st_mode))
		return err_set(
			e, -EACCES, "the tokens file \"%.300s\" is not a regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(
			e, -EACCES, "the tokens file \"%.300s\" belongs to another user", path);
	if (st.st_mode & 077)
		return err_set(e, -EACCES,
			"other users have access to the tokens file \"%.300s\": chmod 600 "
			"\"%.100s\"",
			path, path);
	return 0;
}

int tokens_find(const char *path, const struct url *u, struct tokens_entry *ret, struct err *e)
{
	/* a FIFO in its place must not block */
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char text[TOKENS_FILE_MAX + 1];
	struct err why = ERR_NONE;
	ssize_t n;
	int rc;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		*ret = (struct tokens_entry){NULL, 0};
		return 0;
	}
	if (fd < 0)
		return err_sys(e, -errno, "cannot open the tokens file \"%.300s\"", path);
	rc = check_owner(fd, path, e);
	if (rc < 0)
		return rc;
	n = io_read_all(fd, text, sizeof(text));
	if (n < 0)
		return err_sys(e, (int) n, "cannot read the tokens file \"%.300s\"", path);
	rc = tokens_parse(text, u, ret, &why);
	explicit_bzero(text, sizeof(text));
	return rc < 0 ? err_set(e, rc, "%.300s: %.150s", path, why.text) : 0;
}
