/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sidecar.h - the JSON that lies beside CRIU's images
 *
 * descriptors.json is runc's and crun's: an array of three strings, what fds 0, 1 and 2 of the
 * first process were at its start ("pipe:[4711]"). CRIU can't dump the far end of a pipe; on a restore
 * such a name is given back with the fd that takes its place (inherit_fd).
 *
 * kedge.json is ours: struct checkpoint_info, see hack/SIDECAR.md. Whatever it says, what is mounted
 * never comes from it.
 *
 * In       the container's record, the dump's plan; on a restore files that may be hostile
 * Effects  reads and writes files in the image directory
 */
#ifndef KEDGE_CORE_CR_SIDECAR_H
#define KEDGE_CORE_CR_SIDECAR_H

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/plan/checkpoint_info.h"
#include "core/run/container.h"

/* Write descriptors.json into the directory. */
int sidecar_write_descriptors(int images_fd, const struct container *c, struct err *err);

/*
 * Read it: three strings at most, those that are no pipe are "". A missing file gives none (CRIU's
 * own images have none). Errors: ERR_INVALID naming the file.
 */
int sidecar_read_descriptors(int images_fd, struct strv *descriptors, struct err *err);

/*
 * Read a file of the image directory: a regular one, no symlink, of at most `max_bytes`. Gives 1, or
 * 0 when there is none. Errors: ERR_INVALID, ERR_LIMIT, ERR_SYS, the file named.
 */
int sidecar_read_file(int images_fd, const char *name, size_t max_bytes, struct buf *out,
		      struct err *err);

/* Write kedge.json: 0600, in one step, fsynced. */
int sidecar_write_info(int images_fd, const struct checkpoint_info *info, struct err *err);

/* Remove it: the dump beside it has failed. */
void sidecar_remove_info(int images_fd);

/*
 * Read it. `info` is empty on entry and stays so when there is no such file. Errors: ERR_INVALID
 * naming the place, ERR_LIMIT when it is too big, ERR_UNSUPPORTED when a newer kedge made it: a
 * restore may go on without it.
 */
int sidecar_read_info(int images_fd, struct checkpoint_info *info, struct err *err);

/* Append the JSON of `info`. */
void sidecar_format_info(const struct checkpoint_info *info, struct buf *out);

/* Parse `bytes` bytes of JSON. Errors: as sidecar_read_info(). */
int sidecar_parse_info(const char *text, size_t bytes, struct checkpoint_info *info,
		       struct err *err);

#endif
