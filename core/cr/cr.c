/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/cr/cr.h"

/* mkdir -p; only the last directory is private. Gives 1 if that was made, 0 if it was there. */
static int make_dirs(const char *path, struct err *err)
{
	if (path_make_parents(path, 0755, err))
		return -1;
	if (!mkdir(path, 0700))
		return 1;
	return errno == EEXIST ? 0 : err_sys(err, "create %s", path);
}

static int open_dir(const char *what, const char *path, bool *make, char **abs, struct err *err)
{
	int made = *make ? make_dirs(path, err) : 0;
	auto_fd int fd = -1;
	char resolved[PATH_MAX];

	if (made < 0)
		return err_wrap(err, "%s", what);
	*make = made;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "%s %s", what, path);
	*abs = xstrdup(realpath(path, resolved) ? resolved : path);
	return take_fd(&fd);
}

/* Call `fn` for what is in the directory and no log, until it says no; whether it never did. */
static bool each_image(int fd, bool (*fn)(int fd, const char *name))
{
	auto_fd int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	const struct dirent *entry;
	bool goes_on = dir;

	if (!dir)
		return false;
	take_fd(&own);
	while (goes_on && (entry = readdir(dir)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, "..") &&
		    !str_ends(entry->d_name, ".log"))
			goes_on = fn(fd, entry->d_name);
	closedir(dir);
	return goes_on;
}

static bool refuse(int fd, const char *name)
{
	(void)fd;
	(void)name;
	return false;
}

/* CRIU and we make no directories there. */
static bool remove_file(int fd, const char *name)
{
	unlinkat(fd, name, 0);
	return true;
}

int cr_dirs_open(const struct cr_options *opts, bool make, struct cr_dirs *dirs, struct err *err)
{
	const char *images = opts->image_path ? opts->image_path : CR_DEFAULT_IMAGE_PATH;
	bool make_work = true;

	*dirs = (struct cr_dirs){ .images_fd = -1, .work_fd = -1, .is_made = make };
	dirs->images_fd = open_dir("image directory", images, &dirs->is_made, &dirs->images, err);
	if (dirs->images_fd < 0)
		return make ? -1
			    : err_hint(err, "--image-path names the directory with the images");
	dirs->is_empty = make && each_image(dirs->images_fd, refuse);
	dirs->work_fd = open_dir("work directory", opts->work_path ? opts->work_path : images,
				 &make_work, &dirs->work, err);
	return dirs->work_fd < 0 ? -1 : 0;
}

static void remove_half_dump(struct cr_dirs *dirs)
{
	if (dirs->images_fd < 0 || !dirs->is_empty || dirs->keeps_images)
		return;
	each_image(dirs->images_fd, remove_file);
	if (dirs->is_made)
		rmdir(dirs->images);
}

/* An empty one goes in any case. */
static void remove_own_work(struct cr_dirs *dirs)
{
	if (!dirs->has_own_work)
		return;
	if (dirs->keeps_work)
		rmdir(dirs->work);
	else
		fd_remove_tree(AT_FDCWD, dirs->work, NULL);
	dirs->has_own_work = false;
}

void cr_dirs_done(struct cr_dirs *dirs)
{
	remove_own_work(dirs);
	remove_half_dump(dirs);
	fd_close(&dirs->images_fd);
	fd_close(&dirs->work_fd);
	free(take_ptr(&dirs->images));
	free(take_ptr(&dirs->work));
	free(take_ptr(&dirs->page_server));
}

static int fill_page_server(const struct cr_options *opts, struct cr_dirs *dirs,
			    struct criu_request *req, struct err *err)
{
	const char *colon = opts->page_server ? strrchr(opts->page_server, ':') : NULL;
	unsigned long long port;

	if (!opts->page_server)
		return 0;
	if (!colon || colon == opts->page_server || str_to_u64(colon + 1, 65535, &port))
		return err_set(err, ERR_INVALID, "--page-server %s: it must be ADDRESS:PORT",
			       opts->page_server);
	dirs->page_server = xstrdup(opts->page_server);
	dirs->page_server[colon - opts->page_server] = '\0';
	req->page_server_address = dirs->page_server;
	req->page_server_port = (int)port;
	return 0;
}

