/* SPDX-License-Identifier: MIT */
/* Ownership visible in declarations: a local marked AUTO_... is released when it leaves scope,
 * TAKE_... gives its resource away. */
#ifndef BASE_OWN_H
#define BASE_OWN_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void close_p(int *fd)
{
	if (*fd >= 0)
		(void) close(*fd);
}

static inline void free_p(void *p)
{
	free(*(void **) p);
}

static inline void fclose_p(FILE **f)
{
	if (*f)
		(void) fclose(*f);
}

static inline void closedir_p(DIR **d)
{
	if (*d)
		(void) closedir(*d);
}

#define AUTO_CLOSE    __attribute__((cleanup(close_p)))
#define AUTO_FREE     __attribute__((cleanup(free_p)))
#define AUTO_FCLOSE   __attribute__((cleanup(fclose_p)))
#define AUTO_CLOSEDIR __attribute__((cleanup(closedir_p)))

#define TAKE_FD(fd)                                                                                \
	__extension__({                                                                            \
		int *take_p_ = &(fd), take_v_ = *take_p_;                                          \
		*take_p_ = -1;                                                                     \
		take_v_;                                                                           \
	})

#define TAKE_PTR(p)                                                                                \
	__extension__({                                                                            \
		__typeof__(p) *take_p_ = &(p), take_v_ = *take_p_;                                 \
		*take_p_ = NULL;                                                                   \
		take_v_;                                                                           \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
