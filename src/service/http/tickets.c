/* SPDX-License-Identifier: MIT */
#include "service/http/tickets.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void drop(struct ticket *t)
{
	free(t->query);
	*t = (struct ticket){0};
}

void tickets_done(struct tickets *t)
{
	for (size_t i = 0; i < TICKETS_MAX; i++)
		drop(&t->all[i]);
}

static void drop_late(struct tickets *t, int64_t now_ns)
{
	for (size_t i = 0; i < TICKETS_MAX; i++) {
		if (t->all[i].id[0] && t->all[i].end_ns <= now_ns)
			drop(&t->all[i]);
	}
}

static struct ticket *find_free(struct tickets *t)
{
	for (size_t i = 0; i < TICKETS_MAX; i++) {
		if (!t->all[i].id[0])
			return &t->all[i];
	}
	return NULL;
}

static int make_id(char ret[TICKET_DIGITS + 1])
{
	unsigned char bytes[TICKET_DIGITS / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t) sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void) snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

int tickets_issue(
	struct tickets *t, struct http_slice query, int64_t now_ns, char ret_id[TICKET_DIGITS + 1])
{
	struct ticket *free_one;
	int rc;

	if (query.len_bytes > TICKET_QUERY_MAX)
		return -E2BIG;
	drop_late(t, now_ns);
	free_one = find_free(t);
	if (!free_one)
		return -EBUSY;
	rc = make_id(ret_id);
	if (rc < 0)
		return rc;
	free_one->query = strndup(query.p ? query.p : "", query.len_bytes);
	if (!free_one->query)
		return -ENOMEM;
	memcpy(free_one->id, ret_id, TICKET_DIGITS + 1);
	free_one->end_ns = now_ns + TICKET_SECONDS * 1000000000LL;
	return 0;
}

/* Compares all digits, wherever they differ. */
static bool is_same(const char *a, const char *b)
{
	unsigned char diff = 0;

	for (size_t i = 0; i < TICKET_DIGITS; i++)
		diff |= (unsigned char) (a[i] ^ b[i]);
	return diff == 0;
}

struct ticket *tickets_find(
	struct tickets *t, const char *path, int64_t now_ns, const char **ret_rest)
{
	const char *id = path + strlen(TICKET_PATH);
	struct ticket *found = NULL;

	if (strncmp(path, TICKET_PATH, strlen(TICKET_PATH)) != 0 ||
		strnlen(id, TICKET_DIGITS) != TICKET_DIGITS || id[TICKET_DIGITS] != '/')
		return NULL;
	drop_late(t, now_ns);
	for (size_t i = 0; i < TICKETS_MAX; i++) {
		if (is_same(t->all[i].id, id))
			found = &t->all[i];
	}
	*ret_rest = id + TICKET_DIGITS;
	return found;
}

char *ticket_use(struct ticket *ticket)
{
	char *query = ticket->query;

	*ticket = (struct ticket){0};
	return query;
}
