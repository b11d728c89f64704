/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/cr/image_file.h"

/* A thousand mounts take about 200 KiB. */
#define MAX_FILE_BYTES (64 << 20)

int image_file_bad(const struct image_file *f, const char *what)
{
	return err_set(f->err, ERR_INVALID, "%s: offset %zu: %s", f->name, f->at, what);
}

static int read_u32(struct image_file *f, uint32_t *out)
{
	uint32_t le;

	if (f->n - f->at < sizeof(le))
		return image_file_bad(f, "the file ends too early");
	memcpy(&le, f->p + f->at, sizeof(le));
	f->at += sizeof(le);
	*out = le32toh(le);
	return 0;
}

static int expect_magic(struct image_file *f, uint32_t wanted)
{
	uint32_t magic = 0;

	if (read_u32(f, &magic))
		return -1;
	if (magic == wanted)
		return 0;
	f->at -= sizeof(magic);
	return err_set(f->err, ERR_INVALID, "%s: offset %zu: magic %#010x instead of %#010x",
		       f->name, f->at, magic, wanted);
}

int image_file_check(struct image_file *f, struct image_magics magics)
{
	if (magics.first && expect_magic(f, magics.first))
		return -1;
	return expect_magic(f, magics.second);
}

int image_file_next(struct image_file *f, const uint8_t **p, size_t *bytes)
{
	uint32_t len = 0;

	if (read_u32(f, &len))
		return -1;
	if (len > f->n - f->at)
		return err_set(
			f->err, ERR_INVALID,
			"%s: offset %zu: the next entry has %u bytes, the file only %zu more",
			f->name, f->at - sizeof(len), len, f->n - f->at);
	*p = f->p + f->at;
	*bytes = len;
	f->at += len;
	return 0;
}

/* Only a regular file: a FIFO or a device that somebody put there would hang us. */
static int read_file(int dirfd, struct image_file *f)
{
	auto_fd int fd = openat(dirfd, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ELOOP)) {
		auto_free char *dir = fd_path(dirfd);

		err_set(f->err, ERR_INVALID, "%s is not in %s", f->name,
			dir ? dir : "the directory");
		return err_hint(f->err, "--image-path has to be a directory that a checkpoint was "
					"written to");
	}
	if (fd < 0)
		return err_sys(f->err, "open %s", f->name);
	if (fstat(fd, &st))
		return err_sys(f->err, "stat %s", f->name);
	if (!S_ISREG(st.st_mode))
		return err_set(f->err, ERR_INVALID, "%s is not a regular file", f->name);
	if (st.st_size > MAX_FILE_BYTES)
		return err_set(f->err, ERR_INVALID, "%s has %lld bytes, more than any real one",
			       f->name, (long long)st.st_size);
	if (fd_read_all(fd, MAX_FILE_BYTES, &f->buf, f->err))
		return err_wrap(f->err, "%s", f->name);
	return 0;
}

int image_file_load(int dirfd, struct image_magics magics, struct image_file *f)
{
	if (read_file(dirfd, f))
		return -1;
	f->p = (const uint8_t *)f->buf.p;
	f->n = f->buf.n;
	f->at = 0;
	return image_file_check(f, magics);
}

static void put_u32(struct buf *out, uint32_t v)
{
	uint32_t le = htole32(v);

	buf_add(out, &le, sizeof(le));
}

void image_file_put_magics(struct buf *out, struct image_magics magics)
{
	if (magics.first)
		put_u32(out, magics.first);
	put_u32(out, magics.second);
}

void image_file_put_length(struct buf *out, size_t bytes)
{
	put_u32(out, (uint32_t)bytes);
}

void image_file_done(struct image_file *f)
{
	buf_done(&f->buf);
}
