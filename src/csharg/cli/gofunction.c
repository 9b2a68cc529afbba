/* SPDX-License-Identifier: MIT */
/* The functions of templates. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "csharg/cli/document.h"
#include "csharg/cli/gotemplate_tree.h"
#include "csharg/cli/govalue.h"

static json_t *fail(struct err *e, const char *words)
{
	(void) err_set(e, -EINVAL, "%s", words);
	return NULL;
}

static json_t *made(json_t *v, struct err *e)
{
	if (!v)
		(void) err_set(e, -ENOMEM, "out of memory");
	return v;
}

static json_t *made_text(struct text *t, struct err *e)
{
	return made(t->failed ? NULL : json_stringn_nocheck(t->p ? t->p : "", t->len_bytes), e);
}

static json_t *call_and(json_t *const *arg, size_t n, struct err *e)
{
	size_t i = 0;

	(void) e;
	while (i + 1 < n && govalue_is_true(arg[i]))
		i++;
	return json_incref(arg[i]);
}

static json_t *call_or(json_t *const *arg, size_t n, struct err *e)
{
	size_t i = 0;

	(void) e;
	while (i + 1 < n && !govalue_is_true(arg[i]))
		i++;
	return json_incref(arg[i]);
}

static json_t *call_not(json_t *const *arg, size_t n, struct err *e)
{
	(void) n;
	(void) e;
	return json_boolean(!govalue_is_true(arg[0]));
}

static json_t *call_len(json_t *const *arg, size_t n, struct err *e)
{
	(void) n;
	if (json_is_string(arg[0]))
		return made(json_integer((json_int_t) json_string_length(arg[0])), e);
	if (json_is_array(arg[0]))
		return made(json_integer((json_int_t) json_array_size(arg[0])), e);
	if (json_is_object(arg[0]))
		return made(json_integer((json_int_t) json_object_size(arg[0])), e);
	return fail(e, "len of a value that has no length");
}

static json_t *call_index(json_t *const *arg, size_t n, struct err *e)
{
	const json_t *v = arg[0];

	for (size_t i = 1; i < n; i++) {
		if (json_is_array(v) && json_is_integer(arg[i])) {
			json_int_t at = json_integer_value(arg[i]);

			if (at < 0 || (size_t) at >= json_array_size(v))
				return fail(e, "index out of range");
			v = json_array_get(v, (size_t) at);
		} else if (json_is_object(v) && json_is_string(arg[i])) {
			v = document_member(v, json_string_value(arg[i]));
		} else {
			return fail(e, "index of a value that has no such index");
		}
	}
	return v ? json_incref((json_t *) (uintptr_t) v) : json_null();
}

/* Negative, 0 or positive as @a is less than, equal to, or more than @b; *@ret_comparable tells
 * whether they are of one kind. */
static int compare(const json_t *a, const json_t *b, bool *ret_comparable)
{
	*ret_comparable = true;
	if (json_is_string(a) && json_is_string(b))
		return strcmp(json_string_value(a), json_string_value(b));
	if (json_is_integer(a) && json_is_integer(b))
		return (json_integer_value(a) > json_integer_value(b)) -
		       (json_integer_value(a) < json_integer_value(b));
	if (json_is_number(a) && json_is_number(b))
		return (json_number_value(a) > json_number_value(b)) -
		       (json_number_value(a) < json_number_value(b));
	*ret_comparable = false;
	return 0;
}

static json_t *call_eq(json_t *const *arg, size_t n, struct err *e)
{
	bool same = false, comparable;

	for (size_t i = 1; i < n; i++) {
		int order = compare(arg[0], arg[i], &comparable);

		if (comparable)
			same = same || order == 0;
		else if (json_is_null(arg[0]) || json_is_null(arg[i]) ||
			 (json_is_boolean(arg[0]) && json_is_boolean(arg[i])))
			same = same || json_equal(arg[0], arg[i]);
		else
			return fail(e, "values of different kinds, or lists, are compared");
	}
	return json_boolean(same);
}

static json_t *call_ne(json_t *const *arg, size_t n, struct err *e)
{
	json_t *same = call_eq(arg, n, e);

	return same ? json_boolean(!json_is_true(same)) : NULL;
}

static json_t *ordered(json_t *const *arg, struct err *e, int low, int high)
{
	bool comparable;
	int order = compare(arg[0], arg[1], &comparable);

	if (!comparable)
		return fail(e, "values that have no order are compared");
	order = (order > 0) - (order < 0);
	return json_boolean(order >= low && order <= high);
}

