/* SPDX-License-Identifier: MIT */
/* Icons of apps as texts that browsers take for pictures (RFC 2397, RFC 4648). No I/O. */
#ifndef EDGE_EDGE_ICON_H
#define EDGE_EDGE_ICON_H

#include <stddef.h>

#define EDGE_ICON_MAX_BYTES 65536 /* of the file */

/* Make "data:image/png;base64,..." of a file. Returns it (free() it), or NULL when the bytes are no
 * PNG file (its signature, then an image header with a size) or memory is short. */
char *edge_icon_url(const unsigned char *bytes, size_t len_bytes);

#endif
