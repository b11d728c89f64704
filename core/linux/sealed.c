/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/sealed.h"

/* Linux 6.3: without it, sysctl vm.memfd_noexec makes memory files that can't be executed. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Says that this is the second life, so that there never is a third. */
#define MARK "_KEDGE_SEALED=1"

bool sealed_is_safe(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct statfs sfs;

	if (seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS)
		return true;
	return !fstatfs(fd, &sfs) && sfs.f_flags & ST_RDONLY;
}

/* Remove the mark from the environment; whether it was there. */
static bool take_mark(char **envp)
{
	char **to = envp;
	bool found = false;

	for (char **from = envp; *from; from++) {
		if (!strcmp(*from, MARK))
			found = true;
		else
			*to++ = *from;
	}
	*to = NULL;
	return found;
}

/* The environment with the mark. The caller frees the list and not the strings. */
static char **with_mark(char **envp)
{
	static char mark[] = MARK;
	size_t n = 0;
	char **out;

	while (envp[n])
		n++;
	out = xcalloc(n + 2, sizeof(*out));
	memcpy(out, envp, n * sizeof(*out));
	out[n] = mark;
	return out;
}

/*
 * The mount is in no namespace but its own anonymous one, and when execve closes the fd it isn't
 * even there: from then on only the running program holds it.
 */
static int make_readonly_mount(int exe)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	auto_fd int fd = open_tree(exe, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)))
		return -1;
	return take_fd(&fd);
}

static int make_memfd(void)
{
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("kedge", flags | MFD_EXEC);

	return fd < 0 && errno == EINVAL ? memfd_create("kedge", flags) : fd;
}

static int make_sealed_copy(int exe, struct err *err)
{
	auto_fd int fd = make_memfd();
	ssize_t n;

	if (fd < 0)
		return err_sys(err, "make a memory file");
	do {
		n = sendfile(fd, exe, NULL, 1 << 30);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return err_sys(err, "copy kedge's binary into memory");
	if (fcntl(fd, F_ADD_SEALS, ALL_SEALS))
		return err_sys(err, "seal the copy of kedge's binary");
	return take_fd(&fd);
}

/* Returns only if it can't be executed. */
static void execute(int fd, char **argv, char **envp)
{
	auto_free char **marked = with_mark(envp);

	syscall(SYS_execveat, fd, "", argv, marked, AT_EMPTY_PATH);
}

/* The kernel (before 6.14) names a process that is executed by fd after the fd's number. */
static void restore_name(const char *argv0)
{
	if (argv0)
		prctl(PR_SET_NAME, str_last_part(argv0));
}

int sealed_self_exec(char **argv, char **envp, struct err *err)
{
	auto_fd int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_fd int fd = -1;
	bool is_second = take_mark(envp);

	if (exe < 0)
		return err_sys(err, "open kedge's own binary by /proc/self/exe");
	if (is_second)
		restore_name(argv[0]);
	if (sealed_is_safe(exe))
		return 0;
	if (is_second)
		return err_set(err, ERR_STATE,
			       "kedge's binary can still be written to after it "
			       "was sealed");
	fd = make_readonly_mount(exe);
	if (fd >= 0)
		execute(fd, argv, envp);
	log_debug("no read-only mount of kedge's binary: %s", strerror(errno));
	fd_close(&fd);
	fd = make_sealed_copy(exe, err);
	if (fd < 0)
		return err_wrap(err, "protect kedge's binary (CVE-2019-5736)");
	execute(fd, argv, envp);
	return err_sys(err, "execute the sealed copy of kedge's binary");
}
