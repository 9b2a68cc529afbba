/* SPDX-License-Identifier: MIT */
#include "discover/engine/nerdctl_networks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "discover/engine/networks_json.h"
#include "discover/host/root_path.h"

#define CNI_DIR        "/etc/cni/net.d"
#define FILE_MAX_BYTES 65536

static bool is_nerdctls(const char *name)
{
	size_t n = strlen(name);

	return strncmp(name, "nerdctl-", 8) == 0 && n > 17 &&
	       strcmp(name + n - 9, ".conflist") == 0;
}

int nerdctl_networks_read(int procfd, int32_t pid, struct engine_networks *ret)
{
	AUTO_CLOSE int root = root_path_root(procfd, pid);
	AUTO_CLOSEDIR DIR *dir = root < 0 ? NULL : root_path_opendir(procfd, root, CNI_DIR);
	AUTO_FREE char *text = dir ? malloc(FILE_MAX_BYTES) : NULL;
	const struct dirent *d;
	int rc = 0, seen = 0;

	if (!dir)
		return 0;
	if (!text)
		return -ENOMEM;
	while (rc != -ENOMEM && seen < ENGINE_NETWORKS_MAX && (d = readdir(dir))) {
		char path[sizeof(CNI_DIR) + sizeof(d->d_name)];
		ssize_t len;

		if (!is_nerdctls(d->d_name))
			continue;
		seen++;
		(void) snprintf(path, sizeof(path), CNI_DIR "/%s", d->d_name);
		len = root_path_read_at(procfd, root, path, text, FILE_MAX_BYTES);
		if (len > 0)
			rc = networks_parse_nerdctl(text, (size_t) len, ret);
	}
	return rc == -ENOMEM ? rc : 0;
}
