/* SPDX-License-Identifier: MIT */
#include "csharg/cli/amounts.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"

#define DURATION_MAX_NS (10.0 * 365 * 86400 * 1e9)

/* Digits with maybe a fraction at *@s, which moves behind them. */
static bool take_decimal(const char **s, double *ret)
{
	double value = 0, place = 1;
	bool any = false;

	for (; isdigit((unsigned char) **s); (*s)++, any = true)
		value = value * 10 + (**s - '0');
	if (**s == '.') {
		(*s)++;
		for (; isdigit((unsigned char) **s); (*s)++, any = true)
			value += (**s - '0') * (place /= 10);
	}
	*ret = value;
	return any;
}

static double take_unit(const char **s)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {
		{"ns", 1},
		{"us", 1e3},
		{"\xc2\xb5s", 1e3},
		{"\xce\xbcs", 1e3},
		{"ms", 1e6},
		{"s", 1e9},
		{"m", 60e9},
		{"h", 3600e9},
	};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		size_t n = strlen(units[i].name);

		if (strncmp(*s, units[i].name, n) == 0) {
			*s += n;
			return units[i].ns;
		}
	}
	return 0;
}

int amounts_duration(const char *s, uint64_t *ret_ms, struct err *e)
{
	const char *at = s;
	double sum_ns = 0;
	uint64_t ms;

	if (strcmp(s, "0") == 0) {
		*ret_ms = 0;
		return 0;
	}
	do {
		double value, unit_ns;

		if (!take_decimal(&at, &value))
			return err_set(e, -EINVAL, "invalid duration \"%.100s\"", s);
		unit_ns = take_unit(&at);
		if (unit_ns == 0)
			return err_set(e, -EINVAL,
				"%s unit in duration \"%.100s\" (such as 90s, 5m or 1h30m)",
				*at ? "unknown" : "missing", s);
		sum_ns += value * unit_ns;
	} while (*at);
	if (!(sum_ns <= DURATION_MAX_NS))
		return err_set(e, -ERANGE, "duration \"%.100s\" is too long", s);
	ms = (uint64_t) (sum_ns / 1e6);
	*ret_ms = (double) ms * 1e6 < sum_ns ? ms + 1 : ms;
	return 0;
}

/* Digits at *@s, at most @max. */
static int take_count(const char **s, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!isdigit((unsigned char) **s))
		return -EINVAL;
	for (; isdigit((unsigned char) **s); (*s)++) {
		uint64_t digit = (uint64_t) (**s - '0');

		if (value > (max - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}
	*ret = value;
	return 0;
}

int amounts_count(const char *s, uint64_t max, uint64_t *ret, struct err *e)
{
	const char *at = s;
	uint64_t value = 0;
	int rc = take_count(&at, max, &value);

	if (rc == -ERANGE)
		return err_set(e, rc, "\"%.100s\" is too large", s);
	if (rc < 0 || *at)
		return err_set(e, -EINVAL, "\"%.100s\" is no whole number", s);
	*ret = value;
	return 0;
}

int amounts_size(const char *s, uint64_t *ret_bytes, struct err *e)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = {
		{"", 1},
		{"k", 1000},
		{"K", 1000},
		{"M", 1000000},
		{"G", 1000000000},
		{"Ki", 1ULL << 10},
		{"Mi", 1ULL << 20},
		{"Gi", 1ULL << 30},
	};
	const uint64_t max = 1ULL << 62;
	const char *at = s;
	uint64_t value = 0;
	int rc = take_count(&at, max, &value);

	if (rc == -ERANGE)
		return err_set(e, rc, "size \"%.100s\" is too large", s);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(units); i++) {
		size_t n = strlen(units[i].name);

		if (strncmp(at, units[i].name, n) != 0 || (at[n] && strcmp(at + n, "B") != 0))
			continue;
		if (value > max / units[i].factor)
			return err_set(e, -ERANGE, "size \"%.100s\" is too large", s);
		*ret_bytes = value * units[i].factor;
		return 0;
	}
	return err_set(e, -EINVAL, "invalid size \"%.100s\" (such as 500k, 100M or 1Gi)", s);
}

const char *amounts_show_bytes(uint64_t bytes, char *buf, size_t cap_bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	double value = (double) bytes / 1000;
	size_t i = 0;

	if (bytes < 1000) {
		(void) snprintf(buf, cap_bytes, "%u bytes", (unsigned int) bytes);
		return buf;
	}
	for (; value >= 999.95 && i + 1 < ARRAY_LEN(units); i++)
		value /= 1000;
	(void) snprintf(buf, cap_bytes, "%.1f %s", value, units[i]);
	return buf;
}
