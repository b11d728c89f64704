/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/task/code.h"

enum code code_of(const struct err *err)
{
	static const enum code codes[] = {
		[ERR_NONE] = CODE_OK,
		[ERR_INVALID] = CODE_INVALID_ARGUMENT,
		[ERR_NOT_FOUND] = CODE_UNKNOWN,
		[ERR_EXISTS] = CODE_ALREADY_EXISTS,
		[ERR_STATE] = CODE_FAILED_PRECONDITION,
		[ERR_DENIED] = CODE_UNKNOWN,
		[ERR_UNSUPPORTED] = CODE_UNKNOWN,
		[ERR_LIMIT] = CODE_UNKNOWN,
		[ERR_TIMEOUT] = CODE_UNKNOWN,
		[ERR_CRIU] = CODE_UNKNOWN,
		[ERR_SYS] = CODE_UNKNOWN,
	};

	return codes[err->kind];
}

const char *code_suffix(enum code code)
{
	static const char *const suffixes[] = {
		[CODE_INVALID_ARGUMENT] = ": invalid argument",
		[CODE_NOT_FOUND] = ": not found",
		[CODE_ALREADY_EXISTS] = ": already exists",
		[CODE_FAILED_PRECONDITION] = ": failed precondition",
		[CODE_UNIMPLEMENTED] = ": not implemented",
	};

	return suffixes[code] ? suffixes[code] : "";
}
