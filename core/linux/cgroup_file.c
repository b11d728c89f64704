/* SPDX-License-Identifier: Apache-2.0 */
/* Control files and directory trees of one hierarchy. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/fd.h"
#include "core/linux/cgroup_internal.h"

#define PROCS_MAX_BYTES (64UL << 20)

static int open_file(const char *dir, const char *file, int flags)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, flags | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
}

int cgroup_try(const char *dir, const char *file, const char *text)
{
	auto_fd int fd = open_file(dir, file, O_WRONLY);
	size_t bytes = strlen(text);
	ssize_t n;

	if (fd < 0)
		return errno;
	do {
		n = write(fd, text, bytes);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	return (size_t)n == bytes ? 0 : EIO;
}

int cgroup_failed(int errnum, const char *dir, const char *file, const char *text, struct err *err)
{
	if (errnum == ENOENT && access(dir, F_OK))
		return err_set(err, ERR_NOT_FOUND, "cannot set %s: cgroup %s does not exist", file,
			       dir);
	if (errnum == ENOENT) {
		err_set(err, ERR_UNSUPPORTED,
			"cannot set %s to \"%s\": %s has no such file, so the kernel lacks this "
			"limit or the cgroup lacks the controller %.*s",
			file, text, dir, (int)strcspn(file, "."), file);
		return err_hint(err, "take the limit out of the container's config, or hand the "
				     "controller down in cgroup.subtree_control");
	}
	errno = errnum;
	return err_sys(err, "write \"%s\" to %s/%s", text, dir, file);
}

int cgroup_put(const char *dir, const char *file, const char *text, struct err *err)
{
	int errnum = cgroup_try(dir, file, text);

	return errnum ? cgroup_failed(errnum, dir, file, text, err) : 0;
}

int cgroup_put_i64(const char *dir, const char *file, int64_t value, struct err *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	return cgroup_put(dir, file, text, err);
}

int cgroup_get(const char *dir, const char *file, char *out, size_t bytes)
{
	auto_fd int fd = open_file(dir, file, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return errno;
	do {
		n = read(fd, out, bytes - 1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	if (n && out[n - 1] == '\n')
		n--;
	out[n] = '\0';
	return 0;
}

void cgroup_sleep_us(unsigned long us)
{
	struct timespec ts = { .tv_sec = (time_t)(us / 1000000),
			       .tv_nsec = (long)(us % 1000000) * 1000 };

	nanosleep(&ts, NULL);
}

/* Append the sub-cgroups of `dir`. Returns 0 or the errno. */
static int add_children(const char *dir, struct strv *dirs)
{
	auto_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;
	struct stat st;
	DIR *d;

	if (fd < 0)
		return errno;
	/* cgroupfs counts sub-directories as links: a leaf needs no listing */
	if (!fstat(fd, &st) && st.st_nlink == 2)
		return 0;
	d = fdopendir(fd);
	if (!d)
		return errno;
	take_fd(&fd);
	while ((e = readdir(d)))
		if (e->d_type == DT_DIR && strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			strv_addf(dirs, "%s/%s", dir, e->d_name);
	closedir(d);
	return 0;
}

static bool is_gone(int errnum)
{
	return errnum == ENOENT || errnum == ENODEV;
}

int cgroup_subtree(const char *dir, struct strv *dirs, struct err *err)
{
	AUTO(strv_done) struct strv found = { 0 };

	strv_add(&found, dir);
	for (size_t i = 0; i < found.n; i++) {
		int errnum = add_children(found.v[i], &found);

		if (errnum == ENAMETOOLONG)
			return err_set(err, ERR_LIMIT,
				       "cgroup %s has sub-cgroups too deep to reach", dir);
		if (is_gone(errnum) && i == 0)
			return 0;
		if (errnum && !is_gone(errnum)) {
			errno = errnum;
			return err_sys(err, "list cgroup %s", found.v[i]);
		}
	}
	*dirs = found;
	found = (struct strv){ 0 };
	return 0;
}

static void add_pids(const char *text, struct buf *pids)
{
	char *end;

	for (;; text = end) {
		pid_t pid = (pid_t)strtol(text, &end, 10);

		if (end == text)
			return;
		buf_add(pids, &pid, sizeof(pid));
	}
}

/* Returns 0 or the errno. */
static int read_pids(const char *dir, const char *file, struct buf *text)
{
	auto_fd int fd = open_file(dir, file, O_RDONLY);
	struct err e;

	if (fd < 0)
		return errno;
	if (fd_read_all(fd, PROCS_MAX_BYTES, text, &e))
		return e.sys ? e.sys : EFBIG;
	return 0;
}

int cgroup_dir_pids(const char *dir, struct buf *pids, struct err *err)
{
	AUTO(buf_done) struct buf text = { 0 };
	int errnum = read_pids(dir, "cgroup.procs", &text);

	/* a threaded cgroup names its threads alone */
	if (errnum == EOPNOTSUPP)
		errnum = read_pids(dir, "cgroup.threads", &text);
	if (is_gone(errnum))
		return 0;
	if (errnum) {
		errno = errnum;
		return err_sys(err, "read %s/cgroup.procs", dir);
	}
	add_pids(text.p, pids);
	return 0;
}

int cgroup_count(const char *dir, size_t *n, struct err *err)
{
	AUTO(strv_done) struct strv dirs = { 0 };
	AUTO(buf_done) struct buf pids = { 0 };

	if (cgroup_subtree(dir, &dirs, err))
		return -1;
	for (size_t i = 0; i < dirs.n; i++)
		if (cgroup_dir_pids(dirs.v[i], &pids, err))
			return -1;
	*n = pids.n / sizeof(pid_t);
	return 0;
}
