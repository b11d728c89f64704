/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_unit.h - which unit of systemd a container is, and where its cgroup lies
 *
 * In       cgroupsPath in systemd's form, "SLICE:PREFIX:NAME"; lists of CPUs
 * Out      names and paths
 * Effects  none
 * Source   systemd.slice(5), systemd.unit(5), systemd.resource-control(5); runc's docs/systemd.md
 */
#ifndef KEDGE_CORE_PLAN_SYSTEMD_UNIT_H
#define KEDGE_CORE_PLAN_SYSTEMD_UNIT_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/str.h"

/* The strings are on the heap; give them back with systemd_unit_done(). */
struct systemd_unit {
	char *name;  /* "docker-ID.scope" */
	char *slice; /* "kubepods-pod1.slice" */
	char *path; /* below systemd's root: "/kubepods.slice/kubepods-pod1.slice/docker-ID.scope" */
};

/*
 * Read `cgroups_path`: a scope PREFIX-NAME.scope in SLICE, which is system.slice when empty. NULL
 * or "" is the scope kedge-ID.scope there. `unit` is empty on entry, and on failure.
 * Errors: ERR_INVALID for another form, a slice that can't be or a name that systemd wouldn't take;
 * ERR_UNSUPPORTED where NAME is itself a slice.
 */
int systemd_unit_parse(const char *cgroups_path, const char *id, struct systemd_unit *unit,
		       struct err *err);

/* Free the strings; it is empty afterwards. */
void systemd_unit_done(struct systemd_unit *unit);

/* Whether `cgroups_path` (may be NULL) has the form that systemd_unit_parse() reads. */
bool systemd_unit_is_form(const char *cgroups_path);

/*
 * A list of CPUs or memory nodes ("0-2,7") as AllowedCPUs takes it: one bit each, the lowest first.
 * `mask` is empty on entry. Errors: ERR_INVALID for what is no such list, or a number over 8191.
 */
int systemd_cpu_mask(const char *list, struct buf *mask, struct err *err);

#endif
