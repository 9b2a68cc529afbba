/* SPDX-License-Identifier: MIT */
/* Rewriting a section header's comment (wire contract 1.13): the document about the target that the
 * service wrote is replaced by ours, which knows more. No I/O. */
#ifndef CSHARG_SHB_EDIT_H
#define CSHARG_SHB_EDIT_H

#include <sys/types.h>

#include "csharg/lib/blocks.h"
#include "pcapng/target_comment.h"

/* Make the section header @b anew: the comment first, the other options behind it as they were,
 * section length unknown. What else stood in its first comment is kept as long as there is room.
 * *@ret is owned by the caller. Returns its length in bytes, -ENOMEM, or -EBADMSG for a block that
 * is no section header. */
ssize_t shb_edit(const struct block *b, const struct target_comment *doc, uint8_t **ret);

#endif
