/* SPDX-License-Identifier: MIT */
#include "discover/engine/nerdctl_networks.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "discover/engine/networks_json.h"
#include "files/root_path.h"

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
	AUTO_ROOT_LIST struct root_list list = {0};
	AUTO_FREE char *text = NULL;
	struct root_entry entry;
	int rc = 0, seen = 0;

	if (root < 0 || root_path_list(root, CNI_DIR, &list) < 0)
		return 0;
	text = malloc(FILE_MAX_BYTES);
	if (!text)
		return -ENOMEM;
	while (rc != -ENOMEM && seen < ENGINE_NETWORKS_MAX && root_list_next(&list, &entry)) {
		char path[sizeof(CNI_DIR) + NAME_MAX + 1];
		ssize_t len;

		if (!is_nerdctls(entry.name))
			continue;
		seen++;
		(void) snprintf(path, sizeof(path), CNI_DIR "/%s", entry.name);
		len = root_path_read_at(root, path, text, FILE_MAX_BYTES);
		if (len > 0)
			rc = networks_parse_nerdctl(text, (size_t) len, ret);
	}
	return rc == -ENOMEM ? rc : 0;
}
