/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_wire.h - requests and answers as bytes
 *
 * In       struct criu_request; datagrams from `criu swrk`
 * Out      datagrams; struct criu_answer
 * Effects  none; safe on any bytes; fuzzed by criu_wire_fuzz.c
 * Source   proto/rpc.proto
 */
#ifndef KEDGE_CORE_CR_CRIU_WIRE_H
#define KEDGE_CORE_CR_CRIU_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/str.h"
#include "core/plan/criu_request.h"

/* Values as on the wire. */
enum criu_answer_type {
	CRIU_ANSWER_EMPTY = 0,
	CRIU_ANSWER_DUMP = 1,
	CRIU_ANSWER_RESTORE = 2,
	CRIU_ANSWER_NOTIFY = 6,
	CRIU_ANSWER_FEATURES = 9,
	CRIU_ANSWER_VERSION = 10,
	CRIU_ANSWER_PRE_DUMP = 13,
};

/* What kernel and CRIU can do together. */
struct criu_features {
	bool mem_track;	 /* incremental dumps */
	bool lazy_pages; /* restore before the memory is there */
	bool pidfd_store;
};

struct criu_answer {
	enum criu_answer_type type;
	bool success;
	pid_t pid;	 /* RESTORE: the root task; NOTIFY: the same at some steps; else 0 */
	int cr_errno;	 /* 0 when CRIU gives none */
	int version;	 /* VERSION: 40101 for 4.1.1 */
	char script[64]; /* NOTIFY: the step, "" when it has no name */
	char text[512];	 /* the first error of CRIU's log, or "" */
	struct criu_features features;
};

/* Append a DUMP, SINGLE_PRE_DUMP or RESTORE request. */
void criu_wire_request(const struct criu_request *req, struct buf *out);

/* Append the question for the version; the connection stays open. */
void criu_wire_ask_version(struct buf *out);

/* Append the question for all features; the connection stays open. */
void criu_wire_ask_features(struct buf *out);

/* Append the answer to a notification. */
void criu_wire_notified(bool success, struct buf *out);

/* Read a datagram. Errors: ERR_CRIU when it is no answer. */
int criu_wire_answer(const void *bytes, size_t n_bytes, struct criu_answer *out, struct err *err);

#endif
