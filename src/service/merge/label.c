/* SPDX-License-Identifier: MIT */
#include "service/merge/label.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Returns -ENOMEM when there is a text and no memory. */
static int copy(const char *from, char **ret)
{
	*ret = from ? strdup(from) : NULL;
	return from && !*ret ? -ENOMEM : 0;
}

int merge_label_copy(const struct merge_label *from, struct merge_label *ret)
{
	int rc;

	*ret = (struct merge_label){0};
	rc = copy(from->prefix, &ret->prefix);
	if (rc == 0)
		rc = copy(from->description, &ret->description);
	if (rc == 0)
		rc = copy(from->comment, &ret->comment);
	if (rc < 0)
		merge_label_done(ret);
	return rc;
}

void merge_label_done(struct merge_label *l)
{
	free(l->prefix);
	free(l->description);
	free(l->comment);
	*l = (struct merge_label){0};
}
