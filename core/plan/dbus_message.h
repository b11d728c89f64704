/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dbus_message.h - messages of D-Bus: what systemd's manager is asked, and what it answers
 *
 * In       values; bytes that somebody sent
 * Out      bytes; values that point into them
 * Effects  none; safe on hostile input; fuzzed by dbus_message_fuzz.c
 * Source   D-Bus Specification 0.43, "Type System", "Marshaling (Wire Format)", "Message Protocol"
 *
 * Everything is little endian; a peer on the same host that speaks otherwise is refused. File
 * descriptors are never passed.
 */
#ifndef KEDGE_CORE_PLAN_DBUS_MESSAGE_H
#define KEDGE_CORE_PLAN_DBUS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/str.h"

/* How much of a message tells how long it is. */
#define DBUS_START_BYTES 16

/* No answer of systemd's that we ask for comes near; the specification allows 128 MiB. */
#define DBUS_MAX_BYTES (1U << 20)

/* --- writing: "Marshaling (Wire Format)" -------------------------------------------------------- */

/* The body of a message. A zeroed struct is an empty one; give it back with dbus_writer_done(). */
struct dbus_writer {
	struct buf bytes;
	const char *bad; /* the rule that a value has broken; NULL while all is well */
};

/* Free the memory; the writer is empty afterwards. */
void dbus_writer_done(struct dbus_writer *w);

/* Append a BYTE, y. */
void dbus_put_byte(struct dbus_writer *w, uint8_t value);
/* Append a BOOLEAN, b: four bytes. */
void dbus_put_bool(struct dbus_writer *w, bool value);
/* Append an INT16, n, or UINT16, q: the bytes are the same. */
void dbus_put_u16(struct dbus_writer *w, uint16_t value);
/* Append an INT32, i, or UINT32, u. */
void dbus_put_u32(struct dbus_writer *w, uint32_t value);
/* Append an INT64, x, or UINT64, t. */
void dbus_put_u64(struct dbus_writer *w, uint64_t value);
/* Append a STRING, s. What isn't UTF-8 makes the writer bad: a bus hangs up on who sends it. */
void dbus_put_string(struct dbus_writer *w, const char *s);
/* Append an OBJECT_PATH, o. A path with other characters than [A-Za-z0-9_] makes the writer bad. */
void dbus_put_path(struct dbus_writer *w, const char *path);
/* Append a SIGNATURE, g, and so what stands before the value of a VARIANT, v. */
void dbus_put_signature(struct dbus_writer *w, const char *signature);

/*
 * Begin an ARRAY, a, of elements with that alignment: 8 for structs, dict entries, x and t; 4 for
 * strings, paths, arrays, b, i and u; 2 for n and q; else 1. Gives what dbus_close_array() wants.
 */
size_t dbus_open_array(struct dbus_writer *w, unsigned int element_alignment);
/* End the array that was begun with `token`. */
void dbus_close_array(struct dbus_writer *w, size_t token);
/* Begin a STRUCT, (…), or a dict entry; nothing ends it. */
void dbus_begin_struct(struct dbus_writer *w);

/* --- properties: one element each of an array a(sv), as StartTransientUnit() takes them ---------- */

/* NAME = a string. */
void dbus_property_string(struct dbus_writer *w, const char *name, const char *value);
/* NAME = a boolean. */
void dbus_property_bool(struct dbus_writer *w, const char *name, bool value);
/* NAME = a uint64. */
void dbus_property_u64(struct dbus_writer *w, const char *name, uint64_t value);
/* NAME = an array of uint32, au: PIDs. */
void dbus_property_u32s(struct dbus_writer *w, const char *name, const uint32_t *values, size_t n);
/* NAME = bytes, ay: AllowedCPUs. */
void dbus_property_bytes(struct dbus_writer *w, const char *name, const void *bytes, size_t n);
/* NAME = an array of strings, as: Wants, After. */
void dbus_property_strings(struct dbus_writer *w, const char *name, const struct strv *values);

/* --- whole messages: "Message Format" ------------------------------------------------------------ */

/* A method call. Its strings and the body are borrowed; without arguments both last are NULL. */
struct dbus_call {
	const char *destination; /* a bus's name; NULL where nobody is between us and the peer */
	const char *path;
	const char *interface;
	const char *member;
	const char *signature; /* of the body: "ssa(sv)a(sa(sv))" */
	const struct dbus_writer *body;
};

/*
 * Append the message that makes `call` to `out`, with a serial that isn't 0. Errors: ERR_INVALID for
 * a body or a path that can't be sent, the member and the rule named; ERR_LIMIT when it is too long.
 */
int dbus_method_call(const struct dbus_call *call, uint32_t serial, struct buf *out,
		     struct err *err);

enum dbus_type { DBUS_CALL = 1, DBUS_RETURN, DBUS_ERROR, DBUS_SIGNAL };

/* What a message is. Strings that it doesn't have are NULL, the signature then is "". */
struct dbus_header {
	unsigned int type; /* enum dbus_type; others are to be ignored */
	uint32_t serial;
	uint32_t reply_serial; /* 0: none */
	const char *path;
	const char *interface;
	const char *member;
	const char *error_name;
	const char *destination;
	const char *sender;
	const char *signature;
	const void *body;
	size_t body_bytes;
};

/*
 * How many bytes the message has that begins with these DBUS_START_BYTES. Errors: ERR_INVALID for
 * what is no message, or big endian; ERR_LIMIT for more than DBUS_MAX_BYTES.
 */
int dbus_message_bytes(const void *start, size_t *bytes, struct err *err);

/*
 * Read the header of the message that is all of these `n` bytes. What `out` holds points into them.
 * Errors: ERR_INVALID, the rule named; ERR_LIMIT.
 */
int dbus_message_parse(const void *bytes, size_t n, struct dbus_header *out, struct err *err);

/* --- reading a body ------------------------------------------------------------------------------ */

/* Reads from `bytes` bytes at `p`, which lie as in their message: at a multiple of 8. */
struct dbus_reader {
	const uint8_t *p;
	size_t bytes;
	size_t at;
};

/* A reader of a message's body. */
struct dbus_reader dbus_body(const struct dbus_header *header);

/*
 * Each of these takes one value and returns 0. What isn't there, or isn't valid, gives -1; the reader
 * and `value` then are as they were. Text is borrowed from the bytes; it is UTF-8 and ends with a NUL.
 */

/* Take an INT32 or UINT32. */
int dbus_get_u32(struct dbus_reader *r, uint32_t *value);
/* Take a STRING or an OBJECT_PATH. */
int dbus_get_string(struct dbus_reader *r, const char **value);
/* Take a SIGNATURE. */
int dbus_get_signature(struct dbus_reader *r, const char **value);
/* Take the signature of a VARIANT and insist on `signature`; what it holds is to be taken next. */
int dbus_get_variant(struct dbus_reader *r, const char *signature);
/* Take and forget what `signature` says, any number of values, at most 16 structs and variants deep. */
int dbus_skip(struct dbus_reader *r, const char *signature);

#endif
