/* SPDX-License-Identifier: MIT */
#include "support/lookups.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static unsigned int made;

unsigned int lookups_made(void)
{
	return made;
}

static bool is_number(const char *s)
{
	unsigned char addr[16];

	return !s || (*s && s[strspn(s, "0123456789")] == '\0') ||
	       inet_pton(AF_INET, s, addr) == 1 || inet_pton(AF_INET6, s, addr) == 1;
}

int getaddrinfo(
	const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	void *found = dlsym(RTLD_NEXT, "getaddrinfo");

	if (!is_number(node) || !is_number(service) || !found) {
		made++;
		return EAI_NONAME;
	}
	memcpy(&next, &found, sizeof(next));
	return next(node, service, hints, res);
}

struct hostent *gethostbyname(const char *name)
{
	(void) name;
	made++;
	return NULL;
}

int getnetbyname_r(const char *name, struct netent *buf, char *text, size_t len,
	struct netent **result, int *error)
{
	(void) name;
	(void) buf;
	(void) text;
	(void) len;
	made++;
	*result = NULL;
	*error = HOST_NOT_FOUND;
	return 0;
}

int getprotobyname_r(
	const char *name, struct protoent *buf, char *text, size_t len, struct protoent **result)
{
	(void) name;
	(void) buf;
	(void) text;
	(void) len;
	made++;
	*result = NULL;
	return 0;
}

int ether_hostton(const char *name, struct ether_addr *addr)
{
	(void) name;
	(void) addr;
	made++;
	return -1;
}
