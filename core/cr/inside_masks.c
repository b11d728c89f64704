/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/proc.h"
#include "core/cr/inside_enter.h"
#include "core/cr/inside_masks.h"
#include "core/linux/masks.h"
#include "core/run/sync.h"

/* What is still to do. The strings are the spec's. */
struct lacking {
	struct spec_strings masked;
	struct spec_strings readonly;
	const char *label;
};

static bool is_mount(int fd)
{
	struct statx stx;

	return !statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx) &&
	       stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

static bool is_readonly(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_flags & ST_RDONLY;
}

/* Those of `list` that are there and that `is_done` doesn't hold for; the caller frees the array. */
static struct spec_strings select_open(int root_fd, const struct spec_strings *list,
				       bool (*is_done)(int fd))
{
	struct spec_strings out = { .v = xcalloc(list->n, sizeof(*out.v)) };

	for (size_t i = 0; i < list->n; i++) {
		auto_fd int fd = path_open(root_fd, list->v[i], O_PATH, NULL);

		if (fd >= 0 && !is_done(fd))
			out.v[out.n++] = list->v[i];
	}
	return out;
}

/* In the child. The copy of the null device is from outside: what the container has may be anything. */
static int mask(int pidfd, const struct lacking *lacking, struct err *err)
{
	auto_fd int null_fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct mount_fd_bind null = { .fd = -1 };
	struct inside_place place;

	if (null_fd < 0 || !masks_is_null(null_fd))
		return err_set(err, ERR_INVALID, "the host's /dev/null isn't a null device");
	if (mount_fd_bind_from(null_fd, "", AT_EMPTY_PATH, &null))
		return err_sys(err, "copy the host's /dev/null");
	if (inside_enter(pidfd, &place, err) ||
	    masks_hide(place.root_fd, &null, &lacking->masked, lacking->label, err))
		return -1;
	return masks_protect(place.root_fd, &lacking->readonly, err);
}

static int mask_in_child(pid_t pid, const struct lacking *lacking, struct err *err)
{
	auto_fd int pidfd = proc_open(pid, 0, err);
	int socks[2], got, status;
	pid_t child;

	if (pidfd < 0 || sync_pair(socks, err))
		return -1;
	child = fork();
	if (child == 0) {
		struct err e = { 0 };

		if (mask(pidfd, lacking, &e))
			sync_send_error(socks[1], &e);
		else
			sync_send(socks[1], SYNC_READY, NULL);
		_exit(0);
	}
	fd_close(&socks[1]);
	got = child < 0 ? err_sys(err, "fork")
			: sync_expect(socks[0], SYNC_READY, "the helper in the container", err);
	fd_close(&socks[0]);
	if (child > 0)
		proc_wait(child, &status, NULL);
	return got;
}

int inside_mask(pid_t pid, const struct spec *spec, struct err *err)
{
	auto_free char *path = xasprintf("/proc/%d/root", (int)pid);
	auto_fd int root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct lacking lacking = { .label = spec->mount_label };
	int ret = 0;

	if (root_fd < 0)
		return err_sys(err, "open %s", path);
	lacking.masked = select_open(root_fd, &spec->masked_paths, is_mount);
	lacking.readonly = select_open(root_fd, &spec->readonly_paths, is_readonly);
	if (lacking.masked.n || lacking.readonly.n) {
		log_debug("the images lack %zu masked and %zu read-only paths", lacking.masked.n,
			  lacking.readonly.n);
		ret = mask_in_child(pid, &lacking, err);
	}
	free(lacking.masked.v);
	free(lacking.readonly.v);
	return ret;
}
