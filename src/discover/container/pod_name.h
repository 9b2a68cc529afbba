/* SPDX-License-Identifier: MIT */
/* Which pod a container belongs to (contract 2.11, 6.3). No I/O. */
#ifndef DISCOVER_POD_NAME_H
#define DISCOVER_POD_NAME_H

#include "discover/engine/labels.h"

/* By what dockershim calls containers: k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT[_RANDOM]. Sets
 * *@ret_pod to "NAMESPACE/POD" (free() it) and adds the labels io.kubernetes.container.name and
 * io.kubernetes.pod.uid, of a sandbox io.kubernetes.sandbox, unless they are there. Other names
 * change nothing. Returns 0 or -ENOMEM. */
int pod_name_of_dockershim(const char *name, struct labels *labels, char **ret_pod);

/* By the labels io.kubernetes.pod.namespace and io.kubernetes.pod.name. Sets *@ret_pod as above if
 * both are there and not empty. Returns 0 or -ENOMEM. */
int pod_name_of_labels(const struct labels *labels, char **ret_pod);

#endif
