/* SPDX-License-Identifier: Apache-2.0 */
/*
 * images.h - read CRIU's image files: what was dumped, its mounts, the statistics
 *
 * In       an open directory of images; its content may be broken or hostile
 * Out      plain C values
 * Effects  reads files below the directory, following no symlink
 * Source   criu's image-desc.c and magic.h (4.1.1): numbers are little endian; see
 *          proto/inventory.proto, proto/mnt.proto and proto/stats.proto for the layout of each file
 *
 * Whatever is wrong with a file is ERR_INVALID and names the file and where in it:
 * "mountpoints-12.img: offset 8: the next entry has 4096 bytes, the file only 112 more".
 */
#ifndef KEDGE_CORE_CR_IMAGES_H
#define KEDGE_CORE_CR_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/plan/image_mount.h"

struct image_inventory {
	unsigned int version;  /* 2 since CRIU 2.0 */
	unsigned int lsm;      /* 0 none, 1 SELinux, 2 AppArmor */
	bool is_tcp_closed;    /* dumped with tcp_close */
	unsigned int root_pid; /* of the root task, in its pid namespace */
	unsigned int net_ns;   /* N of netns-N.img; 0: it was in CRIU's own network namespace */
	unsigned int mnt_ns;   /* N of mountpoints-N.img; 0: it was in CRIU's own mount namespace */
	bool has_pid_ns;       /* it had namespaces of its own */
	bool has_net_ns;
	bool has_user_ns;
	bool has_cgroup_ns;
	bool has_ipc_ns;
	bool has_uts_ns;
};

/* A zeroed struct is empty. All memory belongs to `arena`. */
struct image_mounts {
	struct arena arena;
	struct image_mount *v; /* in the file's order: children before parents, "/" is there */
	size_t n;
};

/* Times in microseconds. */
struct image_dump_stats {
	unsigned int freezing_us;
	unsigned int frozen_us;
	unsigned int memdump_us;
	unsigned int memwrite_us;
	uint64_t pages_scanned;
	uint64_t pages_written;
	uint64_t pages_skipped;
};

/*
 * Read inventory.img, pstree.img and the ids of the root task. Errors: ERR_INVALID, also when one
 * isn't there (then it isn't a directory of images).
 */
int images_read_inventory(int dirfd, struct image_inventory *out, struct err *err);

/*
 * Read the mounts of the root task's mount namespace. `out` is empty on entry and stays empty on
 * failure. Errors: ERR_INVALID.
 */
int images_read_mounts(int dirfd, struct image_mounts *out, struct err *err);

/* Read stats-dump, which lies in the work directory. Errors: ERR_INVALID. */
int images_read_dump_stats(int dirfd, struct image_dump_stats *out, struct err *err);

/*
 * Parse the bytes of a mountpoints image; `file` is its name for messages. As images_read_mounts().
 */
int images_parse_mounts(const char *file, const void *bytes, size_t n_bytes,
			struct image_mounts *out, struct err *err);

struct image_file;

/*
 * Take the next mount of a mountpoints image, whose magics are behind; strings go into `arena`. Fills
 * `m` also for a mountpoint in a bad form. Errors: ERR_INVALID; the place stays at what can't be read.
 */
int images_next_mount(struct image_file *f, struct arena *arena, struct image_mount *m);

/* Give back the memory; the value is empty afterwards. */
void images_mounts_done(struct image_mounts *mounts);

#endif
