/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/cr/image_file.h"
#include "core/cr/images_tasks.h"
#include "proto/core.pb-c.h"
#include "proto/inventory.pb-c.h"

#define IMAGE_MAGIC_CORE 0x55053847

#define MAX_TASKS      100000
#define MAX_CORE_BYTES (1 << 20) /* real ones have some 2 KiB */

static const char *const states[] = { "unknown", "alive", "dead", "stopped" };

/* A hostile directory may list many tasks, so that their images must be small. */
static int check_size(int dirfd, const char *name, struct err *err)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) || st.st_size <= MAX_CORE_BYTES)
		return 0;
	return err_set(err, ERR_INVALID, "%s has %lld bytes, more than any real one", name,
		       (long long)st.st_size);
}

static int read_core(int dirfd, struct arena *arena, struct image_task *task, struct err *err)
{
	static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_CORE };
	char name[64];
	AUTO(image_file_done) struct image_file f = { .name = name, .err = err };
	Criu__Image__CoreEntry *e;
	const uint8_t *p;
	size_t bytes;

	snprintf(name, sizeof(name), "core-%u.img", task->pid);
	if (check_size(dirfd, name, err) || image_file_load(dirfd, magics, &f) ||
	    image_file_next(&f, &p, &bytes))
		return -1;
	e = criu__image__core_entry__unpack(NULL, bytes, p);
	if (!e || !e->task) {
		criu__image__core_entry__free_unpacked(e, NULL);
		return image_file_bad(&f, "not the core of a task");
	}
	task->name = arena_printf(arena, "%.64s", e->task->comm);
	if (e->task->state < ARRAY_LEN(states))
		task->state = states[e->task->state];
	criu__image__core_entry__free_unpacked(e, NULL);
	return 0;
}

static int next_task(struct image_file *f, struct image_task *task)
{
	Criu__Image__PstreeEntry *e;
	const uint8_t *p;
	size_t bytes;

	if (image_file_next(f, &p, &bytes))
		return -1;
	e = criu__image__pstree_entry__unpack(NULL, bytes, p);
	if (!e)
		return image_file_bad(f, "not a process entry");
	*task = (struct image_task){
		.pid = e->pid,
		.parent = e->ppid,
		.group = e->pgid,
		.session = e->sid,
		.n_threads = e->n_threads,
		.state = states[0],
	};
	criu__image__pstree_entry__free_unpacked(e, NULL);
	return 0;
}

static void add_task(struct image_tasks *tasks, const struct image_task *task)
{
	struct image_task *bigger;

	/* in powers of two, so that the arena keeps less than the list's own size of old copies */
	if (!(tasks->n & (tasks->n - 1))) {
		bigger = arena_array(&tasks->arena, tasks->n ? tasks->n * 2 : 1, sizeof(*bigger));
		for (size_t i = 0; i < tasks->n; i++)
			bigger[i] = tasks->v[i];
		tasks->v = bigger;
	}
	tasks->v[tasks->n++] = *task;
}

void images_read_tasks(int dirfd, struct image_tasks *out, struct strv *problems)
{
	static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_PSTREE };
	struct err err = { 0 };
	AUTO(image_file_done) struct image_file f = { .name = "pstree.img", .err = &err };
	struct image_task task;
	int ret = image_file_load(dirfd, magics, &f);

	while (!ret && f.at < f.n && out->n < MAX_TASKS) {
		ret = next_task(&f, &task);
		if (!ret)
			add_task(out, &task);
	}
	if (!ret && f.at < f.n)
		ret = image_file_bad(&f, "more processes than a kernel has");
	if (ret)
		strv_add(problems, err.msg);
	for (size_t i = 0; i < out->n; i++)
		if (read_core(dirfd, &out->arena, &out->v[i], &err))
			strv_add(problems, err.msg);
}

void images_tasks_done(struct image_tasks *tasks)
{
	arena_done(&tasks->arena);
	*tasks = (struct image_tasks){ 0 };
}
