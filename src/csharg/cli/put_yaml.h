/* SPDX-License-Identifier: MIT */
/* JSON values as YAML. */
#ifndef CSHARG_CLI_PUT_YAML_H
#define CSHARG_CLI_PUT_YAML_H

#include <jansson.h>

#include "base/text.h"

/* Put @value as a YAML document, lists and objects as blocks, to @out. Returns 0 or -ENOMEM. */
int put_yaml(const json_t *value, struct text *out);

#endif
