/* SPDX-License-Identifier: MIT */
/* Physical and virtual functions of network devices (SR-IOV), as sysfs shows them
 * (sysfs-bus-pci): a device with a link "physfn" is a virtual function of the device that leads to,
 * one with a file "sriov_numvfs" is a physical function. */
#ifndef DETAIL_SRIOV_H
#define DETAIL_SRIOV_H

#include "discover/detail/netstack.h"

#define SRIOV_DEVICES "/sys/bus/pci/devices"

/* Set sriov and pf_bus of all physical interfaces in @all by the directory @devices, in which
 * devices go by their bus address. */
void sriov_find(struct netstacks *all, const char *devices);

#endif
