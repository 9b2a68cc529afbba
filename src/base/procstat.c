/* SPDX-License-Identifier: MIT */
#include "base/procstat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"

/* Skip @n blank-separated words of @s. NULL when there are fewer. */
static const char *skip_words(const char *s, int n)
{
	while (n-- > 0) {
		s = strchr(s, ' ');
		if (!s)
			return NULL;
		s++;
	}
	return s;
}

int procstat_parse(const char *line, struct procstat *ret)
{
	const char *open = strchr(line, '(');
	const char *close = strrchr(line, ')');
	struct procstat st;
	const char *nice, *start, *policy;
	size_t n;
	char state;

	if (!open || !close || close < open || close[1] != ' ')
		return -EBADMSG;
	n = (size_t) (close - open - 1);
	if (n >= sizeof(st.comm))
		n = sizeof(st.comm) - 1;
	memcpy(st.comm, open + 1, n);
	st.comm[n] = '\0';
	/* field 3 (state) follows the name; 19 is 16 words further, 22 another 3, 41 another 19 */
	if (sscanf(close + 2, "%c %" SCNd32, &state, &st.ppid) != 2)
		return -EBADMSG;
	nice = skip_words(close + 2, 16);
	start = nice ? skip_words(nice, 3) : NULL;
	if (!start || sscanf(nice, "%" SCNd32, &st.nice) != 1 ||
		sscanf(start, "%" SCNu64, &st.starttime_ticks) != 1)
		return -EBADMSG;
	policy = skip_words(start, 19);
	if (!policy || sscanf(policy, "%" SCNu32, &st.policy) != 1)
		st.policy = 0;
	*ret = st;
	return 0;
}

int procstat_read(int procfd, int32_t pid, struct procstat *ret)
{
	char path[32], line[1024];
	ssize_t n;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/stat", pid);
	n = io_read_file(procfd, path, line, sizeof(line));
	if (n < 0)
		return (int) n;
	return procstat_parse(line, ret);
}
