/* SPDX-License-Identifier: MIT */
#include "reader/bell.h"

#include <stdint.h>
#include <sys/socket.h>

void bell_init(int sock)
{
	int least = 0;

	/* does not fail; a longer queue would be of no use */
	(void) setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
}

bool bell_empty(int sock)
{
	bool has_rung = false;
	uint8_t byte;

	while (recv(sock, &byte, sizeof(byte), MSG_DONTWAIT) >= 0)
		has_rung = true;
	return has_rung;
}
