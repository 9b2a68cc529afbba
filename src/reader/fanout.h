/* SPDX-License-Identifier: MIT */
/* A fanout group of packet sockets (packet(7), PACKET_FANOUT_CBPF): the kernel delivers each packet
 * to exactly one member, chosen by a program that can be replaced while packets arrive. The reader
 * uses a group to change from one ring to another without losing or doubling a packet. All members
 * have the same binding, and a member cannot be bound anew (bind(2) returns EINVAL). */
#ifndef READER_FANOUT_H
#define READER_FANOUT_H

#include <stdint.h>

/* Make a group that consists of @sock, which must be bound. Its number, unique in the network
 * namespace, goes to *ret_group. Packets that arrive meanwhile can be lost uncounted: attach a
 * filter that drops everything before. Returns 0 or a negative errno. */
int fanout_create(int sock, uint16_t *ret_group);

/* Make @sock the next member of @group. Returns 0 or a negative errno. */
int fanout_join(int sock, uint16_t group);

/* Deliver all packets to member @index (0 = the oldest; modulo the number of members). @sock is any
 * member. When this returns, no packet is on its way to another member. 0 or a negative errno. */
int fanout_select(int sock, uint32_t index);

#endif
