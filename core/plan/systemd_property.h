/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_property.h - a property of a container's unit, as an annotation gives it
 *
 * In       org.systemd.property.NAME=VALUE, the value in GVariant's text format
 * Out      an element of an array a(sv), for StartTransientUnit()
 * Effects  none; fuzzed by systemd_property_fuzz.c
 * Source   runc, docs/systemd.md, "Auxiliary properties"; GLib, "GVariant Text Format"
 */
#ifndef KEDGE_CORE_PLAN_SYSTEMD_PROPERTY_H
#define KEDGE_CORE_PLAN_SYSTEMD_PROPERTY_H

#include "core/plan/dbus_message.h"

#define SYSTEMD_PROPERTY_PREFIX "org.systemd.property."

/*
 * Append the property `name`, three ASCII letters or more, with the value that `text` says: 'text' or
 * "text" with escapes, true, false, a number that is an int32 unless its type stands before it
 * ("uint64 5", "@t 5"), or an array of texts. As with runc, a number of seconds in a property like
 * TimeoutStopSec becomes microseconds in TimeoutStopUSec, and alone may have a fraction: the man
 * pages name the one, the manager takes the other.
 *
 * Errors: ERR_INVALID, the annotation and the rule named, with what can be written as the hint; `w`
 * is as it was.
 */
int dbus_property_of_text(struct dbus_writer *w, const char *name, const char *text,
			  struct err *err);

#endif
