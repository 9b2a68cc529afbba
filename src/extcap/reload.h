/* SPDX-License-Identifier: MIT */
/* The values of the options "container" and "nif", asked for while the dialog is open (wire
 * contract 4.6). */
#ifndef EXTCAP_RELOAD_H
#define EXTCAP_RELOAD_H

#include "base/text.h"
#include "csharg/csharg.h"
#include "extcap/args.h"

/* Put the values of option @args->reload_option of interface mobyshark. For "container" the service
 * is asked. Returns 0, or a negative errno with @e filled, and no lines but what stands always. */
int reload_put(struct text *t, const struct args *args, struct err *e);

/* What a list shows in place of its values has this value, which is no target. */
#define RELOAD_NO_VALUE "none"

/* Put one line that shows @words in the list of option @option ("container"); other lists show
 * nothing. */
void reload_put_failure(struct text *t, const char *option, const char *words);

/* Put those of @all that @args shows, sorted by what is displayed. Returns 0 or -ENOMEM. */
int reload_put_targets(struct text *t, const struct csharg_targets *all, const struct args *args);

/* Put "any" and the interfaces of @target (NULL = unknown), sorted. Names with braces cannot be
 * said to Wireshark and are left out. Returns 0 or -ENOMEM. */
int reload_put_interfaces(struct text *t, const struct csharg_target *target);

#endif
