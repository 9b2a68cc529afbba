/* SPDX-License-Identifier: MIT */
/* Compiling capture filters: the descriptors that packetflix-compile is born with, and the two
 * messages between it and the service. Each is one SOCK_SEQPACKET datagram without descriptors;
 * fields as in the structs, little-endian, strings as u16 length and bytes. There is one way to
 * write each message; everything else is refused. */
#ifndef PROTO_COMPILE_H
#define PROTO_COMPILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "proto/capture_conf.h"

enum compile_fd {
	COMPILE_FD_CONTROL = 3, /* SOCK_SEQPACKET to the service */
	COMPILE_FD_ROOT,        /* empty directory to become the root */
	COMPILE_FD_END
};

#define COMPILE_LINKS_MAX CONF_PROGRAMS_MAX
#define COMPILE_MAX_BYTES 131072 /* of either message */

/* service -> compile */
struct compile_request {
	uint32_t id;      /* the answer has the same */
	uint32_t snaplen; /* 1..CONF_SNAPLEN_MAX */
	char *filter;     /* owned after decoding; at most CONF_FILTER_MAX bytes */
	/* the link types that the filter must fit, each with the name of an interface that has it
	 */
	uint16_t n_links;
	struct compile_link {
		uint16_t linktype; /* enum linktype */
		char name[CONF_NAME_MAX];
	} links[COMPILE_LINKS_MAX];
};

/* compile -> service */
struct compile_answer {
	uint32_t id;
	int32_t status;          /* 0; -EINVAL when the filter is refused; or -ENOMEM */
	char text[ERR_TEXT_MAX]; /* why, for people */
	uint16_t n_programs;     /* 0 unless @status is 0 */
	struct conf_program programs[CONF_PROGRAMS_MAX];
};

void compile_request_done(struct compile_request *r);
void compile_answer_done(struct compile_answer *a);

/* Encode into @ret. Returns the length in bytes, -EINVAL if a limit above is exceeded, or -ENOBUFS.
 */
ssize_t compile_request_encode(const struct compile_request *r, uint8_t *ret, size_t cap_bytes);
ssize_t compile_answer_encode(const struct compile_answer *a, uint8_t *ret, size_t cap_bytes);

/* Decode exactly @len_bytes. Returns 0 (free with the functions above), -EBADMSG, or -ENOMEM. */
int compile_request_decode(const uint8_t *p, size_t len_bytes, struct compile_request *ret);
int compile_answer_decode(const uint8_t *p, size_t len_bytes, struct compile_answer *ret);

#endif
