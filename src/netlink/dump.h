/* SPDX-License-Identifier: MIT */
/* What all netlink families have in common (netlink(7)): walking messages and their attributes, and
 * asking the kernel for a dump. Works with sockets made in another network namespace. */
#ifndef NETLINK_DUMP_H
#define NETLINK_DUMP_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/* Called for each message, which is borrowed and as long as its header says. Return 0 to go on,
 * 1 to stop without an error, a negative errno to stop with it. */
typedef int (*nl_fn)(void *ctx, const struct nlmsghdr *h);

/* Walk the messages in the @len_bytes bytes at @buf, which is aligned to 4. Returns 0, what @fn
 * stopped with, or -EBADMSG for a length that is too small or points outside. */
int nl_walk(const uint8_t *buf, size_t len_bytes, nl_fn fn, void *ctx);

/* The bytes behind the header of a message: @skip_bytes (4-aligned) of them are fixed fields, then
 * come attributes. */
struct nl_attrs {
	const uint8_t *p; /* borrowed */
	size_t len_bytes;
};

/* The attributes of @h behind @skip_bytes of fixed fields; none if the message is shorter. */
struct nl_attrs nl_attrs_of(const struct nlmsghdr *h, size_t skip_bytes);

/* Take the first attribute off @a. Returns its type without flags and its contents in @ret, or -1
 * when nothing well-formed is left. */
int nl_attr_next(struct nl_attrs *a, struct nl_attrs *ret);

/* The number @a begins with, in the machine's byte order (be16: in the network's); 0 when @a is
 * shorter. */
uint8_t nl_attr_u8(const struct nl_attrs *a);
uint16_t nl_attr_u16(const struct nl_attrs *a);
uint16_t nl_attr_be16(const struct nl_attrs *a);
uint32_t nl_attr_u32(const struct nl_attrs *a);

/* Big-endian integers as netfilter writes them; 0 unless @a holds exactly that many bytes. */
uint32_t nl_attr_be32(const struct nl_attrs *a);

/* Copy the string @a holds, with or without its NUL, into @ret, cut to fit and terminated. */
void nl_attr_text(const struct nl_attrs *a, char *ret, size_t cap_bytes);

/* Read what the socket holds, without waiting, and hand every message of the kernel to @fn. Returns
 * 0 when nothing more is there, what @fn stopped with, -ENOBUFS when the kernel dropped messages,
 * -EBADMSG as nl_walk(), or another negative errno. */
int nl_receive(int sock, nl_fn fn, void *ctx);

/* Send @request (a whole message with NLM_F_DUMP) and hand every message of the answer to @fn, the
 * end of the dump left out; events that arrive meanwhile as well. Returns 0 when the dump is
 * complete, -ETIMEDOUT after @timeout_ms, what @fn stopped with, the errno the kernel answered
 * with, or another negative errno. */
int nl_dump(int sock, const struct nlmsghdr *request, int timeout_ms, nl_fn fn, void *ctx);

#endif
