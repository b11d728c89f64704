/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - the runtime-spec's documents, read and checked, as struct spec
 *
 * In       config.json of a bundle, process.json of `exec --process`, resources of `update -r`
 * Out      struct spec and its parts (core/spec.h); what breaks a rule is reported all at once,
 *          each finding with its JSON pointer
 * Effects  the load functions read one file; a net.* sysctl together with a network namespace that
 *          is given by path stats that path; warnings go to the log (an unknown capability, a
 *          relative mount destination). Safe on hostile input; fuzzed by config_fuzz.c
 * Source   OCI runtime-spec 1.3: config.md, config-linux.md; where runc 1.1 is stricter or more
 *          lenient than the text, runc's way, and a comment says so
 *
 * Keys that the runtime-spec doesn't have are ignored (config.md#extensibility). On failure the
 * out-parameter is untouched.
 */
#ifndef KEDGE_OCI_CONFIG_H
#define KEDGE_OCI_CONFIG_H

#include <stddef.h>

#include "core/base/err.h"
#include "core/spec.h"

/*
 * Read BUNDLE/config.json, a regular file of at most 16 MiB, into `spec`, which spec_done() frees,
 * and set spec->bundle to the bundle's absolute path without symlinks. `text` gets the file's bytes.
 * Errors: as oci_config_parse(); ERR_NOT_FOUND, ERR_DENIED, ERR_SYS from reading the file
 */
int oci_config_load(const char *bundle, struct buf *text, struct spec *spec, struct err *err);

/*
 * Read a config.json of `bytes` bytes into `spec`, which spec_done() frees; spec->bundle is NULL.
 * Errors: ERR_INVALID      no JSON, or values that break the runtime-spec's rules
 *         ERR_UNSUPPORTED  nothing worse than values that ask for what kedge can't do
 *         ERR_LIMIT        longer than 16 MiB or nested too deeply
 */
int oci_config_parse(const char *text, size_t bytes, struct spec *spec, struct err *err);

/*
 * Read a process object (config.md#process) of `bytes` bytes; its strings go to `arena`.
 * Errors: as oci_config_parse().
 */
int oci_process_parse(const char *text, size_t bytes, struct arena *arena,
		      struct spec_process *process, struct err *err);

/*
 * Read the process object in the file or pipe `path`, at most 16 MiB; its strings go to `arena`.
 * Errors: as oci_config_load().
 */
int oci_process_load(const char *path, struct arena *arena, struct spec_process *process,
		     struct err *err);

/*
 * Read a resources object (config-linux.md#control-groups) of `bytes` bytes; its strings go to
 * `arena`. Errors: as oci_config_parse().
 */
int oci_resources_parse(const char *text, size_t bytes, struct arena *arena,
			struct spec_resources *resources, struct err *err);

#endif
