/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code.h - ttrpc's status codes, and which one an error of ours gets
 *
 * Effects  none
 * Source   google.rpc.Code; containerd's errdefs, which know INVALID_ARGUMENT, NOT_FOUND,
 *          ALREADY_EXISTS, FAILED_PRECONDITION, UNIMPLEMENTED, UNAVAILABLE, CANCELED and
 *          DEADLINE_EXCEEDED and take all others for "unknown"
 */
#ifndef KEDGE_SHIM_TASK_CODE_H
#define KEDGE_SHIM_TASK_CODE_H

#include "core/base/err.h"

enum code {
	CODE_OK = 0,
	CODE_UNKNOWN = 2,
	CODE_INVALID_ARGUMENT = 3,
	CODE_DEADLINE_EXCEEDED = 4,
	CODE_NOT_FOUND = 5,
	CODE_ALREADY_EXISTS = 6,
	CODE_RESOURCE_EXHAUSTED = 8,
	CODE_FAILED_PRECONDITION = 9,
	CODE_UNIMPLEMENTED = 12,
};

/*
 * The code for an error that core/ gave. What core/ didn't find (a program, a mount's source) is
 * never NOT_FOUND here: for clients that would mean that there is no such task, and Docker goes on
 * as if it had been removed. Nor is what this host can't do UNIMPLEMENTED: containerd would
 * take us for an older shim and ask once more.
 */
enum code code_of(const struct err *err);

/*
 * What containerd's own shim ends such an error's text with, ": not found" say; "" for the others.
 * Clients of containerd 1.7 put it there themselves, if it isn't there yet; those of 2 don't.
 */
const char *code_suffix(enum code code);

#endif
