/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - an error as a plain value: kind, errno, one line for people, one hint
 *
 * In       a printf format that names the object and the rule that was broken
 * Out      struct err, owned by the caller; it holds no pointer, so a child may send it through a
 *          pipe with one write()
 * Effects  none
 *
 * Errors are tested by kind and never by text. Only shim/ prints them.
 */
#ifndef KEDGE_CORE_BASE_ERR_H
#define KEDGE_CORE_BASE_ERR_H

enum err_kind {
	ERR_NONE,
	ERR_INVALID,	 /* bad input: a flag, a config value, an image */
	ERR_NOT_FOUND,	 /* the container, file or binary isn't there */
	ERR_EXISTS,	 /* the id or path is taken */
	ERR_STATE,	 /* the container is in the wrong state for this */
	ERR_DENIED,	 /* permission */
	ERR_UNSUPPORTED, /* this kernel, CRIU or kedge can't do it */
	ERR_LIMIT,	 /* a size, depth or resource limit was hit */
	ERR_TIMEOUT,	 /* somebody took too long */
	ERR_CRIU,	 /* CRIU said no */
	ERR_SYS,	 /* a system call failed; see .sys */
};

struct err {
	enum err_kind kind;
	int sys;	 /* errno, or 0 */
	char msg[3072];	 /* "outer: inner: strerror", no newline at the end, no trailing dot */
	char hint[1024]; /* what the user can do next, or "" */
};

/*
 * Set `err` from errno: "<text>: <strerror(errno)>". The kind follows errno (ENOENT becomes
 * ERR_NOT_FOUND, EEXIST ERR_EXISTS, EACCES and EPERM ERR_DENIED, ENOSYS ERR_UNSUPPORTED, else
 * ERR_SYS). Returns -1, so that `return err_sys(err, "open %s", path)` reads well. `err` may be
 * NULL: then nothing is kept. errno stays as it was.
 */
int err_sys(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Set `err` to `kind` with a text of its own; errno plays no part. Returns -1. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "<text>: " in front of the message; kind, errno and hint stay. Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Set the hint: what the user can do next. An empty format clears it. Returns -1. */
int err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Add a finding to an error that lists several: the message becomes "a; b; c". The first finding
 * sets the kind, what no longer fits is counted by the caller. Returns -1.
 */
int err_add(struct err *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Back to "no error". */
void err_clear(struct err *err);

#endif
