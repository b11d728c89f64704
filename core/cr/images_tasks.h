/* SPDX-License-Identifier: Apache-2.0 */
/*
 * images_tasks.h - the processes in a directory of images
 *
 * In       an open directory of images; its content may be broken or hostile
 * Out      one row per process, in the order of pstree.img: parents before children, the root first
 * Effects  reads files below the directory, following no symlink
 * Source   proto/inventory.proto (pstree.img), proto/core.proto
 */
#ifndef KEDGE_CORE_CR_IMAGES_TASKS_H
#define KEDGE_CORE_CR_IMAGES_TASKS_H

#include <stddef.h>

#include "core/base/err.h"
#include "core/base/str.h"

/* One process. The numbers are those of its own pid namespace. */
struct image_task {
	unsigned int pid;
	unsigned int parent; /* 0: the root */
	unsigned int group;
	unsigned int session;
	size_t n_threads;  /* the main one among them */
	const char *name;  /* comm; NULL: its core image can't be read */
	const char *state; /* "alive", "dead", "stopped", "unknown"; static */
};

/* A zeroed struct is empty. All memory belongs to `arena`. */
struct image_tasks {
	struct arena arena;
	struct image_task *v;
	size_t n;
};

/*
 * Read as much as can be read. What is wrong goes to `problems`, a line each that names file and
 * place. `out` is empty on entry.
 */
void images_read_tasks(int dirfd, struct image_tasks *out, struct strv *problems);

/* Give back the memory; the value is empty afterwards. */
void images_tasks_done(struct image_tasks *tasks);

#endif
