/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdio_uri.h - where a process's output goes: a path or a URI, taken apart
 *
 * In       "/path" or "fifo:///path"; "file:///path"; "binary:///path?key=value&..."
 * Out      struct stdio_uri
 * Effects  none; safe on hostile input
 * Source   containerd 1.7 pkg/process/io.go; RFC 3986, and Go's net/url for what it leaves open
 */
#ifndef KEDGE_SHIM_TASK_STDIO_URI_H
#define KEDGE_SHIM_TASK_STDIO_URI_H

#include "core/base/err.h"
#include "core/base/str.h"

enum stdio_kind {
	STDIO_FIFO,   /* which the client has made, or a file that it can be */
	STDIO_FILE,   /* is appended to, and made where it isn't there */
	STDIO_BINARY, /* a program that takes both outputs */
};

/* A zeroed one is empty. */
struct stdio_uri {
	enum stdio_kind kind;
	char *path;	  /* absolute */
	struct strv args; /* of a program: key, value, key, value, ... each key once */
};

/* Parse. Errors: ERR_INVALID for another scheme, a relative path or a bad escape. */
int stdio_uri_parse(const char *text, struct stdio_uri *uri, struct err *err);

/* Free the strings. */
void stdio_uri_done(struct stdio_uri *uri);

#endif
