/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/linux/mount_ids.h"

/* Newer than the headers of Debian 12; the numbers are the same on all architectures. */
#ifndef SYS_statmount
#define SYS_statmount 457
#endif
#ifndef SYS_listmount
#define SYS_listmount 458
#endif
#define GET_MNTNS_ID	_IOR(0xb7, 0x5, uint64_t) /* NS_GET_MNTNS_ID */
#define LIST_FROM_ROOT	UINT64_MAX		  /* LSMT_ROOT */
#define STATMOUNT_BASIC 2
#define LIST_AT_ONCE	512
#define MAX_MOUNTS	(1U << 20)

/* struct mnt_id_req of linux/mount.h */
struct request {
	uint32_t size;
	uint32_t spare;
	uint64_t mnt_id;
	uint64_t param; /* listmount: begin behind this one; statmount: what is asked for */
	uint64_t ns_id;
};

/* The beginning of struct statmount. */
struct answer {
	uint32_t size, mnt_opts;
	uint64_t mask;
	uint32_t dev_major, dev_minor;
	uint64_t magic;
	uint32_t sb_flags, fs_type;
	uint64_t unique_id, unique_parent;
	uint32_t id, parent;
	uint64_t rest[56]; /* the kernel may write all that it knows */
};

static int namespace_id(pid_t pid, uint64_t *id)
{
	char path[64];
	auto_fd int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : ioctl(fd, GET_MNTNS_ID, id);
}

static int compare_ids(const void *a, const void *b)
{
	const struct mount_id *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* A mount that has gone meanwhile is left out. */
static void add(struct mount_ids *ids, uint64_t ns_id, uint64_t unique_id)
{
	struct request req = {
		.size = sizeof(req), .mnt_id = unique_id, .param = STATMOUNT_BASIC, .ns_id = ns_id
	};
	struct answer a = { 0 };

	if (syscall(SYS_statmount, &req, &a, sizeof(a), 0) || !(a.mask & STATMOUNT_BASIC))
		return;
	ids->v[ids->n++] = (struct mount_id){ a.id, unique_id };
}

void mount_ids_read(pid_t pid, struct mount_ids *ids)
{
	struct request req = { .size = sizeof(req), .mnt_id = LIST_FROM_ROOT };
	uint64_t found[LIST_AT_ONCE];
	long n;

	if (namespace_id(pid, &req.ns_id))
		return;
	do {
		n = syscall(SYS_listmount, &req, found, ARRAY_LEN(found), 0);
		if (n <= 0)
			break;
		ids->v = xrealloc(ids->v, ids->n + (size_t)n, sizeof(*ids->v));
		for (long i = 0; i < n; i++)
			add(ids, req.ns_id, found[i]);
		req.param = found[n - 1];
	} while (n == (long)ARRAY_LEN(found) && ids->n < MAX_MOUNTS);
	if (ids->n)
		qsort(ids->v, ids->n, sizeof(*ids->v), compare_ids);
}

uint64_t mount_ids_find(const struct mount_ids *ids, unsigned int id)
{
	const struct mount_id wanted = { .id = id }, *found = NULL;

	if (ids->n)
		found = bsearch(&wanted, ids->v, ids->n, sizeof(*ids->v), compare_ids);
	return found ? found->unique_id : 0;
}

void mount_ids_done(struct mount_ids *ids)
{
	free(ids->v);
	*ids = (struct mount_ids){ 0 };
}
