/* SPDX-License-Identifier: MIT */
/* Durations and sizes as people write them on command lines. No I/O. */
#ifndef CSHARG_CLI_AMOUNTS_H
#define CSHARG_CLI_AMOUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A duration in the form of Go's time.ParseDuration, without a sign: "1h30m", "1.5s", "300ms",
 * "0"; units ns, us, µs, ms, s, m, h. Rounded up to milliseconds, so that what is not 0 stays so.
 * Errors: -EINVAL, -ERANGE beyond ten years. */
int amounts_duration(const char *s, uint64_t *ret_ms, struct err *e);

/* A count of bytes: digits and maybe k, M, G (powers of 1000) or Ki, Mi, Gi (of 1024), with or
 * without a B after it. Errors: -EINVAL, -ERANGE beyond 2^62. */
int amounts_size(const char *s, uint64_t *ret_bytes, struct err *e);

/* A whole number from 0 to @max. Errors: -EINVAL, -ERANGE. */
int amounts_count(const char *s, uint64_t max, uint64_t *ret, struct err *e);

/* "12.3 MB" and the like, for people. Returns @buf. */
const char *amounts_show_bytes(uint64_t bytes, char *buf, size_t cap_bytes);

#endif
