/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/linux/mount_fd.h"

#define ST_NOSYMFOLLOW_ 0x2000 /* linux/statfs.h; glibc has no name for it */

/* fsconfig(2) takes keys and values of up to 255 bytes. */
#define MAX_FSCONFIG_BYTES 255

/* The same attribute for mount_setattr(), mount() and statfs(). Access times are apart. */
static const struct {
	uint64_t attr;
	unsigned long ms;
	long st;
} attributes[] = {
	{ MOUNT_ATTR_RDONLY, MS_RDONLY, ST_RDONLY },
	{ MOUNT_ATTR_NOSUID, MS_NOSUID, ST_NOSUID },
	{ MOUNT_ATTR_NODEV, MS_NODEV, ST_NODEV },
	{ MOUNT_ATTR_NOEXEC, MS_NOEXEC, ST_NOEXEC },
	{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME, ST_NODIRATIME },
	{ MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW, ST_NOSYMFOLLOW_ },
};

/* Flags of mount(2) that belong to the superblock, and fsconfig()'s words for them. */
static const struct {
	unsigned long ms;
	const char *word;
} superblock_words[] = {
	{ MS_RDONLY, "ro" },
	{ MS_SYNCHRONOUS, "sync" },
	{ MS_DIRSYNC, "dirsync" },
	{ MS_LAZYTIME, "lazytime" },
};

/* Flags for which fsconfig() has no word that every file system knows. */
#define MOUNT_ONLY_FLAGS (MS_SILENT | MS_MANDLOCK | MS_I_VERSION | MS_REMOUNT)

struct fd_link {
	char path[32];
};

static struct fd_link link_of(int fd)
{
	struct fd_link l;

	snprintf(l.path, sizeof(l.path), "/proc/self/fd/%d", fd);
	return l;
}

/* The call isn't there, or somebody's filter says so in one of two ways. */
static bool is_missing(void)
{
	return errno == ENOSYS || errno == EPERM;
}

