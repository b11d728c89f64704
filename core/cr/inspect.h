/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.h - what lies in a directory of images, whoever made them
 *
 * In       a directory: CRIU's images as kedge, runc, crun, Docker and containerd leave them, or an
 *          unpacked archive of Podman, CRI-O or containerd's CRI, which has them in checkpoint/
 * Out      struct inspection: all that can be read, and a line for each thing that can't
 * Effects  reads regular files in the directory, never by a symlink
 * Source   images.h, images_tasks.h; checkpointctl's docs for the archives: config.dump, spec.dump
 *
 * Nothing here decides anything: it is for people. All of it may be hostile.
 */
#ifndef KEDGE_CORE_CR_INSPECT_H
#define KEDGE_CORE_CR_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/cr/images.h"
#include "core/cr/images_tasks.h"
#include "core/plan/checkpoint_info.h"

/* The mounts of one mount namespace. */
struct inspection_ns {
	unsigned int id; /* N of mountpoints-N.img */
	bool is_root;	 /* the root task's */
	struct image_mounts mounts;
};

/* Bytes by kind of file. */
struct inspection_sizes {
	size_t n_files;
	uint64_t total;
	uint64_t memory; /* pages-*.img */
	uint64_t tmpfs;	 /* the contents of tmpfs mounts */
};

/* A zeroed struct is empty, but the fds are -1 then. */
struct inspection {
	struct arena arena;
	int dir_fd;	  /* what was named */
	int images_fd;	  /* where inventory.img lies; the same, or dir_fd's checkpoint/ */
	char *dir;	  /* absolute */
	bool is_archive;  /* the images are in checkpoint/, and other files lie beside it */
	bool is_pre_dump; /* memory alone */
	bool has_inventory;
	struct image_inventory inventory;
	struct image_tasks tasks;
	struct inspection_ns *ns; /* the root task's first */
	size_t n_ns;
	bool has_stats;
	struct image_dump_stats stats;
	struct inspection_sizes sizes;
	struct strv descriptors;     /* of descriptors.json */
	struct checkpoint_info info; /* of kedge.json; empty if there is none */
	const char *parent;	     /* where the symlink to an earlier dump leads, or NULL */
	const char *criu;	     /* "4.1.1", from dump.log; or NULL */
	const char *engine;	     /* "kedge 0.1.0", "runc", "crun", "runc or crun", "unknown" */
	struct strv problems;
};

/*
 * Look at `dir`. Statistics and log are looked for in `work` (NULL: in `dir` and beside the images).
 * inspection_done() is due also after a failure.
 * Errors: when `dir` (or `work`) can't be opened; whatever is wrong inside is in `problems`.
 */
int inspect_images(const char *dir, const char *work, struct inspection *out, struct err *err);

/* The file system that CRIU's number stands for: "tmpfs", …, "disk" for those it doesn't know. Static. */
const char *inspect_fstype(unsigned int number);

/* How many of the mounts are external. */
size_t inspect_externals(const struct image_mounts *mounts);

/* Close and free. */
void inspection_done(struct inspection *in);

#endif
