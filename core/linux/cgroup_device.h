/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_device.h - which devices a container may use: the rules merged, then set in v1 or v2
 *
 * In       the rules of config.json in their order
 * Out      struct cgroup_device_policy: a default and the exceptions from it, no two for one device
 * Effects  v1: writes to devices.allow and devices.deny; v2: an eBPF program on the cgroup. The
 *          policy and the program are built without effects.
 * Source   runtime-spec config-linux.md#allowed-device-list; Linux security/device_cgroup.c;
 *          bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE (Linux 4.15)
 */
#ifndef KEDGE_CORE_LINUX_CGROUP_DEVICE_H
#define KEDGE_CORE_LINUX_CGROUP_DEVICE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/spec.h"

struct cgroup_device_exception {
	char type;	      /* 'c' or 'b' */
	int64_t major, minor; /* -1: any */
	unsigned int access;  /* BPF_DEVCG_ACC_…; never 0 */
};

struct cgroup_device_policy {
	bool is_allowed; /* what is no exception */
	struct cgroup_device_exception *v;
	size_t n;
};

struct cgroup_device_program {
	struct bpf_insn *v;
	size_t n;
};

/*
 * Merge `rules`, and behind them the devices that every container has, as the v1 controller
 * would: a rule of type 'a' starts anew, the last rule wins. It begins with everything denied.
 * `policy` is zeroed on entry.
 * Errors: ERR_INVALID for a device number that can't be or a rule without access, ERR_UNSUPPORTED
 * for a rule that would punch a hole into an earlier wildcard: v1 passes over it silently.
 */
int cgroup_device_policy_build(const struct spec_device_rule *rules, size_t n,
			       struct cgroup_device_policy *policy, struct err *err);

/* Free the exceptions. */
void cgroup_device_policy_done(struct cgroup_device_policy *policy);

/* The policy as a program on struct bpf_cgroup_dev_ctx: 1 allows, 0 denies. */
void cgroup_device_program_build(const struct cgroup_device_policy *policy,
				 struct cgroup_device_program *program);

/* Free the program. */
void cgroup_device_program_done(struct cgroup_device_program *program);

/* Write the policy to the v1 cgroup `dir`. Errors: ERR_DENIED, ERR_SYS. */
int cgroup_device_set_v1(const char *dir, const struct cgroup_device_policy *policy,
			 struct err *err);

/*
 * Make the policy's program the only one of the v2 cgroup open as `cgroup_fd`; at no moment is
 * there none. Errors: ERR_DENIED, ERR_UNSUPPORTED for a kernel without CONFIG_CGROUP_BPF, ERR_SYS.
 */
int cgroup_device_set_v2(int cgroup_fd, const struct cgroup_device_policy *policy, struct err *err);

#endif
