/* SPDX-License-Identifier: MIT */
#include "extcap/check.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extcap/connect.h"
#include "extcap/folders.h"

#define DESKTOP_FILE "com.github.siemens.packetflix.desktop"
#define SCHEME       "x-scheme-handler/packetflix"

/* One line. Returns 0 for what is well, -ENOENT for what is not. */
static int tell(bool is_well, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int tell(bool is_well, const char *fmt, ...)
{
	va_list ap;

	(void) fputs(is_well ? "ok       " : "MISSING  ", stdout);
	va_start(ap, fmt);
	(void) vprintf(fmt, ap);
	va_end(ap);
	(void) putchar('\n');
	return is_well ? 0 : -ENOENT;
}

/* The plugin in @folder: what it says its version is. Returns 1 if it is there and works. */
static int look_into(const char *folder)
{
	char path[FOLDERS_PATH_MAX + 32], version[256];
	const char *const argv[] = {path, "--version", NULL};
	int rc;

	(void) snprintf(path, sizeof(path), "%s/cshargextcap", folder);
	if (access(path, F_OK) < 0) {
		(void) printf("         %s: no cshargextcap in it\n", folder);
		return 0;
	}
	rc = folders_run(argv, version, sizeof(version));
	version[rc < 0 ? 0 : strcspn(version, "\n")] = '\0';
	(void) tell(rc >= 0, "%s: %s", path,
		rc >= 0 ? version : "it cannot be run; see what happens when you do that");
	return rc >= 0 ? 1 : 0;
}

static int check_folders(void)
{
	char self[PATH_MAX] = "cshargextcap";
	struct folders f;
	int found = 0;

	folders_ask(&f);
	if (f.n == 0)
		return tell(false, "no Wireshark: neither tshark nor wireshark can be asked for "
				   "its folders; install one of them");
	(void) tell(true, "%s tells where plugins are looked for", f.source);
	for (size_t i = 0; i < f.n; i++)
		found += look_into(f.path[i]);
	if (found)
		return 0;
	(void) !readlink("/proc/self/exe", self, sizeof(self) - 1);
	return tell(false, "the plugin is in no folder that is searched: ln -s %s %s/", self,
		f.path[0]);
}

/* True when a desktop file of the name is in one of the data folders. */
static bool is_desktop_file_there(const char *dirs)
{
	while (dirs && *dirs) {
		size_t n = strcspn(dirs, ":");
		char path[PATH_MAX];

		(void) snprintf(
			path, sizeof(path), "%.*s/applications/" DESKTOP_FILE, (int) n, dirs);
		if (access(path, R_OK) == 0)
			return true;
		dirs += n + (dirs[n] ? 1 : 0);
	}
	return false;
}

static bool is_installed(void)
{
	const char *home = getenv("HOME"), *data_home = getenv("XDG_DATA_HOME");
	const char *dirs = getenv("XDG_DATA_DIRS");
	char path[PATH_MAX];

	(void) snprintf(path, sizeof(path), "%s/.local/share", home ? home : "");
	if (is_desktop_file_there(data_home && *data_home ? data_home : path))
		return true;
	return is_desktop_file_there(dirs && *dirs ? dirs : "/usr/local/share:/usr/share");
}

static int check_links(void)
{
	static const char *const argv[] = {"xdg-mime", "query", "default", SCHEME, NULL};
	char handler[256];
	int rc;

	if (!is_installed())
		return tell(false,
			"packetflix: links have no " DESKTOP_FILE
			" in an applications folder; scripts/install-extcap or meson install "
			"puts it there");
	rc = folders_run(argv, handler, sizeof(handler));
	if (rc == -ENOENT)
		return tell(true, DESKTOP_FILE " is there (without xdg-mime it is not known "
					       "whether the desktop uses it)");
	handler[rc < 0 ? 0 : strcspn(handler, "\n")] = '\0';
	if (!*handler)
		return tell(false,
			"packetflix: links are not registered: xdg-mime default " DESKTOP_FILE
			" " SCHEME);
	if (strcmp(handler, DESKTOP_FILE) != 0)
		return tell(false,
			"packetflix: links open %s: xdg-mime default " DESKTOP_FILE " " SCHEME,
			handler);
	return tell(true, "packetflix: links open Wireshark by " DESKTOP_FILE);
}

static int tell_service(const struct csharg_client *client, const struct csharg_service *service,
	const struct csharg_targets *all)
{
	const char *name = service->name[0] ? service->name : "a capture service";

	return tell(true, "%s is %s %s with %zu targets", csharg_client_url(client), name,
		service->version, all->n);
}

static int check_service(const struct args *args)
{
	AUTO_CLIENT struct csharg_client *client = NULL;
	AUTO_TARGETS struct csharg_targets *all = NULL;
	AUTO_SERVICE struct csharg_service *service = NULL;
	struct csharg_error why = {0, ""};
	struct err e = ERR_NONE;
	int rc;

	if (!*args->dockerhosturl) {
		(void) puts("         no service was asked; --dockerhosturl http://HOST:5001 does");
		return 0;
	}
	if (connect_client(args, args->dockerhosturl, args->token, &client, &e) < 0)
		return tell(false, "%s: %s", args->dockerhosturl, e.text);
	rc = csharg_client_targets(client, &all, &why);
	if (rc == 0)
		rc = csharg_client_service(client, &service, &why);
	if (rc == 0 && service)
		return tell_service(client, service, all);
	if (rc == -EACCES) {
		(void) connect_refused(client, &why, &e);
		return tell(false, "%s: %s", args->dockerhosturl, e.text);
	}
	return tell(false, "%s: %s; see whether packetflix runs there and its port is open",
		args->dockerhosturl, why.text);
}

int check_run(const struct args *args)
{
	int missing = check_folders();

	missing |= check_links();
	missing |= check_service(args);
	return missing ? -ENOENT : 0;
}