int mount_fd_clone(int dir_fd, const char *path, unsigned int flags)
{
	return open_tree(dir_fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

int mount_fd_attach(int mount_fd, int target_fd)
{
	return move_mount(mount_fd, "", target_fd, "",
			  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* --- attributes ------------------------------------------------------------------------------- */

static unsigned int attrs_of(unsigned long flags)
{
	uint64_t attrs = 0;

	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		if (flags & attributes[i].ms)
			attrs |= attributes[i].attr;
	if (flags & MS_STRICTATIME)
		attrs |= MOUNT_ATTR_STRICTATIME;
	else if (flags & MS_NOATIME)
		attrs |= MOUNT_ATTR_NOATIME;
	return (unsigned int)attrs;
}

struct mount_fd_attrs mount_fd_difference(unsigned long from, unsigned long to)
{
	unsigned long atime = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;
	struct mount_fd_attrs diff = { .set = attrs_of(to & ~from), .clr = attrs_of(from & ~to) };

	diff.set &= ~(uint64_t)MOUNT_ATTR__ATIME;
	diff.clr &= ~(uint64_t)MOUNT_ATTR__ATIME;
	if ((from & atime) == (to & atime))
		return diff;
	diff.clr |= MOUNT_ATTR__ATIME;
	diff.set |= attrs_of(to) & MOUNT_ATTR__ATIME;
	return diff;
}

static int set_new(int fd, const struct mount_fd_attrs *a)
{
	struct mount_attr top = { .attr_set = a->set, .attr_clr = a->clr };
	struct mount_attr all = { .attr_set = a->rec_set, .attr_clr = a->rec_clr };

	if ((a->set | a->clr) && mount_setattr(fd, "", AT_EMPTY_PATH, &top, sizeof(top)))
		return -1;
	if (!(a->rec_set | a->rec_clr))
		return 0;
	return mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &all, sizeof(all));
}

static unsigned long atime_of(const struct statfs *now, const struct mount_fd_attrs *a)
{
	if (a->clr & MOUNT_ATTR__ATIME) {
		if (a->set & MOUNT_ATTR_NOATIME)
			return MS_NOATIME;
		return a->set & MOUNT_ATTR_STRICTATIME ? MS_STRICTATIME : MS_RELATIME;
	}
	if (now->f_flags & ST_NOATIME)
		return MS_NOATIME;
	return now->f_flags & ST_RELATIME ? MS_RELATIME : MS_STRICTATIME;
}

/*
 * A remount sets all flags anew, so those that are there must be said again. errno is what
 * mount_setattr() said.
 */
static int set_by_remount(int fd, const struct mount_fd_attrs *a)
{
	unsigned long flags = MS_REMOUNT | MS_BIND;
	struct statfs now;

	if (a->rec_set | a->rec_clr) {
		errno = errno == ENOSYS ? EOPNOTSUPP : errno;
		return -1;
	}
	if (fstatfs(fd, &now))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		bool is_on = (now.f_flags & attributes[i].st) && !(a->clr & attributes[i].attr);

		if (is_on || (a->set & attributes[i].attr))
			flags |= attributes[i].ms;
	}
	return mount(NULL, link_of(fd).path, NULL, flags | atime_of(&now, a), NULL);
}

int mount_fd_set(int fd, const struct mount_fd_attrs *attrs)
{
	bool is_too_new = (attrs->set | attrs->clr) & MOUNT_ATTR_NOSYMFOLLOW; /* 5.14 */

	if (!set_new(fd, attrs))
		return 0;
	if (!is_missing() && !(errno == EINVAL && is_too_new))
		return -1;
	return set_by_remount(fd, attrs);
}

int mount_fd_propagate(int fd, unsigned long how)
{
	unsigned int flags = AT_EMPTY_PATH | (how & MS_REC ? AT_RECURSIVE : 0U);
	struct mount_attr attr = { .propagation = how & ~(unsigned long)MS_REC };

	if (!mount_setattr(fd, "", flags, &attr, sizeof(attr)))
		return 0;
	if (!is_missing())
		return -1;
	return mount(NULL, link_of(fd).path, NULL, how, NULL);
}

int mount_fd_remount(int fd, unsigned long flags, const char *data)
{
	return mount(NULL, link_of(fd).path, NULL, MS_REMOUNT | flags, data);
}

/* --- binds ------------------------------------------------------------------------------------ */

int mount_fd_bind_from(int dir_fd, const char *path, unsigned int flags, struct mount_fd_bind *bind)
{
	int nofollow = flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
	struct mount_fd_bind b = { .is_recursive = flags & AT_RECURSIVE };

	b.fd = mount_fd_clone(dir_fd, path, flags);
	b.is_copy = b.fd >= 0;
	if (b.fd < 0 && is_missing() && (flags & AT_EMPTY_PATH) && !*path)
		b.fd = open(link_of(dir_fd).path, O_PATH | O_CLOEXEC);
	else if (b.fd < 0 && is_missing())
		b.fd = openat(dir_fd, path, O_PATH | O_CLOEXEC | nofollow);
	if (b.fd < 0)
		return -1;
	*bind = b;
	return 0;
}

/* The mount that is now on top of the target. */
static int reopen(const struct mount_fd_target *target)
{
	struct err err = { 0 };
	int fd = path_open(target->root_fd, target->path, O_PATH, &err);

	if (fd < 0)
		errno = err.sys;
	return fd;
}

static int bind_by_mount(struct mount_fd_bind *bind, const struct mount_fd_target *target)
{
	unsigned long flags = MS_BIND | (bind->is_recursive ? MS_REC : 0UL);
	int fd;

	if (mount(link_of(bind->fd).path, link_of(target->fd).path, NULL, flags, NULL))
		return -1;
	fd = reopen(target);
	if (fd < 0)
		return -1;
	close(bind->fd);
	bind->fd = fd;
	return 0;
}

int mount_fd_bind_to(struct mount_fd_bind *bind, const struct mount_fd_target *target,
		     const struct mount_fd_attrs *attrs)
{
	bool is_set;

	if (!bind->is_copy)
		return bind_by_mount(bind, target) ? -1 : mount_fd_set(bind->fd, attrs);
	is_set = !set_new(bind->fd, attrs);
	if (!is_set && !is_missing() && errno != EINVAL)
		return -1;
	if (mount_fd_attach(bind->fd, target->fd))
		return -1;
	return is_set ? 0 : mount_fd_set(bind->fd, attrs);
}

/* --- new file systems ------------------------------------------------------------------------ */

/* The messages that the kernel left in the context: "e text" each. errno stays. */
static void read_log(int fs_fd, struct buf *log)
{
	int saved = errno;
	char line[512];
	ssize_t n;

	while ((n = read(fs_fd, line, sizeof(line) - 1)) > 2) {
		line[n] = '\0';
		line[strcspn(line, "\n")] = '\0';
		if (*line == 'e')
			buf_addf(log, "%s%s", log->n ? "; " : "", line + 2);
	}
	errno = saved;
}

static int fs_failed(int fs_fd, const struct mount_fd_fs *fs, struct err *err)
{
	AUTO(buf_done) struct buf log = { 0 };

	read_log(fs_fd, &log);
	if (!log.n)
		return err_sys(err, "mount %s", fs->type);
	return err_sys(err, "mount %s: %s", fs->type, log.p);
}

/* Whether all of it can be said word by word. */
static bool fits_fsconfig(const struct mount_fd_fs *fs)
{
	const char *p = fs->data ? fs->data : "";

	if ((fs->flags & MOUNT_ONLY_FLAGS) || strchr(p, '\\'))
		return false;
	if (fs->source && strlen(fs->source) > MAX_FSCONFIG_BYTES)
		return false;
	while (*p) {
		size_t n = strcspn(p, ",");

		if (n > MAX_FSCONFIG_BYTES)
			return false;
		p += n + (p[n] == ',');
	}
	return true;
}

static int set_flags(int fs_fd, unsigned long flags)
{
	for (size_t i = 0; i < ARRAY_LEN(superblock_words); i++)
		if ((flags & superblock_words[i].ms) &&
		    fsconfig(fs_fd, FSCONFIG_SET_FLAG, superblock_words[i].word, NULL, 0))
			return -1;
	return 0;
}

static int set_words(int fs_fd, const char *data)
{
	auto_free char *words = xstrdup(data);
	char *rest = words, *key, *value;
	int ret = 0;

	while (!ret && (key = strsep(&rest, ","))) {
		if (!*key)
			continue;
		value = strchr(key, '=');
		if (value)
			*value++ = '\0';
		ret = fsconfig(fs_fd, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value,
			       0);
	}
	return ret;
}

static int configure(int fs_fd, const struct mount_fd_fs *fs)
{
	if (fs->source && fsconfig(fs_fd, FSCONFIG_SET_STRING, "source", fs->source, 0))
		return -1;
	if (set_flags(fs_fd, fs->flags) || (fs->data && set_words(fs_fd, fs->data)))
		return -1;
	if (fs->label && fsconfig(fs_fd, FSCONFIG_SET_STRING, "context", fs->label, 0))
		return -1;
	return fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

static int cannot_mount(const struct mount_fd_fs *fs, struct err *err)
{
	if (errno == ENODEV)
		return err_set(err, ERR_UNSUPPORTED, "this kernel has no file system \"%s\"",
			       fs->type);
	return err_sys(err, "mount %s", fs->type);
}

static int new_by_mount(const struct mount_fd_fs *fs, const struct mount_fd_target *target,
			struct err *err)
{
	const char *data = fs->data ? fs->data : "";
	auto_free char *labelled = NULL;
	int fd;

	if (fs->label)
		labelled = xasprintf("%s%scontext=\"%s\"", data, *data ? "," : "", fs->label);
	if (mount(fs->source ? fs->source : "none", link_of(target->fd).path, fs->type, fs->flags,
		  labelled ? labelled : data))
		return cannot_mount(fs, err);
	fd = reopen(target);
	return fd < 0 ? err_sys(err, "open the mounted %s", fs->type) : fd;
}

/* Gives the detached mount; -2, without error, where only mount(2) can do it. */
static int new_detached(const struct mount_fd_fs *fs, struct err *err)
{
	auto_fd int fs_fd = -1;
	int fd;

	if (!fits_fsconfig(fs))
		return -2;
	fs_fd = fsopen(fs->type, FSOPEN_CLOEXEC);
	if (fs_fd < 0)
		return is_missing() ? -2 : cannot_mount(fs, err);
	if (configure(fs_fd, fs))
		return fs_failed(fs_fd, fs, err);
	fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, attrs_of(fs->flags));
	return fd < 0 ? fs_failed(fs_fd, fs, err) : fd;
}

int mount_fd_detached(const struct mount_fd_fs *fs, struct err *err)
{
	int fd = new_detached(fs, err);

	if (fd != -2)
		return fd;
	return err_set(err, ERR_UNSUPPORTED,
		       "mount %s: its options or this kernel allow no detached mount", fs->type);
}

int mount_fd_new(const struct mount_fd_fs *fs, const struct mount_fd_target *target,
		 struct err *err)
{
	int detached = new_detached(fs, err);
	auto_fd int fd = detached;

	if (detached == -2)
		return new_by_mount(fs, target, err);
	if (detached >= 0 && mount_fd_attach(fd, target->fd))
		return err_sys(err, "mount %s", fs->type);
	return take_fd(&fd);
}
