/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "shim/task/bootstrap_params.h"
#include "shim/task/shim.h"
#include "shim/task/standin.h"

#define NOTE "kedge.standin"

bool standin_is_meant(const char *name)
{
	return !strcmp(name, STANDIN_NAME);
}

/* --- the stock shim ----------------------------------------------------------------------------*/

static bool is_file(const char *path, const struct stat *st)
{
	struct stat found;

	return !stat(path, &found) && found.st_dev == st->st_dev && found.st_ino == st->st_ino;
}

/* Ours are what runs here, and what is installed beside it: one program, linked twice. */
static bool is_our_binary(const struct stat *st)
{
	static const char *const names[] = { "kedge", SHIM_NAME };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (is_file("/proc/self/exe", st))
		return true;
	if (n < 0)
		return false;
	self[n] = '\0';
	*(char *)str_last_part(self) = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_free char *beside = xasprintf("%s%s", self, names[i]);

		if (is_file(beside, st))
			return true;
	}
	return false;
}

/* DIR/containerd-shim-runc-v2, if it can be executed and isn't kedge. */
static char *stock_in(const char *dir, size_t bytes)
{
	char *file = xasprintf("%.*s/" STANDIN_NAME, (int)bytes, dir);
	struct stat st;

	if (bytes && !stat(file, &st) && S_ISREG(st.st_mode) && !access(file, X_OK) &&
	    !is_our_binary(&st))
		return file;
	free(file);
	return NULL;
}

/* The part of PATH behind our own directory: also a copy of kedge never calls one before it. */
static const char *behind(const char *path, const char *self)
{
	size_t own = (size_t)(str_last_part(self) - self), n;

	if (own)
		own--;
	for (const char *at = path; own && *at; at += n + (at[n] == ':')) {
		n = strcspn(at, ":");
		if (n == own && !strncmp(at, self, n))
			return at + n + (at[n] == ':');
	}
	return path;
}

char *standin_find_stock(const char *path, const char *self, const char *last_dir)
{
	size_t n;

	for (const char *at = behind(path, self); *at; at += n + (at[n] == ':')) {
		char *file;

		n = strcspn(at, ":");
		file = stock_in(at, n);
		if (file)
			return file;
	}
	return last_dir ? stock_in(last_dir, strlen(last_dir)) : NULL;
}

/* containerd looks beside its own binary, too, and so do we; that is -publish-binary. */
static int execute_stock(const struct args *args, char **argv, char **envp, struct err *err)
{
	const char *path = getenv("PATH");
	auto_free char *beside = args->publish_binary ? xstrdup(args->publish_binary) : NULL;
	auto_free char *stock = NULL;

	if (beside)
		*(char *)str_last_part(beside) = '\0';
	stock = standin_find_stock(path ? path : "/usr/local/bin:/usr/bin:/bin", argv[0], beside);
	if (!stock) {
		err_set(err, ERR_NOT_FOUND,
			"this task isn't kedge's, and there is no other " STANDIN_NAME
			" in PATH behind %s",
			argv[0]);
		return err_hint(err, "install containerd's, or take kedge's link away");
	}
	argv[0] = stock;
	execve(stock, argv, envp);
	return err_sys(err, "execute %s", stock);
}

/* --- whose it is -------------------------------------------------------------------------------*/

bool standin_is_kedge(const char *binary_name)
{
	struct stat st;

	if (!binary_name)
		return false;
	return !strcmp(str_last_part(binary_name), "kedge") ||
	       (strchr(binary_name, '/') && !stat(binary_name, &st) && is_our_binary(&st));
}

/* Read stdin and make a file with the same content our stdin. */
static int peek_stdin(struct buf *in, struct err *err)
{
	auto_fd int fd = -1;

	if (args_read_stdin(in, err))
		return -1;
	if (!in->n)
		return 0;
	fd = memfd_create("stdin", MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "make a memfd");
	if (fd_write_all(fd, in->p, in->n, err))
		return -1;
	if (lseek(fd, 0, SEEK_SET) || dup2(fd, STDIN_FILENO) < 0)
		return err_sys(err, "put stdin back");
	return 0;
}

/* What can't be read is the stock shim's to complain about. */
static bool names_kedge(const struct args *args, const struct buf *in)
{
	AUTO(bootstrap_params_done) struct bootstrap_params params = { 0 };

	return !bootstrap_params_parse((const uint8_t *)in->p, in->n, args->id ? args->id : "",
				       &params, NULL) &&
	       standin_is_kedge(params.options.binary_name);
}

static bool is_noted(const struct args *args)
{
	auto_free char *note = xasprintf("%s/" NOTE, args->bundle ? args->bundle : ".");

	return !access(note, F_OK);
}

int standin_choose(const struct args *args, char **argv, char **envp, struct err *err)
{
	AUTO(buf_done) struct buf in = { 0 };
	bool is_start = str_eq(args->verb, "start");

	if (str_eq(args->verb, "delete"))
		return is_noted(args) ? 0 : execute_stock(args, argv, envp, err);
	if (!is_start && !args->info)
		return execute_stock(args, argv, envp, err);
	if (peek_stdin(&in, err))
		return -1;
	if (!names_kedge(args, &in))
		return execute_stock(args, argv, envp, err);
	return is_start ? fd_replace_text(AT_FDCWD, NOTE, "", 0600, err) : 0;
}
