/* SPDX-License-Identifier: MIT */
/* Laws: an answer to an upgrade is judged the same with more bytes behind it; at its end it is
 * always judged; a refusal always has words. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "csharg/lib/ws_upgrade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t nonce[] = "the sample nonce";
	struct err e = ERR_NONE, last = ERR_NONE;
	char *text = malloc(size + 1);
	ssize_t whole, some;
	size_t n = size / 2;

	if (!text)
		abort();
	memcpy(text, data, size);
	some = ws_answer_judge(text, n, false, nonce, &e);
	whole = ws_answer_judge(text, size, false, nonce, &e);
	assert(some == 0 || (some > 0 ? whole == some : whole < 0));
	assert(whole >= 0 || e.text[0]);
	assert(whole <= (ssize_t) size);
	whole = ws_answer_judge(text, size, true, nonce, &last);
	assert(whole > 0 || last.text[0]);
	free(text);
	return 0;
}
