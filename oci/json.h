/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - an OCI document as a tree of places, and the findings made while reading it
 *
 * In       the bytes of a JSON document; hostile input is expected
 * Out      struct json_node: a value together with its place, so that a finding can name its JSON
 *          pointer; the findings of a document become one error
 * Effects  warnings go to the log; memory
 * Source   RFC 8259 (JSON), RFC 6901 (JSON pointer); jansson parses
 *
 * A member that is null counts as absent, and of a repeated key the last one wins: Go's
 * encoding/json, and with it runc, reads documents so. Whole numbers above 2^63-1, which jansson
 * can't hold (RLIM_INFINITY is one), arrive unharmed.
 */
#ifndef KEDGE_OCI_JSON_H
#define KEDGE_OCI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#include "core/base/err.h"
#include "core/base/str.h"

/* A document being read: the caller sets `name` and `arena`, the rest is private. */
struct json_doc {
	const char *name;    /* in messages: "config.json"; borrowed */
	struct arena *arena; /* where the values that are read go; borrowed */
	json_t *root;
	struct buf findings; /* "a; b; c" */
	unsigned int shown;
	unsigned int hidden;
	unsigned int warned;
	bool has_invalid; /* one finding at least is more than "unsupported" */
};

/* A value and its place. Nodes live on the stack: `up` is the caller's. */
struct json_node {
	struct json_doc *doc;
	const struct json_node *up; /* NULL at the root */
	const char *key;	    /* NULL at the root and for an array's element */
	size_t index;		    /* an element's */
	json_t *v;		    /* NULL when absent */
};

/*
 * Parse `bytes` bytes of `text` into `doc`, of which name and arena are set. json_doc_done() must
 * follow, after a failure too.
 * Errors: ERR_INVALID  not JSON: line and column are named; not UTF-8, a byte order mark, \u0000
 *         ERR_LIMIT    nested too deeply, or a number out of range
 */
int json_doc_parse(struct json_doc *doc, const char *text, size_t bytes, struct err *err);

/* The root of the document. */
struct json_node json_doc_root(struct json_doc *doc);

/*
 * 0 when nothing was found, else -1 with all findings in `err`: "config.json: /a: …; /b: …". What
 * doesn't fit is counted: "and 7 more". Errors: ERR_INVALID; ERR_UNSUPPORTED when no finding is
 * worse than that.
 */
int json_doc_verdict(const struct json_doc *doc, struct err *err);

/* Free what the document holds, the arena excepted. */
void json_doc_done(struct json_doc *doc);

/* The member `key` of an object; absent when it is null or `up` is no object. */
struct json_node json_member(const struct json_node *up, const char *key);

/* The element `index` of an array. */
struct json_node json_element(const struct json_node *up, size_t index);

/* The first byte of the decimal digits of a number above 2^63-1, or NULL when `v` isn't one. */
const char *json_big_digits(const json_t *v);

/* What the value is, for a message: "a string", "a number", …, "absent". */
const char *json_kind(const struct json_node *at);

/* Room for json_quote(). */
#define JSON_QUOTE_BYTES 96

/* Put `s` in double quotes into `out` for a message: control bytes escaped, a long text cut. */
const char *json_quote(char out[JSON_QUOTE_BYTES], const char *s);

/* Note that the value at `at` breaks a rule: "must be an absolute path, is …". */
void json_find(const struct json_node *at, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Note that the value at `at` is right, but asks for what kedge can't do. */
void json_find_unsupported(const struct json_node *at, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Log a warning about the value at `at`; a document gets 20 of them. */
void json_warn(const struct json_node *at, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
