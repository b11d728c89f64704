/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lsm.h - AppArmor profile and SELinux label of the container's process, and the label of its
 * mounts
 *
 * In       process.apparmorProfile, process.selinuxLabel, linux.mountLabel
 * Out      the next exec of the calling thread runs under the profile or label
 * Effects  writes below a private procfs (procfs.h): CVE-2019-16884 wrote to a file that the image
 *          had put there
 * Source   apparmor's procattr interface, selinux(8), mount(8) context=; OCI runtime-spec
 *          config.md#linux-process
 *
 * A profile or label that can't be applied is an error and never skipped: a container that its
 * owner wants confined doesn't start unconfined. runc does the same (it refuses a SELinux label
 * without SELinux beforehand, and fails writing the AppArmor profile). Docker, containerd and
 * podman name one only where the host has the module.
 */
#ifndef KEDGE_CORE_LINUX_LSM_H
#define KEDGE_CORE_LINUX_LSM_H

#include <stdbool.h>

#include "core/base/err.h"

/* Whether AppArmor is on. Reads the host's /sys: call it before the container's root is entered. */
bool lsm_has_apparmor(void);

/* Whether SELinux is on (its file system is mounted). Before the container's root is entered. */
bool lsm_has_selinux(void);

/*
 * Check on the host, before anything is made, that the kernel has what the process asks for; NULL
 * and "" ask for nothing, and so does "unconfined" where there is no AppArmor. Errors:
 * ERR_UNSUPPORTED.
 */
int lsm_check(const char *apparmor_profile, const char *selinux_label, struct err *err);

/*
 * Set the profile and the label for the next exec of the calling thread; what is NULL or "" is left
 * alone, and without either nothing is opened. Errors: ERR_NOT_FOUND (no such profile), ERR_SYS.
 */
int lsm_set_exec_labels(const char *apparmor_profile, const char *selinux_label, struct err *err);

#endif