static json_t *call_lt(json_t *const *arg, size_t n, struct err *e)
{
	(void) n;
	return ordered(arg, e, -1, -1);
}

static json_t *call_le(json_t *const *arg, size_t n, struct err *e)
{
	(void) n;
	return ordered(arg, e, -1, 0);
}

static json_t *call_gt(json_t *const *arg, size_t n, struct err *e)
{
	(void) n;
	return ordered(arg, e, 1, 1);
}

static json_t *call_ge(json_t *const *arg, size_t n, struct err *e)
{
	(void) n;
	return ordered(arg, e, 0, 1);
}

/* Blanks as Go's fmt has them: with @always between all, else between two that are no strings. */
static json_t *print(json_t *const *arg, size_t n, bool always, struct err *e)
{
	AUTO_TEXT struct text t = {0};

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && (always || (!json_is_string(arg[i]) && !json_is_string(arg[i - 1]))))
			text_put(&t, " ");
		if (govalue_put(&t, arg[i]) < 0)
			return made(NULL, e);
	}
	if (always)
		text_put(&t, "\n");
	return made_text(&t, e);
}

static json_t *call_print(json_t *const *arg, size_t n, struct err *e)
{
	return print(arg, n, false, e);
}

static json_t *call_println(json_t *const *arg, size_t n, struct err *e)
{
	return print(arg, n, true, e);
}

/* One verb of printf. */
struct verb {
	bool minus, zero;
	long width, precision; /* precision -1 = none */
	char letter;
};

/* The number at *@at, which moves behind its digits; 0 if there are none. */
static long take_number(const char **at)
{
	char *end = NULL;
	long v = 0;

	if (isdigit((unsigned char) **at)) {
		v = strtol(*at, &end, 10);
		*at = end;
	}
	return v;
}

/* Understand the verb behind the '%' at *@at, which moves behind it. False if it is none. */
static bool take_verb(const char **at, struct verb *ret)
{
	struct verb v = {.precision = -1};
	const char *p = *at;

	for (; *p == '-' || *p == '0'; p++) {
		v.minus = v.minus || *p == '-';
		v.zero = v.zero || *p == '0';
	}
	v.width = take_number(&p);
	if (*p == '.') {
		p++;
		v.precision = take_number(&p);
	}
	if (!*p || !strchr("sdvqxfgt", *p) || v.width > GOTEMPLATE_WIDTH_MAX ||
		v.precision > GOTEMPLATE_WIDTH_MAX)
		return false;
	v.letter = *p;
	*at = p + 1;
	*ret = v;
	return true;
}

/* Put @v by the letter of @verb, without its width. False when it is of the wrong kind. */
static bool put_converted(struct text *t, const struct verb *verb, const json_t *v)
{
	int precision = verb->precision < 0 ? 6 : (int) verb->precision;
	char number[GOTEMPLATE_WIDTH_MAX + 400];

	switch (verb->letter) {
	case 'd':
	case 'x':
		if (!json_is_integer(v))
			return false;
		(void) snprintf(number, sizeof(number), verb->letter == 'd' ? "%lld" : "%llx",
			(long long) json_integer_value(v));
		text_put(t, number);
		return true;
	case 'f':
	case 'g':
		if (!json_is_number(v))
			return false;
		(void) snprintf(number, sizeof(number), verb->letter == 'f' ? "%.*f" : "%.*g",
			precision, json_number_value(v));
		text_put(t, number);
		return true;
	case 't':
		text_put(t, json_is_true(v) ? "true" : "false");
		return json_is_boolean(v);
	case 'q':
		if (json_is_string(v))
			text_put_json(t, json_string_value(v));
		return json_is_string(v);
	default:
		return govalue_put(t, v) == 0;
	}
}

static void put_padded(struct text *t, const struct verb *verb, const struct text *value)
{
	size_t len = value->len_bytes, width = (size_t) verb->width, n = 0;
	bool negative = len > 0 && value->p[0] == '-';
	char fill = verb->zero && !verb->minus ? '0' : ' ';
	size_t skip = fill == '0' && negative && strchr("dxfg", verb->letter) ? 1 : 0;

	if (verb->letter == 's' && verb->precision >= 0 && (size_t) verb->precision < len)
		len = (size_t) verb->precision;
	for (size_t i = 0; i < len; i++)
		n += ((unsigned char) value->p[i] & 0xc0) != 0x80;
	text_put_bytes(t, value->p ? value->p : "", skip);
	for (size_t i = n; !verb->minus && i < width; i++)
		text_put_bytes(t, &fill, 1);
	text_put_bytes(t, value->p ? value->p + skip : "", len - skip);
	for (size_t i = n; verb->minus && i < width; i++)
		text_put_bytes(t, &fill, 1);
}

