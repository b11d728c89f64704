/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toml.h - as much of TOML as options need
 *
 * In       text: tables, dotted and quoted keys, strings on one line, booleans, integers, and lists
 *          of these; comments
 * Out      one call for each value, or for each item of a list
 * Effects  none; safe on hostile input; fuzzed by toml_fuzz.c
 * Source   toml.io, v1.0.0. What isn't here (dates, floats, inline tables, lists of tables or lists,
 *          strings over several lines) is refused
 */
#ifndef KEDGE_SHIM_TASK_TOML_H
#define KEDGE_SHIM_TASK_TOML_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

enum toml_kind { TOML_TEXT, TOML_BOOL, TOML_INTEGER };

struct toml_value {
	const char *table; /* "a.b", "" at the top */
	const char *key;
	enum toml_kind kind;
	const char *text; /* also of a boolean and an integer, as it was written */
	bool is_item;	  /* of a list */
};

/* Takes a value, which is valid only now. 0, or -1 with `err`, which ends the reading. */
typedef int (*toml_fn)(void *ctx, const struct toml_value *value, struct err *err);

/*
 * Read `n` bytes. Errors: ERR_INVALID with the line, for what isn't TOML or isn't in this part of it;
 * those of `fn`, with the line.
 */
int toml_read(const char *text, size_t n, toml_fn fn, void *ctx, struct err *err);

#endif
