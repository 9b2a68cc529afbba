/* SPDX-License-Identifier: MIT */
#include "support/bpf_kernel.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/own.h"

bool bpf_kernel_takes(const struct sock_filter *prog, size_t n)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sock_fprog p = {.len = (unsigned short) n, .filter = (struct sock_filter *) prog};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)) == 0;
}
