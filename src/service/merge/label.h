/* SPDX-License-Identifier: MIT */
/* What the merged stream says about the source of an interface. */
#ifndef MERGE_LABEL_H
#define MERGE_LABEL_H

/* Texts in UTF-8; NULL = none. */
struct merge_label {
	char *prefix;      /* before the name of each interface, "web:" */
	char *description; /* behind its description */
	char *comment;     /* behind its comment */
};

/* Copy @from. Returns 0, or -ENOMEM with @ret empty. Free with merge_label_done(). */
int merge_label_copy(const struct merge_label *from, struct merge_label *ret);
void merge_label_done(struct merge_label *l);

#endif
