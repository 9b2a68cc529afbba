/* SPDX-License-Identifier: MIT */
#include "csharg/cli/command.h"

#include <errno.h>
#include <stdlib.h>

#include "base/own.h"
#include "csharg/cli/connect.h"
#include "csharg/cli/output.h"
#include "csharg/cli/selection.h"

static int put_targets(const struct call *call, const struct output *output,
	const struct selection *selection, const struct csharg_targets *all, struct err *e)
{
	AUTO_FREE const struct csharg_target **chosen = calloc(all->n + 1, sizeof(*chosen));
	AUTO_TEXT struct text out = {0};
	struct output_list list = {.target = chosen,
		.sort_by = call->options->sort_by,
		.no_headers = call->options->no_headers};
	int rc;

	if (!chosen)
		return err_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < all->n; i++) {
		if (selection_has(selection, all->target[i]))
			chosen[list.n++] = all->target[i];
	}
	rc = output_put(output, &list, &out, e);
	return rc < 0 ? rc : command_print(out.p, out.len_bytes, e);
}

int verb_list(const struct call *call, struct err *e)
{
	struct selection selection;
	AUTO_OUTPUT struct output *output = NULL;
	AUTO_CLIENT struct csharg_client *client = NULL;
	AUTO_TARGETS struct csharg_targets *all = NULL;
	struct csharg_error why;
	int rc = selection_make(call, &selection, e);

	if (rc == 0)
		rc = output_parse(
			call->options->output, classes_only_pods(&selection.classes), &output, e);
	if (rc == 0)
		rc = connect_client(call->options, &client, e);
	if (rc < 0)
		return rc;
	if (csharg_client_targets(client, &all, &why) < 0)
		return connect_refused(client, &why, e);
	return put_targets(call, output, &selection, all, e);
}
