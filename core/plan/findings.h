/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings.h - several problems in one error
 *
 * In       one text per problem
 * Out      a struct err whose message is "a; b; c", and "; and 4 more" for what doesn't fit
 * Effects  none
 */
#ifndef KEDGE_CORE_PLAN_FINDINGS_H
#define KEDGE_CORE_PLAN_FINDINGS_H

#include <stddef.h>

#include "core/base/err.h"

/* `struct findings f = { .err = err };` is an empty list. */
struct findings {
	struct err *err;   /* may be NULL: then they are only counted */
	size_t n;	   /* found */
	size_t n_left_out; /* found and not in the message */
};

/* Add a problem. The first one sets the kind; the message begins with it. */
void findings_add(struct findings *f, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Finish the message: 0 when nothing was found, else -1. */
int findings_end(struct findings *f);

#endif
