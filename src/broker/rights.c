/* SPDX-License-Identifier: MIT */
#include "broker/rights.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>

#include "base/own.h"

#define BIT(cap) (1ULL << (cap))

#define SETCAP                                                                                     \
	"setcap cap_sys_admin,cap_sys_chroot,cap_sys_ptrace,cap_net_admin,cap_net_raw,"            \
	"cap_net_broadcast,cap_dac_read_search,cap_dac_override+ep packetflix"

/* What each capability is for. */
struct right {
	cap_value_t cap;
	const char *name;
	bool is_needed;    /* without it nothing works; else there is a warning */
	bool is_for_root;  /* only a process of root needs it */
	bool is_for_other; /* only a process of another user needs it */
	const char *lost;  /* what does not work without it */
};

static const struct right rights[] = {
	{CAP_SYS_ADMIN, "SYS_ADMIN", true, false, false, "entering network namespaces"},
	{CAP_SYS_CHROOT, "SYS_CHROOT", true, false, false,
		"taking the file system away from its "
		"unprivileged processes"},
	{CAP_SYS_PTRACE, "SYS_PTRACE", true, false, false, "finding the namespaces of processes"},
	{CAP_NET_RAW, "NET_RAW", true, false, false, "capturing packets"},
	{CAP_SETUID, "SETUID", true, true, false, "giving its processes users of their own"},
	{CAP_SETGID, "SETGID", true, true, false, "giving its processes groups of their own"},
	{CAP_NET_ADMIN, "NET_ADMIN", false, false, false,
		"process events and large receive buffers: the host is scanned instead, which "
		"takes longer"},
	{CAP_NET_BROADCAST, "NET_BROADCAST", false, false, false,
		"link events of other namespaces: they are scanned instead, which takes longer"},
	{CAP_DAC_READ_SEARCH, "DAC_READ_SEARCH", false, false, true,
		"files of other users: container engines are not found, and containers have no "
		"names"},
};

int rights_raise(struct err *e)
{
	cap_t now = cap_get_proc();
	int rc = now ? 0 : -errno;

	for (int c = 0; rc == 0 && c < cap_max_bits(); c++) {
		const cap_value_t v = c;
		cap_flag_value_t has = CAP_CLEAR;

		if (cap_get_flag(now, v, CAP_PERMITTED, &has) == 0 && has &&
			cap_set_flag(now, CAP_EFFECTIVE, 1, &v, CAP_SET) < 0)
			rc = -errno;
	}
	if (rc == 0 && cap_set_proc(now) < 0)
		rc = -errno;
	(void) cap_free(now);
	return rc < 0 ? err_sys(e, rc, "cannot use the capabilities of this process") : 0;
}

uint64_t rights_effective(void)
{
	cap_t now = cap_get_proc();
	uint64_t caps = 0;

	for (int c = 0; now && c < 64 && c < cap_max_bits(); c++) {
		cap_flag_value_t has = CAP_CLEAR;

		if (cap_get_flag(now, c, CAP_EFFECTIVE, &has) == 0 && has)
			caps |= BIT(c);
	}
	(void) cap_free(now);
	return caps;
}

/* Is @r missing, and of use for a process of @uid? */
static bool is_missing(const struct right *r, uint64_t caps, uint32_t uid)
{
	/* CAP_DAC_OVERRIDE permits what CAP_DAC_READ_SEARCH does */
	bool is_covered = r->cap == CAP_DAC_READ_SEARCH && (caps & BIT(CAP_DAC_OVERRIDE));

	if ((r->is_for_root && uid != 0) || (r->is_for_other && uid == 0))
		return false;
	return !(caps & BIT(r->cap)) && !is_covered;
}

int rights_check(uint64_t caps, uint32_t uid, struct warnings *w, struct err *e)
{
	char missing[ERR_TEXT_MAX] = "", add[128] = "";
	size_t n = 0, n_add = 0;

	for (size_t i = 0; i < ARRAY_LEN(rights); i++) {
		const struct right *r = &rights[i];

		if (!is_missing(r, caps, uid) || !r->is_needed)
			continue;
		n += (size_t) snprintf(missing + n, sizeof(missing) - n, "%sCAP_%s (%s)",
			n > 0 ? ", " : "", r->name, r->lost);
		n_add += (size_t) snprintf(
			add + n_add, sizeof(add) - n_add, "%s%s", n_add > 0 ? ", " : "", r->name);
		n = n < sizeof(missing) ? n : sizeof(missing) - 1;
		n_add = n_add < sizeof(add) ? n_add : sizeof(add) - 1;
	}
	if (n > 0 && caps == 0)
		return err_set(e, -EPERM,
			"packetflix needs rights: start it as root (sudo), or give it file "
			"capabilities: " SETCAP
			"; in a container as cap_add, without no-new-privileges");
	if (n > 0)
		return err_set(e, -EPERM,
			"packetflix lacks %s. In a container: cap_add: [%s]%s; elsewhere: " SETCAP,
			missing, add,
			uid == 0 ? ", or run it as another user (user: 65534 with the image)" : "");
	for (size_t i = 0; i < ARRAY_LEN(rights); i++) {
		if (is_missing(&rights[i], caps, uid))
			warnings_add(w, "capability",
				"CAP_%s is missing, and with it %s; in a container: cap_add: [%s]",
				rights[i].name, rights[i].lost, rights[i].name);
	}
	return 0;
}

int rights_check_user(const char *uid_map, const struct sandbox_ids *ids, struct err *e)
{
	uint32_t first, outside, count;
	int used = 0;

	for (const char *p = uid_map; sscanf(p, "%" SCNu32 " %" SCNu32 " %" SCNu32 "%n", &first,
					      &outside, &count, &used) == 3;
		p += used) {
		if (ids->uid - first < count || SANDBOX_NOBODY - first < count)
			return 0;
	}
	return err_set(e, -EINVAL,
		"neither user %" PRIu32
		" nor user %d exists in this user namespace, and packetflix "
		"cannot run its processes as root: map one of them (/etc/subuid), or run "
		"packetflix "
		"as another user",
		(uint32_t) ids->uid, SANDBOX_NOBODY);
}
