/* SPDX-License-Identifier: MIT */
/* What people are told on stderr besides results: "[15:04:05]  INFO text". */
#ifndef CSHARG_CLI_SAY_H
#define CSHARG_CLI_SAY_H

void say_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Only with --debug: the caller looks at its options. */
void say_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
