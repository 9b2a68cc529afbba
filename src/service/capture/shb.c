/* SPDX-License-Identifier: MIT */
#include "service/capture/shb.h"

#include <errno.h>
#include <stdlib.h>

#include "base/own.h"
#include "base/version.h"
#include "pcapng/target_comment.h"
#include "pcapng/write.h"

#define COMMENT_MAX 65535 /* of an option value */
#define SHB_MAX     (COMMENT_MAX + 2048)
ssize_t shb_build(const struct request *req, const struct shb_machine *machine, uint8_t **ret)
{
	AUTO_FREE char *comment = target_comment_text(&(struct target_comment){
		.name = req->target.name,
		.type = req->target.type,
		.node_name = req->target.node_name,
		.has_cluster = req->target.has_cluster,
		.cluster_uid = req->target.cluster_uid,
		.filter = req->filter,
		.chaste = req->chaste,
	});
	AUTO_FREE uint8_t *buf = malloc(SHB_MAX);
	struct pcapng_shb shb = {
		.comment = comment,
		.hardware = machine->hardware,
		.os = machine->os,
		.application = "Packetflix " PACKETFLIX_VERSION,
	};
	ssize_t n;

	if (!comment || !buf)
		return -ENOMEM;
	n = pcapng_put_shb(&shb, buf, SHB_MAX);
	if (n < 0)
		return -ENOMEM;
	*ret = TAKE_PTR(buf);
	return n;
}
