/* SPDX-License-Identifier: MIT */
#include "csharg/cli/put_yaml.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <yaml.h>

#include "base/own.h"
#include "csharg/cli/govalue.h"

static int write_text(void *ctx, unsigned char *bytes, size_t len_bytes)
{
	struct text *out = ctx;

	text_put_bytes(out, (const char *) bytes, len_bytes);
	return !out->failed;
}

/* Whether @s means itself without quotation marks, to readers of YAML 1.1 and 1.2: no number, no
 * word that is something else. */
static bool is_plain(const char *s)
{
	static const char *const special[] = {
		"true", "false", "yes", "no", "on", "off", "y", "n", "null", "inf", "nan"};

	for (size_t i = 0; i < ARRAY_LEN(special); i++) {
		if (strcasecmp(s, special[i]) == 0)
			return false;
	}
	if (!isalpha((unsigned char) *s))
		return false;
	return s[strspn(s,
		       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./()@")] ==
	       '\0';
}

static bool emit_scalar(yaml_emitter_t *emitter, const char *s, bool is_string)
{
	yaml_scalar_style_t style = is_string && !is_plain(s) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
							      : YAML_PLAIN_SCALAR_STYLE;
	yaml_event_t event;

	return yaml_scalar_event_initialize(
		       &event, NULL, NULL, (const yaml_char_t *) s, (int) strlen(s), 1, 1, style) &&
	       yaml_emitter_emit(emitter, &event);
}

static bool emit(yaml_emitter_t *emitter, const json_t *value);

static bool emit_object(yaml_emitter_t *emitter, const json_t *value)
{
	AUTO_FREE const char **keys = govalue_keys(value);
	yaml_event_t event;

	if (!keys)
		return false;
	if (!yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE) ||
		!yaml_emitter_emit(emitter, &event))
		return false;
	for (const char **key = keys; *key; key++) {
		if (!emit_scalar(emitter, *key, true) ||
			!emit(emitter, json_object_get(value, *key)))
			return false;
	}
	return yaml_mapping_end_event_initialize(&event) && yaml_emitter_emit(emitter, &event);
}

static bool emit_array(yaml_emitter_t *emitter, const json_t *value)
{
	yaml_event_t event;

	if (!yaml_sequence_start_event_initialize(
		    &event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE) ||
		!yaml_emitter_emit(emitter, &event))
		return false;
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (!emit(emitter, json_array_get(value, i)))
			return false;
	}
	return yaml_sequence_end_event_initialize(&event) && yaml_emitter_emit(emitter, &event);
}

static bool emit(yaml_emitter_t *emitter, const json_t *value)
{
	AUTO_FREE char *text = NULL;

	if (json_is_object(value))
		return emit_object(emitter, value);
	if (json_is_array(value))
		return emit_array(emitter, value);
	if (json_is_string(value))
		return emit_scalar(emitter, json_string_value(value), true);
	text = json_dumps(value, JSON_ENCODE_ANY);
	return text && emit_scalar(emitter, text, false);
}

static bool emit_document(yaml_emitter_t *emitter, const json_t *value)
{
	yaml_event_t event;

	return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
	       yaml_emitter_emit(emitter, &event) &&
	       yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
	       yaml_emitter_emit(emitter, &event) && emit(emitter, value) &&
	       yaml_document_end_event_initialize(&event, 1) &&
	       yaml_emitter_emit(emitter, &event) && yaml_stream_end_event_initialize(&event) &&
	       yaml_emitter_emit(emitter, &event);
}

int put_yaml(const json_t *value, struct text *out)
{
	yaml_emitter_t emitter;
	bool ok;

	if (!yaml_emitter_initialize(&emitter))
		return -ENOMEM;
	yaml_emitter_set_output(&emitter, write_text, out);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	ok = emit_document(&emitter, value);
	yaml_emitter_delete(&emitter);
	return ok ? 0 : -ENOMEM;
}
