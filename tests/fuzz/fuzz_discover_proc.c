/* SPDX-License-Identifier: MIT */
/* Laws of the small parsers of /proc: a socket's path is the end of its line; pids are positive;
 * CPU ranges do not run backwards; values of os-release are safe to show. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "discover/host/host.h"
#include "base/ns_link.h"
#include "discover/container/pod_name.h"
#include "discover/detail/tun_owners.h"
#include "discover/host/proc_status.h"
#include "discover/engine/unix_sockets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_status(const char *text)
{
	struct proc_status st;

	if (proc_status_parse(text, &st) < 0)
		return;
	assert(st.n_nspid > 0 && st.n_nspid <= PROC_STATUS_LEVELS_MAX);
	for (size_t i = 0; i < st.n_nspid; i++)
		assert(st.nspid[i] > 0);
}

static void check_host(const char *text)
{
	uint32_t cpus[HOST_CPUS_MAX][2];
	char value[HOST_TEXT_MAX];
	size_t n = host_parse_cpus(text, cpus, HOST_CPUS_MAX);

	assert(n <= HOST_CPUS_MAX);
	for (size_t i = 0; i < n; i++)
		assert(cpus[i][0] <= cpus[i][1]);
	host_parse_osrel(text, "NAME", value, sizeof(value));
	assert(strlen(value) < sizeof(value) && utf8_valid(value, strlen(value)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *) data, size), *pod = NULL;
	struct labels labels = {0};
	char tun[LINK_NAME_MAX];
	uint64_t inode;
	const char *path = unix_sockets_parse(text, &inode);

	(void) pod_name_of_dockershim(text, &labels, &pod);
	assert((pod != NULL) == (labels.n > 0));
	labels_done(&labels);
	if (path)
		assert(path[0] == '/' && path + strlen(path) == text + strlen(text));
	if (pod)
		assert(strchr(pod, '/') && strstr(text, strchr(pod, '/') + 1));
	tun_owners_parse(text, tun);
	if (tun[0])
		assert(memchr(tun, '\0', sizeof(tun)) && strstr(text, tun));
	if (ns_link_inode(text, "net"))
		assert(strncmp(text, "net:[", 5) == 0);
	check_status(text);
	check_host(text);
	free(pod);
	free(text);
	return 0;
}
