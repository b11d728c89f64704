/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive.h - what lies beside the images in an unpacked archive of Podman, CRI-O or containerd
 *
 * In       an open directory with config.dump and spec.dump; both may be broken or hostile
 * Out      struct oci_archive
 * Effects  reads the two files, following no symlink
 * Source   checkpointctl: config.dump is libpod's container config, in which CRI-O and containerd
 *          fill a few members; spec.dump is the container's config.json
 */
#ifndef KEDGE_OCI_ARCHIVE_H
#define KEDGE_OCI_ARCHIVE_H

#include "core/base/str.h"

/* Strings are NULL where a file doesn't say. All memory belongs to `arena`. */
struct oci_archive {
	struct arena arena;
	const char *manager; /* "podman", "cri-o" or "containerd" */
	char *id;
	char *name;
	char *image;
	char *runtime; /* "crun" */
	char *created; /* RFC 3339 */
	char *checkpointed;
};

/* Read both files. What is wrong with one goes to `problems`. `out` is empty on entry. */
void oci_archive_read(int dirfd, struct oci_archive *out, struct strv *problems);

/* Give back the memory; the value is empty afterwards. */
void oci_archive_done(struct oci_archive *archive);

#endif
