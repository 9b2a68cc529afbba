/* SPDX-License-Identifier: MIT */
#include "csharg/cli/classes.h"

#include "csharg/csharg.h"

static enum csharg_class class_of_word(const char *word)
{
	return word[0] == 'p' ? CSHARG_PODS : word[0] == 'n' ? CSHARG_NETWORKS : CSHARG_CONTAINERS;
}

struct classes classes_of_words(const char *const *words, size_t n)
{
	struct classes c = {.has = {[CSHARG_ANY] = n == 0}};

	for (size_t i = 0; i < n; i++)
		c.has[class_of_word(words[i])] = true;
	return c;
}

bool classes_have(const struct classes *c, const char *type)
{
	return c->has[CSHARG_ANY] || c->has[csharg_class_of(type)];
}

bool classes_only_pods(const struct classes *c)
{
	return c->has[CSHARG_PODS] && !c->has[CSHARG_CONTAINERS] && !c->has[CSHARG_NETWORKS];
}
