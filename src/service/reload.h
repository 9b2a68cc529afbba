/* SPDX-License-Identifier: MIT */
/* MSG_RELOAD: certificate, key and token are read again. Connections that are open keep what they
 * have. */
#ifndef SERVICE_RELOAD_H
#define SERVICE_RELOAD_H

#include "proto/broker.h"
#include "proto/fdpass.h"
#include "service/parts.h"

/* Read them from @fds (taken) and use them for new connections and requests. When one of them
 * cannot be used, that is logged and everything stays as it was. */
void reload(struct app *a, const struct msg_reload *m, struct fdset *fds);

#endif
