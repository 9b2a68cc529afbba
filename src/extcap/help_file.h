/* SPDX-License-Identifier: MIT */
/* The document that Wireshark's help button opens. */
#ifndef EXTCAP_HELP_FILE_H
#define EXTCAP_HELP_FILE_H

#include <stddef.h>

/* Write the path of the installed README into @ret: that in the user's data folder
 * ($XDG_DATA_HOME, else ~/.local/share) if it exists, else that of the machine, else "". A path
 * with characters that cannot be shown to Wireshark counts as missing. */
void help_file_find(char *ret, size_t cap_bytes);

#endif
