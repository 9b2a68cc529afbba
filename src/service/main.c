/* SPDX-License-Identifier: MIT */
/* packetflix-service: the process that talks to the network. It reads what it needs from its
 * descriptors, gives up its file system, its user and every capability, and serves. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "proto/service_args.h"
#include "sandbox/roles.h"
#include "service/app.h"
#include "service/config.h"

int main(int argc, char **argv)
{
	struct config config;
	struct app app;
	struct err e = {0, ""};
	bool was_root;
	int rc;

	log_init("service", false);
	/* OpenSSL writes to sockets whose client may be gone */
	(void) signal(SIGPIPE, SIG_IGN);
	rc = config_read(argc, argv, &config, &e);
	if (rc == 0) {
		log_init("service", config.debug);
		/* libraries read their files now, or never */
		rc = app_init(&app, &config, &e);
	}
	if (rc < 0) {
		log_error("%s", e.text);
		return EXIT_CONFIGURATION;
	}
	was_root = getuid() == 0;
	rc = role_enter_service(SERVICE_FD_ROOT, &config.ids, config.proxy, &e);
	if (rc < 0) {
		log_error("%s", e.text);
		return EXIT_CONFIGURATION;
	}
	if (was_root && getuid() == SANDBOX_NOBODY && config.ids.uid != SANDBOX_NOBODY)
		log_warn("user %u is not mapped into this user namespace: running as user %d, "
			 "which processes of other programs may share",
			config.ids.uid, SANDBOX_NOBODY);
	app_run(&app);
	app_done(&app);
	config_done(&config);
	return EXIT_SUCCESS;
}
