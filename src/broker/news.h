/* SPDX-License-Identifier: MIT */
/* Messages of the broker to its children that answer no request. Each is kept as a state until the
 * channel has room for it, so that a child that reads slowly loses none. Repeated events are
 * merged, so that memory does not grow with their number. */
#ifndef BROKER_NEWS_H
#define BROKER_NEWS_H

#include "broker/broker.h"

/* Restart counts or the silence of discover have changed. */
void news_restarts(struct broker *b);

/* The target process of @r has ended. */
void news_target_exited(struct broker *b, struct running_capture *r);

/* The reader of @r was reaped with wait status @status. @r is removed once the service knows. */
void news_reader_ended(struct broker *b, struct running_capture *r, int status);

/* Everything shall end. */
void news_shutdown(struct broker *b);

/* Certificate, key and token have been opened again. */
void news_reload(struct broker *b);

/* Give @c its end @fd (taken over) of a new catalog channel. */
void news_catalog_channel(struct broker *b, struct child *c, int fd);

/* The service is gone, or there is another one, which knows no capture of the former: drop what was
 * to be reported to that. */
void news_forget(struct broker *b);

/* Send what the channel has room for. Called by the others, and when the channel can be written
 * again. */
void news_flush(struct broker *b);

#endif
