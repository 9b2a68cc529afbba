/* SPDX-License-Identifier: MIT */
/* SIGHUP: certificate, key and token file are opened again and handed to the service. */
#ifndef BROKER_RELOAD_H
#define BROKER_RELOAD_H

#include "base/err.h"
#include "broker/broker.h"

/* Open the files that the options name, in place of those opened before. Returns 0, or a negative
 * errno with words in @e and everything as it was. */
int reload_open(struct broker *b, struct err *e);

/* Open them again and send them to the service (MSG_RELOAD). A failure is logged, and the service
 * goes on with what it has. */
void reload_files(struct broker *b);

#endif
