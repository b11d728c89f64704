/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/gzip.h"
#include "core/cr/tools.h"
#include "core/linux/small_tar.h"
#include "shim/cli/criu_tools.h"

#define IMAGE_MAX_BYTES (1 << 20)

/* All that doesn't change what we do. --directory and what comes then are looked at by themselves. */
static const char *const indifferent[] = {
	"--gzip",	 "--no-unquote",	   "--no-wildcards", "--one-file-system",
	"--check-links", "--preserve-permissions", "--sparse",	     "--numeric-owner",
};

static bool is_indifferent(const char *arg)
{
	for (size_t i = 0; i < ARRAY_LEN(indifferent); i++)
		if (!strcmp(arg, indifferent[i]))
			return true;
	return false;
}

/* The host's is next in PATH. */
static int be_the_real_one(const char *name, char **argv)
{
	const char *path = getenv("PATH");
	const char *rest = path ? strchr(path, ':') : NULL;

	unsetenv(TOOLS_MARK);
	if (rest && !setenv("PATH", rest + 1, 1))
		execvp(name, argv);
	perror(name);
	return 127;
}

/* `argv` after the indifferent ones: --directory and its value, and `more`. */
static const char *directory_of(char **argv, const char *more)
{
	while (*argv && is_indifferent(*argv))
		argv++;
	if (!*argv || strcmp(*argv, "--directory") != 0 || !argv[1] || !str_eq(argv[2], more))
		return NULL;
	return more && argv[3] ? NULL : argv[1];
}

/* -1: nothing was done */
static int create(char **argv)
{
	AUTO(buf_done) struct buf archive = { 0 }, packed = { 0 };
	const char *dir = directory_of(argv, ".");

	if (!dir || strcmp(dir, "/proc/self/fd/0") != 0 || !small_tar_pack(STDIN_FILENO, &archive))
		return -1;
	gzip_store(archive.p, archive.n, &packed);
	return fd_write_all(STDOUT_FILENO, packed.p, packed.n, NULL) ? 2 : 0;
}

/* The image's bytes, without moving on in it. */
static bool read_image(struct buf *image)
{
	auto_free char *bytes = NULL;
	struct stat st;

	if (fstat(STDIN_FILENO, &st) || !S_ISREG(st.st_mode) || st.st_size > IMAGE_MAX_BYTES)
		return false;
	bytes = xmalloc((size_t)st.st_size + 1);
	if (pread(STDIN_FILENO, bytes, (size_t)st.st_size, 0) != st.st_size)
		return false;
	buf_add(image, bytes, (size_t)st.st_size);
	return true;
}

static int extract(char **argv)
{
	AUTO(buf_done) struct buf image = { 0 }, archive = { 0 };
	const char *path = directory_of(argv, NULL);
	auto_fd int dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct err err = { 0 };

	if (dir < 0 || lseek(STDIN_FILENO, 0, SEEK_CUR) != 0 || !read_image(&image) ||
	    !gzip_unstore(image.p, image.n, &archive) || !small_tar_is_known(&archive))
		return -1;
	if (!small_tar_unpack(&archive, dir, &err))
		return 0;
	fprintf(stderr, "tar: %s\n", err.msg);
	return 2;
}

bool criu_tool_is_meant(const char *name)
{
	return !strcmp(name, "tar") && getenv(TOOLS_MARK);
}

int criu_tool_main(const char *name, char **argv)
{
	int status = -1;

	if (str_eq(argv[1], "--create"))
		status = create(argv + 2);
	else if (str_eq(argv[1], "--extract"))
		status = extract(argv + 2);
	return status >= 0 ? status : be_the_real_one(name, argv);
}
