/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/linux/small_tar.h"

#define BLOCK_BYTES  512
#define RECORD_BYTES 10240 /* tar's, which it fills up with zeroes */
#define MAX_DEPTH    16
#define MAX_ENTRIES  1000
#define MODE_BITS    07777
#define MAX_OCTAL7   07777777U

/* All fields are text: octal numbers with a NUL, names that may fill their field. */
struct header {
	char name[100];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[8];
	char user[32], group[32];
	char major[8], minor[8];
	char rest[167];
};

_Static_assert(sizeof(struct header) == BLOCK_BYTES, "a header is a block");

static const char gnu_magic[8] = "ustar  ";

static const struct {
	mode_t kind;
	char type;
} types[] = {
	{ S_IFLNK, '2' }, { S_IFCHR, '3' }, { S_IFBLK, '4' }, { S_IFDIR, '5' }, { S_IFIFO, '6' }
};

static unsigned int sum(const struct header *h)
{
	const unsigned char *p = (const void *)h;
	size_t at = offsetof(struct header, checksum);
	unsigned int n = ' ' * sizeof(h->checksum);

	for (size_t i = 0; i < sizeof(*h); i++)
		if (i < at || i >= at + sizeof(h->checksum))
			n += p[i];
	return n;
}

/* --- pack ----------------------------------------------------------------------------------------- */

static char type_of(mode_t mode)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if ((mode & S_IFMT) == types[i].kind)
			return types[i].type;
	return 0;
}

static bool put_octal(char *field, size_t size, unsigned long long v)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%0*llo", (int)size - 1, v);

	if (n >= (int)size)
		return false;
	memcpy(field, text, size);
	return true;
}

static bool put_name(char field[100], const char *name, const char *suffix)
{
	return snprintf(field, 100, "%s%s", name, suffix) < 100;
}

static bool put_header(const char *name, const struct stat *st, const char *link, struct buf *out)
{
	bool is_dir = S_ISDIR(st->st_mode);
	struct header h = { .type = type_of(st->st_mode) };
	char checksum[8];

	memcpy(h.magic, gnu_magic, sizeof(h.magic));
	if (!h.type || (!is_dir && st->st_nlink > 1) || st->st_mtime < 0 ||
	    !put_name(h.name, name, is_dir ? "/" : "") || !put_name(h.link, link, "") ||
	    !put_octal(h.mode, sizeof(h.mode), st->st_mode & MODE_BITS) ||
	    !put_octal(h.uid, sizeof(h.uid), st->st_uid) ||
	    !put_octal(h.gid, sizeof(h.gid), st->st_gid) || !put_octal(h.size, sizeof(h.size), 0) ||
	    !put_octal(h.mtime, sizeof(h.mtime), (unsigned long long)st->st_mtime))
		return false;
	if ((S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) &&
	    (!put_octal(h.major, sizeof(h.major), major(st->st_rdev)) ||
	     !put_octal(h.minor, sizeof(h.minor), minor(st->st_rdev))))
		return false;
	snprintf(checksum, sizeof(checksum), "%06o", sum(&h));
	memcpy(h.checksum, checksum, 7);
	h.checksum[7] = ' ';
	buf_add(out, &h, sizeof(h));
	return true;
}

/* A walk down a tree that stays on one file system, as tar's --one-file-system does. */
struct pack {
	struct buf *out;
	dev_t dev;
	int depth;
	int n;
};

static bool pack_dir(struct pack *k, int fd, const char *name);

