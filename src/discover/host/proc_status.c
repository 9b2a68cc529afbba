/* SPDX-License-Identifier: MIT */
#include "discover/host/proc_status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

#define STATUS_MAX_BYTES 16384 /* the lists of CPUs and groups make it long */

/* What follows "@key:" at the start of a line. The kernel escapes newlines in the name, so that no
 * process can forge a line. */
static const char *find(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *s = text; s; s = strchr(s, '\n')) {
		s += *s == '\n';
		if (strncmp(s, key, n) == 0 && s[n] == ':')
			return s + n + 1;
	}
	return NULL;
}

static size_t parse_pids(const char *s, int32_t *ret, size_t cap)
{
	size_t n = 0;

	for (; n < cap && *s == '\t'; n++) {
		char *end;
		long v = strtol(s + 1, &end, 10);

		if (end == s + 1 || v < 1 || v > INT32_MAX)
			return 0;
		ret[n] = (int32_t) v;
		s = end;
	}
	return *s == '\n' || *s == '\0' ? n : 0;
}

int proc_status_parse(const char *text, struct proc_status *ret)
{
	const char *uid = find(text, "Uid"), *nspid = find(text, "NSpid");
	const char *capbnd = find(text, "CapBnd");
	struct proc_status st;

	if (!uid || !nspid || sscanf(uid, "%*u %" SCNu32, &st.euid) != 1)
		return -EBADMSG;
	st.n_nspid = parse_pids(nspid, st.nspid, PROC_STATUS_LEVELS_MAX);
	if (st.n_nspid == 0)
		return -EBADMSG;
	if (!capbnd || sscanf(capbnd, "%" SCNx64, &st.capbnd) != 1)
		st.capbnd = 0;
	*ret = st;
	return 0;
}

int proc_status_read(int procfd, int32_t pid, struct proc_status *ret)
{
	char path[32], text[STATUS_MAX_BYTES];
	ssize_t n;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/status", pid);
	n = io_read_file(procfd, path, text, sizeof(text));
	return n < 0 ? (int) n : proc_status_parse(text, ret);
}
