/* SPDX-License-Identifier: MIT */
/* What Wireshark asks at its start: interfaces, link types, options (wire contract 4.2 to 4.5).
 * Names, calls and groups are in users' preferences and must stay. No I/O. */
#ifndef EXTCAP_DESCRIBE_H
#define EXTCAP_DESCRIBE_H

#include "base/text.h"

enum nif {
	NIF_UNKNOWN,
	NIF_MOBYSHARK,
	NIF_PACKETFLIX
};

#define DESCRIBE_NIF_NAMES "mobyshark, packetflix"

/* Numbers of options whose values are listed by a reload. */
#define DESCRIBE_CONTAINER 10
#define DESCRIBE_NIF       20

/* The interface called @name. */
enum nif describe_find(const char *name);

/* Put the lines of --extcap-interfaces, --extcap-dlts, --extcap-config. @help_path: the file that
 * Wireshark's help button opens, "" = none. */
void describe_interfaces(struct text *t, const char *help_path);
void describe_dlts(struct text *t);
void describe_config(struct text *t, enum nif nif);

/* Put the line of one value of option @number. The lines have no escapes, so braces in @display
 * become parentheses; @value must have none. */
void describe_value(struct text *t, unsigned int number, const char *value, const char *display,
	bool is_default);

#endif
