/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_scope.h - what is said to systemd of a container's scope and its limits
 *
 * In       the unit, its first process, struct spec_resources
 * Out      bodies of D-Bus calls of org.freedesktop.systemd1.Manager
 * Effects  none
 * Source   org.freedesktop.systemd1(5); systemd.resource-control(5); runc's docs/systemd.md
 */
#ifndef KEDGE_CORE_PLAN_SYSTEMD_SCOPE_H
#define KEDGE_CORE_PLAN_SYSTEMD_SCOPE_H

#include <stdint.h>

#include "core/plan/dbus_message.h"
#include "core/spec.h"

#define SYSTEMD_START_SIGNATURE "ssa(sv)a(sa(sv))"
#define SYSTEMD_LIMIT_SIGNATURE "sba(sv)"

struct systemd_scope {
	const char *name, *slice;
	const struct spec_pairs *annotations; /* with org.systemd.property.NAME among them */
	uint32_t pid;			      /* of the process that it begins with */
};

/*
 * The body of StartTransientUnit: a scope with delegation and accounting, and the properties that
 * annotations ask for. `body` is empty on entry.
 * Errors: ERR_INVALID for an annotation that is no property's value.
 */
int systemd_scope_start(const struct systemd_scope *scope, struct dbus_writer *body,
			struct err *err);

/*
 * The body of SetUnitProperties for the limits that systemd knows too. It would write its own idea
 * of them at its next look (daemon-reload), so it has to be told. `*n` is how many there are.
 * What it has no property for (cpu.idle, hugetlb, rdma, io.max) is the control files' alone.
 * Errors: ERR_INVALID for a value that can't be.
 */
int systemd_scope_limits(const char *name, const struct spec_resources *res,
			 struct dbus_writer *body, size_t *n, struct err *err);

#endif
