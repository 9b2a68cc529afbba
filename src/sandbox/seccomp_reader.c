/* SPDX-License-Identifier: MIT */
/* The reader holds a packet socket, which could send into the captured network. So nothing that
 * sends is allowed on any descriptor: no send*, no writev, no splice, no sendfile; write(2) works
 * on the event descriptor alone. Socket options are those of a running capture, ioctl(2) is the
 * question for a link's speed, membarrier(2) the command that only waits. Whatever is not listed
 * ends the process. */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/membarrier.h>
#include <linux/sockios.h>
#include <sys/socket.h>

#include "base/own.h"
#include "sandbox/table.h"

static const char *const allowed[] = {"brk", "clock_gettime", "close", "exit", "exit_group",
	"getsockopt", "madvise", "munmap", "poll", "ppoll", "read", "recvfrom", "recvmsg",
	"restart_syscall", "rt_sigreturn"};

static int allow_packet_option(scmp_filter_ctx f, int sock, int option)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 3,
		SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) sock), SCMP_A1(SCMP_CMP_EQ, SOL_PACKET),
		SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t) option));
}

static int allow_filter_option(scmp_filter_ctx f, int sock, int option)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 3,
		SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) sock), SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET),
		SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t) option));
}

/* What every packet socket needs: to be bound, and another filter, or none where the kernel has no
 * room for one. */
static int allow_binding(scmp_filter_ctx f, int sock)
{
	int rc = seccomp_rule_add(
		f, SCMP_ACT_ALLOW, SCMP_SYS(bind), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) sock));

	if (rc == 0)
		rc = allow_filter_option(f, sock, SO_ATTACH_FILTER);
	return rc < 0 ? rc : allow_filter_option(f, sock, SO_DETACH_FILTER);
}

/* What a socket with a ring needs: promiscuous mode, and a fanout group (reader/fanout.h). No
 * option makes a ring. */
static int allow_capturing(scmp_filter_ctx f, int sock)
{
	static const int options[] = {PACKET_ADD_MEMBERSHIP, PACKET_FANOUT, PACKET_FANOUT_DATA};
	int rc = allow_binding(f, sock);

	for (size_t i = 0; i < ARRAY_LEN(options) && rc == 0; i++)
		rc = allow_packet_option(f, sock, options[i]);
	return rc;
}

/* A spare socket captures after it has got the number of the first one. */
static int allow_spare(scmp_filter_ctx f, int packet, int spare)
{
	int rc = allow_capturing(f, spare);

	return rc < 0 ? rc
		      : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(dup3), 2,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) spare),
				SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t) packet));
}

static int allow_packet(scmp_filter_ctx f, int packet)
{
	int rc = allow_capturing(f, packet);

	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 2,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) packet),
			SCMP_A1(SCMP_CMP_EQ, SIOCETHTOOL));
	return rc;
}

int seccomp_reader(const struct seccomp_reader_fds *fds, struct err *e)
{
	AUTO_FILTER scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "cannot make a system call filter");
	rc = table_allow(f, allowed, ARRAY_LEN(allowed), e);
	if (rc < 0)
		return rc;
	rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
		SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) fds->event));
	if (rc == 0)
		rc = allow_packet(f, fds->packet);
	if (rc == 0)
		rc = allow_binding(f, fds->bell);
	for (size_t i = 0; i < ARRAY_LEN(fds->spare) && rc == 0; i++)
		rc = allow_spare(f, fds->packet, fds->spare[i]);
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(membarrier), 2,
			SCMP_A0(SCMP_CMP_EQ, MEMBARRIER_CMD_GLOBAL), SCMP_A1(SCMP_CMP_EQ, 0));
	if (rc == 0)
		rc = table_allow_memory(f);
	return rc < 0 ? err_sys(e, rc, "cannot write the system call table") : table_load(f, e);
}
