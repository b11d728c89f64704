/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/linux/seccomp_cache.h"

/* Change the last character whenever the header, the key or the stub in front changes. */
static const char magic[8] = "kedgesc1";

struct header {
	char magic[8];
	uint8_t key[SHA256_BYTES];
	uint32_t n;
	uint32_t flags;
	uint32_t notify;
	uint32_t zero;
	uint64_t checksum; /* of the instructions */
};

static void add_u64(struct sha256 *h, uint64_t v)
{
	sha256_add(h, &v, sizeof(v));
}

/* With its NUL, so that no two lists of strings read the same. A missing one isn't an empty one. */
static void add_str(struct sha256 *h, const char *s)
{
	sha256_add(h, s ? s : "\377", s ? strlen(s) + 1 : 2);
}

static void add_strings(struct sha256 *h, const struct spec_strings *list)
{
	add_u64(h, list->n);
	for (size_t i = 0; i < list->n; i++)
		add_str(h, list->v[i]);
}

static void add_rule(struct sha256 *h, const struct spec_seccomp_rule *rule)
{
	add_strings(h, &rule->names);
	add_str(h, rule->action);
	add_u64(h, rule->has_errno ? rule->errno_ret : UINT64_MAX);
	add_u64(h, rule->n_args);
	for (size_t i = 0; i < rule->n_args; i++) {
		add_u64(h, rule->args[i].index);
		add_u64(h, rule->args[i].value);
		add_u64(h, rule->args[i].value_two);
		add_str(h, rule->args[i].op);
	}
}

/* libseccomp asks the kernel which actions it knows, so the kernel is part of the key. */
static void add_kernel(struct sha256 *h)
{
	struct utsname u = { 0 };

	uname(&u);
	add_str(h, u.release);
	add_str(h, u.machine);
}

struct seccomp_cache_key seccomp_cache_key(const struct spec_seccomp *sec, const char *library)
{
	struct seccomp_cache_key key = { 0 };
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, magic, sizeof(magic));
	add_str(&h, library);
	add_kernel(&h);
	add_str(&h, sec->default_action);
	add_u64(&h, sec->has_default_errno ? sec->default_errno_ret : UINT64_MAX);
	add_u64(&h, sec->listener_path != NULL);
	add_strings(&h, &sec->architectures);
	add_strings(&h, &sec->flags);
	add_u64(&h, sec->n_rules);
	for (size_t i = 0; i < sec->n_rules; i++)
		add_rule(&h, &sec->rules[i]);
	sha256_end(&h, key.v);
	return key;
}

/* FNV-1a over whole instructions. It finds rot; against people there is the private directory. */
static uint64_t checksum(const struct sock_filter *bpf, size_t n)
{
	uint64_t sum = 0xcbf29ce484222325U;

	for (size_t i = 0; i < n; i++) {
		uint64_t word;

		memcpy(&word, &bpf[i], sizeof(word));
		sum = (sum ^ word) * 0x100000001b3U;
		sum ^= sum >> 32;
	}
	return sum;
}

static bool is_private(int fd, mode_t type, mode_t forbidden, struct stat *st)
{
	return !fstat(fd, st) && (st->st_mode & S_IFMT) == type && st->st_uid == geteuid() &&
	       !(st->st_mode & forbidden);
}

static int open_dir(const char *dir)
{
	auto_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || is_private(fd, S_IFDIR, 077, &st))
		return take_fd(&fd);
	errno = EPERM;
	return -1;
}

static bool header_is_good(const struct header *h, const struct seccomp_cache_key *key,
			   size_t file_bytes)
{
	return !memcmp(h->magic, magic, sizeof(magic)) && !memcmp(h->key, key->v, sizeof(key->v)) &&
	       h->n > 0 && h->n <= SECCOMP_FILTER_MAX && h->notify <= 1 && h->zero == 0 &&
	       file_bytes == sizeof(*h) + h->n * sizeof(struct sock_filter);
}

/* Everything in one read: the file was renamed into place and never changes. */
static bool read_filter(int fd, size_t bytes, const struct seccomp_cache_key *key,
			struct seccomp_filter *out)
{
	auto_free char *file = xmalloc(bytes);
	const char *code = file + sizeof(struct header);
	struct sock_filter *bpf;
	struct header h;