static json_t *call_printf(json_t *const *arg, size_t n, struct err *e)
{
	AUTO_TEXT struct text t = {0};
	const char *p = json_string_value(arg[0]);
	size_t used = 1;

	if (!p)
		return fail(e, "printf without a format");
	while (*p) {
		AUTO_TEXT struct text value = {0};
		size_t plain = strcspn(p, "%");
		struct verb verb;

		text_put_bytes(&t, p, plain);
		p += plain;
		if (!*p)
			break;
		if (*++p == '%') {
			text_put(&t, "%");
			p++;
			continue;
		}
		if (!take_verb(&p, &verb))
			return fail(e, "printf does not know this verb; there are %s %d %v %q %x "
				       "%f %g %t");
		if (used == n)
			return fail(e, "printf has more verbs than values");
		if (!put_converted(&value, &verb, arg[used++]))
			return fail(e, "printf has a value of another kind than its verb");
		put_padded(&t, &verb, &value);
		t.failed = t.failed || value.failed;
	}
	return used < n ? fail(e, "printf has more values than verbs") : made_text(&t, e);
}

static json_t *call_join(json_t *const *arg, size_t n, struct err *e)
{
	AUTO_TEXT struct text t = {0};

	(void) n;
	if ((!json_is_array(arg[0]) && !json_is_null(arg[0])) || !json_is_string(arg[1]))
		return fail(e, "join needs a list and a string");
	for (size_t i = 0; i < json_array_size(arg[0]); i++) {
		text_put(&t, i ? json_string_value(arg[1]) : "");
		if (govalue_put(&t, json_array_get(arg[0], i)) < 0)
			return made(NULL, e);
	}
	return made_text(&t, e);
}

static json_t *changed_case(const json_t *v, int (*change)(int), struct err *e)
{
	AUTO_TEXT struct text t = {0};

	if (!json_is_string(v))
		return fail(e, "a string is needed");
	for (const char *p = json_string_value(v); *p; p++) {
		char c = (unsigned char) *p < 0x80 ? (char) change((unsigned char) *p) : *p;

		text_put_bytes(&t, &c, 1);
	}
	return made_text(&t, e);
}

static json_t *call_upper(json_t *const *arg, size_t n, struct err *e)
{
	(void) n;
	return changed_case(arg[0], toupper, e);
}

static json_t *call_lower(json_t *const *arg, size_t n, struct err *e)
{
	(void) n;
	return changed_case(arg[0], tolower, e);
}

static json_t *call_json(json_t *const *arg, size_t n, struct err *e)
{
	AUTO_FREE char *dump = json_dumps(arg[0], JSON_COMPACT | JSON_ENCODE_ANY);

	(void) n;
	return made(dump ? json_string_nocheck(dump) : NULL, e);
}

const struct gofunction *gofunction_find(const char *name)
{
	static const struct gofunction functions[] = {
		{"and", 1, SIZE_MAX, call_and},
		{"or", 1, SIZE_MAX, call_or},
		{"not", 1, 1, call_not},
		{"len", 1, 1, call_len},
		{"index", 1, SIZE_MAX, call_index},
		{"eq", 2, SIZE_MAX, call_eq},
		{"ne", 2, 2, call_ne},
		{"lt", 2, 2, call_lt},
		{"le", 2, 2, call_le},
		{"gt", 2, 2, call_gt},
		{"ge", 2, 2, call_ge},
		{"print", 0, SIZE_MAX, call_print},
		{"println", 0, SIZE_MAX, call_println},
		{"printf", 1, SIZE_MAX, call_printf},
		{"join", 2, 2, call_join},
		{"upper", 1, 1, call_upper},
		{"lower", 1, 1, call_lower},
		{"json", 1, 1, call_json},
	};

	for (size_t i = 0; i < ARRAY_LEN(functions); i++)
		if (strcmp(functions[i].name, name) == 0)
			return &functions[i];
	return NULL;
}