static int fill_parent(const struct cr_options *opts, const struct cr_dirs *dirs,
		       struct criu_request *req, struct err *err)
{
	struct stat st;

	req->parent_images = opts->parent_path;
	if (!opts->parent_path)
		return 0;
	if (opts->parent_path[0] == '/')
		return err_set(err, ERR_INVALID,
			       "--parent-path %s: it must be relative to the image directory",
			       opts->parent_path);
	if (fstatat(dirs->images_fd, opts->parent_path, &st, 0) || !S_ISDIR(st.st_mode))
		return err_set(err, ERR_NOT_FOUND,
			       "--parent-path %s: it is no directory, seen from %s",
			       opts->parent_path, dirs->images);
	return 0;
}

static int fill_status_fd(const struct cr_options *opts, struct criu_request *req, struct err *err)
{
	unsigned long long fd;

	if (!opts->status_fd)
		return 0;
	if (str_to_u64(opts->status_fd, INT_MAX, &fd) || fcntl((int)fd, F_GETFD) < 0)
		return err_set(err, ERR_INVALID, "--status-fd %s: it is no open file descriptor",
			       opts->status_fd);
	req->status_fd = (int)fd;
	return 0;
}

static int fill_empty_ns(const struct cr_options *opts, struct criu_request *req, struct err *err)
{
	for (size_t i = 0; i < opts->empty_ns.n; i++) {
		if (strcmp(opts->empty_ns.v[i], "network"))
			return err_set(err, ERR_INVALID,
				       "--empty-ns %s: CRIU knows only \"network\"",
				       opts->empty_ns.v[i]);
		req->empty_ns |= CLONE_NEWNET;
	}
	return 0;
}

/* CRIU writes a log and statistics; the images themselves it only reads. */
static int ensure_work(const struct cr_options *opts, struct cr_dirs *dirs,
		       const struct criu_request *req, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	auto_free char *path = xasprintf("%s/kedge-restore-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	int fd;

	if (opts->work_path || req->verb != CRIU_RESTORE ||
	    !faccessat(dirs->images_fd, ".", W_OK, AT_EACCESS))
		return 0;
	if (!mkdtemp(path)) {
		err_sys(err, "image directory %s is read-only, and make %s for the log",
			dirs->images, path);
		return err_hint(err, "--work-path names a directory for the log");
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	fd_close(&dirs->work_fd);
	free(dirs->work);
	dirs->work_fd = fd;
	dirs->work = take_ptr(&path);
	dirs->has_own_work = true;
	return 0;
}

int cr_fill_request(const struct cr_options *opts, struct cr_dirs *dirs, struct criu_request *req,
		    struct err *err)
{
	if (ensure_work(opts, dirs, req, err))
		return -1;
	req->images_fd = dirs->images_fd;
	req->work_fd = dirs->work_fd;
	req->config_file = opts->criu_config;
	req->leave_running = opts->leave_running;
	req->tcp_established = opts->tcp_established;
	req->tcp_skip_in_flight = opts->tcp_skip_in_flight;
	req->tcp_close = opts->tcp_close;
	req->ext_unix_sk = opts->ext_unix_sk;
	req->shell_job = opts->shell_job;
	req->file_locks = opts->file_locks;
	req->link_remap = opts->link_remap;
	req->lazy_pages = opts->lazy_pages;
	req->auto_dedup = opts->auto_dedup;
	req->lsm_profile = opts->lsm_profile;
	req->lsm_mount_context = opts->lsm_mount_context;
	if (criu_cgroup_mode_parse(opts->manage_cgroups, &req->cgroup_mode, err) ||
	    criu_network_lock_parse(opts->network_lock, &req->network_lock, err))
		return -1;
	if (fill_parent(opts, dirs, req, err) || fill_page_server(opts, dirs, req, err) ||
	    fill_status_fd(opts, req, err))
		return -1;
	return fill_empty_ns(opts, req, err);
}
