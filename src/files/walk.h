/* SPDX-License-Identifier: MIT */
/* The walk from a root directory to a path below it, step by step, without openat2(2)
 * (docs/decisions/0026). Only for the worker process (files/worker.h): any step may block without
 * end, as the file system may be one that does not answer. */
#ifndef FILES_WALK_H
#define FILES_WALK_H

/* Find @path below @root. Symbolic links and ".." do not lead out of @root. Returns an O_PATH
 * descriptor, or a negative errno: -ELOOP for too many symbolic links, -ENAMETOOLONG for more than
 * 64 directories. */
int walk_open(int root, const char *path);

#endif