static bool pack_entry(struct pack *k, int dirfd, const char *dir, const char *entry)
{
	auto_free char *name = xasprintf("%s/%s", dir, entry);
	char link[101] = "";
	auto_fd int fd = -1;
	struct stat st;

	if (++k->n > MAX_ENTRIES || fstatat(dirfd, entry, &st, AT_SYMLINK_NOFOLLOW))
		return false;
	if (S_ISLNK(st.st_mode) && readlinkat(dirfd, entry, link, sizeof(link) - 1) <= 0)
		return false;
	if (S_ISDIR(st.st_mode) && st.st_dev == k->dev) {
		fd = openat(dirfd, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return fd >= 0 && pack_dir(k, fd, name);
	}
	return put_header(name, &st, link, k->out);
}

static bool pack_dir(struct pack *k, int fd, const char *name)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	struct stat st;
	bool is_known;

	if (!d) {
		fd_close(&copy);
		return false;
	}
	is_known = ++k->depth <= MAX_DEPTH && !fstat(fd, &st) && put_header(name, &st, "", k->out);
	while (is_known && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			is_known = pack_entry(k, fd, name, e->d_name);
	k->depth--;
	closedir(d);
	return is_known;
}

bool small_tar_pack(int dirfd, struct buf *out)
{
	static const char zeroes[BLOCK_BYTES];
	struct pack k = { .out = out };
	struct stat st;

	if (fstat(dirfd, &st))
		return false;
	k.dev = st.st_dev;
	if (!pack_dir(&k, dirfd, "."))
		return false;
	do {
		buf_add(out, zeroes, sizeof(zeroes));
	} while (out->n % RECORD_BYTES);
	return true;
}

/* --- unpack --------------------------------------------------------------------------------------- */

/* What a header says. */
struct entry {
	char name[101], link[101];
	mode_t kind;
	unsigned long mode, uid, gid, mtime, major, minor;
};

static bool octal(const char *field, size_t size, unsigned long *v)
{
	char text[16] = "";
	char *end;

	memcpy(text, field, size - 1);
	*v = strtoul(text, &end, 8);
	return *text >= '0' && *text <= '7' && !*end && !field[size - 1];
}

/* "./a/b": no empty part, none that leads up. */
static bool stays_inside(const char *name)
{
	if (name[0] != '.' || (name[1] && name[1] != '/'))
		return false;
	for (name += 1; *name; name += 1 + strcspn(name + 1, "/"))
		if (str_starts(name, "//") || str_starts(name, "/./") || !strcmp(name, "/.") ||
		    str_starts(name, "/../") || !strcmp(name, "/.."))
			return false;
	return true;
}

static bool read_entry(const struct header *h, struct entry *e)
{
	unsigned long checksum, size;
	size_t n;

	*e = (struct entry){ 0 };
	memcpy(e->name, h->name, sizeof(h->name));
	memcpy(e->link, h->link, sizeof(h->link));
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (h->type == types[i].type)
			e->kind = types[i].kind;
	n = strlen(e->name);
	if (S_ISDIR(e->kind) && n > 1 && e->name[n - 1] == '/')
		e->name[n - 1] = '\0';
	if (!e->kind || memcmp(h->magic, gnu_magic, sizeof(h->magic)) != 0 ||
	    !octal(h->checksum, 7, &checksum) || checksum != sum(h) || !stays_inside(e->name) ||
	    !octal(h->mode, sizeof(h->mode), &e->mode) || e->mode > MODE_BITS ||
	    !octal(h->uid, sizeof(h->uid), &e->uid) || !octal(h->gid, sizeof(h->gid), &e->gid) ||
	    !octal(h->size, sizeof(h->size), &size) || size ||
	    !octal(h->mtime, sizeof(h->mtime), &e->mtime))
		return false;
	if (S_ISLNK(e->kind))
		return *e->link != '\0';
	if (S_ISCHR(e->kind) || S_ISBLK(e->kind))
		return octal(h->major, sizeof(h->major), &e->major) &&
		       octal(h->minor, sizeof(h->minor), &e->minor);
	return true;
}

/* The headers; 0 if there is one that isn't known. */
static size_t count_entries(const struct buf *archive)
{
	static const char zeroes[BLOCK_BYTES];
	struct entry e;

	for (size_t n = 0; (n + 1) * BLOCK_BYTES <= archive->n && n <= MAX_ENTRIES; n++) {
		const char *block = archive->p + n * BLOCK_BYTES;

		if (!memcmp(block, zeroes, sizeof(zeroes)))
			return n;
		if (!read_entry((const void *)block, &e))
			return 0;
	}
	return 0;
}

bool small_tar_is_known(const struct buf *archive)
{
	return count_entries(archive) > 0;
}

/* CRIU may have made a mountpoint by then. */
static bool is_dir(int dirfd, const char *name)
{
	struct stat st;

	return !fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

static int make(int dirfd, const char *name, const struct entry *e)
{
	if (S_ISDIR(e->kind))
		return mkdirat(dirfd, name, 0700) && !is_dir(dirfd, name) ? -1 : 0;
	if (S_ISLNK(e->kind))
		return symlinkat(e->link, dirfd, name);
	return mknodat(dirfd, name, e->kind | 0600,
		       makedev((unsigned int)e->major, (unsigned int)e->minor));
}

/* fchmodat() would follow a symlink of the same name. */
static int set_mode(int dirfd, const char *name, const struct entry *e)
{
	auto_fd int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char path[64];
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -1;
	if ((st.st_mode & S_IFMT) != e->kind) {
		errno = EEXIST;
		return -1;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return S_ISLNK(e->kind) ? 0 : chmod(path, (mode_t)e->mode);
}

static int set_attributes(int dirfd, const char *name, const struct entry *e)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
					   { .tv_sec = (time_t)e->mtime } };

	if (fchownat(dirfd, name, (uid_t)e->uid, (gid_t)e->gid, AT_SYMLINK_NOFOLLOW) ||
	    set_mode(dirfd, name, e))
		return -1;
	return utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW);
}

/* Step 0 makes it; step 1, from the last to the first, gives it what its children would change. */
static int unpack_entry(int root_fd, const struct entry *e, int step, struct err *err)
{
	const char *slash = strrchr(e->name, '/');
	auto_free char *dir = xasprintf("%.*s", slash ? (int)(slash - e->name) : 0, e->name);
	const char *name = slash ? slash + 1 : ".";
	auto_fd int dirfd = -1;

	dirfd = path_open_plain(root_fd, *dir ? dir : ".", O_PATH | O_DIRECTORY, err);
	if (dirfd < 0)
		return -1;
	if (step == 0 ? make(dirfd, name, e) : set_attributes(dirfd, name, e))
		return err_sys(err, "make %s", e->name);
	return 0;
}

int small_tar_unpack(const struct buf *archive, int dirfd, struct err *err)
{
	size_t n = count_entries(archive);
	struct entry e;

	for (size_t i = 0; i < 2 * n; i++) {
		size_t k = i < n ? i : 2 * n - 1 - i;

		if (!read_entry((const void *)(archive->p + k * BLOCK_BYTES), &e))
			return err_set(err, ERR_INVALID, "entry %zu isn't known", k);
		if (unpack_entry(dirfd, &e, i < n ? 0 : 1, err))
			return -1;
	}
	return 0;
}
