/* SPDX-License-Identifier: MIT */
/* Laws: any string becomes one JSON string that another implementation reads back as it was, apart
 * from malformed bytes, each of which becomes U+FFFD; nothing of it could end an HTML script. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/utf8.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = strndup((const char *) data, size);
	struct text t = {0};
	json_t *j;

	text_put_json(&t, s);
	assert(!t.failed && memchr(t.p, '<', t.len_bytes) == NULL);
	j = json_loadb(t.p, t.len_bytes, JSON_DECODE_ANY, NULL);
	assert(json_is_string(j));
	if (utf8_valid(s, strlen(s)))
		assert(strcmp(json_string_value(j), s) == 0);
	else
		assert(strstr(json_string_value(j), "\xef\xbf\xbd") != NULL);
	json_decref(j);
	text_done(&t);
	free(s);
	return 0;
}
