/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_plan.h - what has to be mounted in a new container, in which order, with which options
 *
 * In       struct spec: mounts, namespaces, bundle
 * Out      struct mount_plan: one row per entry of `mounts`, in config order; core/linux/rootfs.h
 *          executes it as it is
 * Effects  none
 * Source   runtime-spec config.md#mounts; the checks of runc's specconv, validator and
 *          checkProcMount (CVE-2019-16884, CVE-2023-27561)
 *
 * Later mounts may lie on earlier ones, so the order is the user's and is kept.
 */
#ifndef KEDGE_CORE_PLAN_MOUNT_PLAN_H
#define KEDGE_CORE_PLAN_MOUNT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/plan/mount_opts.h"
#include "core/spec.h"

enum mount_kind {
	MOUNT_BIND,
	MOUNT_PROC, /* proc and sysfs: never through a symlink */
	MOUNT_TMPFS,
	MOUNT_CGROUP,  /* type "cgroup": a view of whatever version the host has */
	MOUNT_FS,      /* any other file system */
	MOUNT_REMOUNT, /* option "remount": new flags for what is mounted there */
};

struct mount_plan_row {
	size_t index; /* in the spec's mounts, for messages */
	enum mount_kind kind;
	const char *destination; /* absolute, in normal form; symlinks are not resolved */
	const char *type;	 /* of the file system; "bind" for a bind */
	const char *source;	 /* absolute for a bind; else any word, or NULL */
	struct mount_opts opts;
	bool is_ro_at_end; /* made read-only when devices are in place; taken out of `opts` */
	/* for an idmapped bind: a user namespace's path, or else both mappings */
	const char *idmap_userns;
	const struct spec_id_maps *uid_maps, *gid_maps;
};

/* A zeroed struct is an empty plan. It borrows from the spec, which must outlive it. */
struct mount_plan {
	struct arena arena;
	struct mount_plan_row *v;
	size_t n;
	bool makes_dev; /* /dev isn't a bind: devices and links belong in it */
};

/*
 * Build the plan. `plan` is empty on entry and stays empty on failure; `err` is clear on entry.
 * Errors: ERR_INVALID (or ERR_LIMIT) with all findings in one message, each as
 * `mount 3 (/data): option "idmap" needs …`.
 */
int mount_plan_build(const struct spec *spec, struct mount_plan *plan, struct err *err);

/* Give back the memory; the plan is empty afterwards. */
void mount_plan_done(struct mount_plan *plan);

/*
 * Whether `path` (in normal form, without symlinks) is one of the files inside /proc that a mount
 * may cover, because emulations of them (lxcfs) are harmless. Paths elsewhere aren't.
 */
bool mount_plan_may_cover_proc(const char *path);

#endif