	if (read(fd, file, bytes) != (ssize_t)bytes)
		return false;
	memcpy(&h, file, sizeof(h));
	if (!header_is_good(&h, key, bytes))
		return false;
	bpf = xcalloc(h.n, sizeof(*bpf));
	memcpy(bpf, code, h.n * sizeof(*bpf));
	if (checksum(bpf, h.n) != h.checksum) {
		free(bpf);
		return false;
	}
	*out = (struct seccomp_filter){
		.bpf = bpf, .n = h.n, .flags = h.flags, .notify = h.notify == 1
	};
	return true;
}

bool seccomp_cache_get(const char *dir, const struct seccomp_cache_key *key,
		       struct seccomp_filter *out)
{
	auto_fd int dirfd = open_dir(dir);
	auto_fd int fd = -1;
	char name[2 * SHA256_BYTES + 1];
	struct stat st;

	if (dirfd < 0)
		return false;
	sha256_hex(key->v, name);
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || !is_private(fd, S_IFREG, 022, &st))
		return false;
	if (st.st_size < (off_t)sizeof(struct header) ||
	    st.st_size > (off_t)(sizeof(struct header) +
				 SECCOMP_FILTER_MAX * sizeof(struct sock_filter)))
		return false;
	return read_filter(fd, (size_t)st.st_size, key, out);
}

static int make_dirs(const char *dir)
{
	if (path_make_parents(dir, 0700, NULL))
		return -1;
	return mkdir(dir, 0700) && errno != EEXIST ? -1 : 0;
}

static int open_or_make_dir(const char *dir, struct err *err)
{
	int fd = open_dir(dir);

	if (fd < 0 && errno == ENOENT && !make_dirs(dir))
		fd = open_dir(dir);
	if (fd < 0)
		return err_sys(err, "seccomp cache %s", dir);
	return fd;
}

static bool is_older(const struct stat *a, const struct stat *b)
{
	if (a->st_mtim.tv_sec != b->st_mtim.tv_sec)
		return a->st_mtim.tv_sec < b->st_mtim.tv_sec;
	return a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
}

/* Count the files; `name` becomes the oldest. */
static size_t find_oldest(DIR *d, char name[256])
{
	struct stat oldest = { 0 };
	struct dirent *e;
	size_t n = 0;

	while ((e = readdir(d))) {
		struct stat st;

		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) || S_ISDIR(st.st_mode))
			continue;
		if (n++ && !is_older(&st, &oldest))
			continue;
		oldest = st;
		snprintf(name, 256, "%s", e->d_name);
	}
	return n;
}

/* A put adds one file and takes one at most, but for races; what a broken-off put leaves ages out. */
static void prune(int cache)
{
	auto_fd int fd = openat(cache, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[256] = "";
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		return;
	take_fd(&fd);
	while (find_oldest(d, name) > SECCOMP_CACHE_FILES) {
		if (unlinkat(dirfd(d), name, 0))
			break;
		rewinddir(d);
	}
	closedir(d);
}

int seccomp_cache_put(const char *dir, const struct seccomp_cache_key *key,
		      const struct seccomp_filter *f, struct err *err)
{
	AUTO(buf_done) struct buf file = { 0 };
	auto_fd int dirfd = open_or_make_dir(dir, err);
	char name[2 * SHA256_BYTES + 1];
	struct header h = { .n = (uint32_t)f->n,
			    .flags = f->flags,
			    .notify = f->notify,
			    .checksum = checksum(f->bpf, f->n) };

	if (dirfd < 0)
		return -1;
	memcpy(h.magic, magic, sizeof(magic));
	memcpy(h.key, key->v, sizeof(key->v));
	buf_add(&file, &h, sizeof(h));
	buf_add(&file, f->bpf, f->n * sizeof(*f->bpf));
	sha256_hex(key->v, name);
	if (fd_replace_file(dirfd, name, &file, 0600, err))
		return err_wrap(err, "seccomp cache %s", dir);
	prune(dirfd);
	return 0;
}
