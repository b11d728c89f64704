/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.h - run OCI hooks
 *
 * In       the hooks of one kind, the state document
 * Effects  runs programs of the host (or, for createContainer and startContainer, of whatever
 *          mount namespace the caller is in) with the document on stdin, one after the other
 * Source   runtime-spec, config.md#posix-platform-hooks
 */
#ifndef KEDGE_CORE_RUN_HOOKS_H
#define KEDGE_CORE_RUN_HOOKS_H

#include "core/base/err.h"
#include "core/spec.h"

/*
 * Run the hooks in order; stop at the first that fails. `state` is the JSON for their stdin, `cwd`
 * their working directory (NULL: the caller's). A hook's environment is exactly its `env`.
 * Errors: ERR_TIMEOUT, ERR_SYS with the hook's path, its exit status and the end of its output.
 */
int hooks_run(const struct spec_hooks *hooks, const char *kind, const char *state, const char *cwd,
	      struct err *err);

/* Run all hooks; a failing one is logged as a warning and the next goes on (poststart, poststop). */
void hooks_run_all(const struct spec_hooks *hooks, const char *kind, const char *state,
		   const char *cwd);

#endif
