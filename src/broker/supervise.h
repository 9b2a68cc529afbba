/* SPDX-License-Identifier: MIT */
/* Keeping the service and discover alive, and the loop that serves them. */
#ifndef BROKER_SUPERVISE_H
#define BROKER_SUPERVISE_H

#include "broker/broker.h"

/* Start both children and serve them until a signal ends the program. Returns the exit status. */
int supervise_run(struct broker *b);

#endif
