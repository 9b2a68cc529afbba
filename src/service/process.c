/* SPDX-License-Identifier: MIT */
#include "service/process.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define BATCH 1024 /* descriptors of one poll(2) */

int process_open_statm(void)
{
	return open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
}

uint64_t process_resident_bytes(int statm_fd)
{
	char text[128], *end;
	ssize_t n;

	if (statm_fd < 0 || lseek(statm_fd, 0, SEEK_SET) < 0)
		return 0;
	n = read(statm_fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	(void) strtoull(text, &end, 10); /* the size of the address space */
	return strtoull(end, NULL, 10) * (uint64_t) sysconf(_SC_PAGESIZE);
}

/* How many of the descriptors from @first on, BATCH of them and below @end, are open: poll(2)
 * reports the others. */
static uint64_t count(uint64_t first, uint64_t end)
{
	struct pollfd p[BATCH];
	nfds_t n = 0;
	uint64_t open_files = 0;

	for (; n < BATCH && first + n < end; n++)
		p[n] = (struct pollfd){.fd = (int) (first + n)};
	if (poll(p, n, 0) < 0)
		return 0;
	for (nfds_t i = 0; i < n; i++)
		open_files += !(p[i].revents & POLLNVAL);
	return open_files;
}

uint64_t process_open_files(uint64_t *ret_max)
{
	struct rlimit l = {0};
	uint64_t open_files = 0;

	(void) getrlimit(RLIMIT_NOFILE, &l);
	*ret_max = l.rlim_cur;
	for (uint64_t first = 0; first < l.rlim_cur; first += BATCH)
		open_files += count(first, l.rlim_cur);
	return open_files;
}
