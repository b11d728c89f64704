/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/linux/console.h"
#include "core/linux/creds.h"
#include "core/linux/limits.h"
#include "core/linux/lsm.h"
#include "core/run/process.h"
#include "core/run/sync.h"

void process_setup_done(struct process_setup *setup)
{
	free(take_ptr(&setup->program));
	strv_done(&setup->env);
}

static const char *env_get(const struct strv *env, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (!strncmp(env->v[i], name, n) && env->v[i][n] == '=')
			return env->v[i] + n + 1;
	return NULL;
}

/* The home directory by the container's /etc/passwd, "/" when it doesn't say. */
static char *find_home(uid_t uid)
{
	auto_fd int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct passwd *pw;
	char *home = NULL;
	struct stat st;
	FILE *f;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return xstrdup("/");
	f = fdopen(fd, "r");
	if (!f)
		return xstrdup("/");
	take_fd(&fd);
	while (!home && (pw = fgetpwent(f)))
		if (pw->pw_uid == uid && pw->pw_dir[0])
			home = xstrdup(pw->pw_dir);
	fclose(f);
	return home ? home : xstrdup("/");
}

static void build_env(struct process_setup *setup)
{
	const struct spec_strings *env = &setup->process->env;

	for (size_t i = 0; i < env->n; i++)
		strv_add(&setup->env, env->v[i]);
	if (!env_get(&setup->env, "HOME")) {
		auto_free char *home = find_home(setup->process->user.uid);

		strv_addf(&setup->env, "HOME=%s", home);
	}
	if (setup->listen_fds) {
		strv_addf(&setup->env, "LISTEN_FDS=%u", setup->listen_fds);
		strv_add(&setup->env, "LISTEN_PID=1");
	}
}

/* Whether the calling user may execute `path`; sets errno when not. */
static bool is_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return false;
	}
	return !faccessat(AT_FDCWD, path, X_OK, AT_EACCESS);
}

static char *search_path(const char *name, const char *path)
{
	bool is_denied = false;

	while (path && *path) {
		size_t n = strcspn(path, ":");
		auto_free char *file = xasprintf("%.*s/%s", n ? (int)n : 1, n ? path : ".", name);

		if (is_executable(file))
			return take_ptr(&file);
		is_denied = is_denied || errno == EACCES;
		path += n + (path[n] == ':');
	}
	errno = is_denied ? EACCES : ENOENT;
	return NULL;
}

/* By these words Docker tells the exit statuses 126 and 127: as Go writes them, in lower case. */
static int err_in_lower_case(struct err *err)
{
	char *reason = err ? strrchr(err->msg, ':') : NULL;

	if (reason && reason[1] == ' ')
		reason[2] = (char)tolower((unsigned char)reason[2]);
	return -1;
}

static int find_program(struct process_setup *setup, struct err *err)
{
	const char *name = setup->process->args.v[0];

	if (!*name)
		return err_set(err, ERR_INVALID, "exec: \"\": process.args[0] is empty");
	if (!strchr(name, '/')) {
		setup->program = search_path(name, env_get(&setup->env, "PATH"));
		if (!setup->program && errno == EACCES)
			return err_set(err, ERR_DENIED, "exec: \"%s\": permission denied", name);
		if (!setup->program)
			return err_set(err, ERR_NOT_FOUND,
				       "exec: \"%s\": executable file not found in $PATH", name);
		return 0;
	}
	if (!is_executable(name)) {
		if (errno == ENOENT)
			err_sys(err, "exec: \"%s\": stat %s", name, name);
		else
			err_sys(err, "exec: \"%s\"", name);
		return err_in_lower_case(err);
	}
	setup->program = xstrdup(name);
	return 0;
}

/* Load the filter; a listener for SCMP_ACT_NOTIFY goes to the parent. */
static int load_filter(const struct process_setup *setup, struct err *err)
{
	auto_fd int listener = -1;

	if (seccomp_filter_load(setup->filter, &listener, err))
		return -1;
	if (listener < 0)
		return 0;
	if (sync_send(setup->sock, SYNC_SECCOMP, err) || fd_send(setup->sock, listener, err) ||
	    sync_expect(setup->sock, SYNC_GO_ON, "kedge", err))
		return err_wrap(err, "hand over the seccomp listener");
	return 0;
}

/* Without no_new_privs the kernel wants CAP_SYS_ADMIN for a filter; a listener needs the parent. */
static bool loads_early(const struct process_setup *setup)
{
	return setup->filter && (!setup->process->no_new_privileges || setup->filter->notify);
}

static bool is_null_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* The program must own its stdio to reopen it through /proc/self/fd (as runc, crun do). */
static void own_stdio(uid_t uid)
{
	for (int fd = 0; fd < 3; fd++) {
		struct stat st;

		if (fstat(fd, &st) || st.st_uid == uid)
			continue;
		if (is_null_device(&st))
			continue;
		if (fchown(fd, uid, (gid_t)-1))
			log_debug("fd %d stays with user %u: %s", fd, (unsigned int)st.st_uid,
				  strerror(errno));
	}
}

/*
 * The kernel's getcwd fails, or begins with "(unreachable)", when the directory isn't below our
 * root; the C library's would go looking for a path of its own then.
 */
static int check_cwd(const char *cwd, struct err *err)
{
	char path[PATH_MAX];

	if (syscall(SYS_getcwd, path, sizeof(path)) > 0 && path[0] == '/')
		return 0;
	return err_set(err, ERR_DENIED,
		       "process.cwd %s: it leads out of the container's root directory", cwd);
}

static int change_user(const struct process_setup *setup, struct err *err)
{
	const struct spec_process *p = setup->process;
	int early = chdir(p->cwd);

	if (early && errno != EACCES && errno != EPERM)
		return err_sys(err, "chdir to process.cwd %s", p->cwd);
	own_stdio(p->user.uid);
	/* without process.capabilities all sets are empty, as in runc: nothing is kept by accident */
	if (creds_drop_bounding(p->capabilities[SPEC_CAP_BOUNDING], err))
		return -1;
	if (creds_become(p, err))
		return -1;
	if (early && chdir(p->cwd))
		return err_sys(err, "chdir to process.cwd %s", p->cwd);
	if (check_cwd(p->cwd, err))
		return -1;
	return creds_set_caps(p->capabilities, err);
}

int process_reopen_null(struct err *err)
{
	for (int fd = 0; fd < 3; fd++) {
		auto_fd int null = -1;
		struct stat st;

		if (fstat(fd, &st) || !is_null_device(&st))
			continue;
		null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (null < 0)
			return err_sys(err, "open the container's /dev/null");
		if (fstat(null, &st) || !is_null_device(&st))
			return err_set(err, ERR_DENIED,
				       "/dev/null of the container is not the null device");
		if (dup2(null, fd) < 0)
			return err_sys(err, "take the container's /dev/null as fd %d", fd);
	}
	return 0;
}

static int give_console(const struct spec_process *p, const struct console *console, int sock,
			struct err *err)
{
	if (p->has_console_size &&
	    console_resize(console->master, p->console_height, p->console_width, err))
		return -1;
	if (sync_send(sock, SYNC_CONSOLE, err) || fd_send(sock, console->master, err))
		return -1;
	return console_attach_stdio(console->slave, err);
}

int process_take_console(const struct spec_process *process, int sock, bool is_init,
			 struct err *err)
{
	struct console console = { .master = -1, .slave = -1 };
	auto_fd int dev_fd = -1;
	int ret;

	if (!process->terminal)
		return 0;
	dev_fd = open("/dev", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dev_fd < 0)
		return err_sys(err, "open /dev of the container");
	if (console_new(dev_fd, &console, err))
		return -1;
	ret = is_init && console_bind(console.slave, dev_fd, err) ? -1 : 0;
	if (!ret)
		ret = give_console(process, &console, sock, err);
	console_done(&console);
	return ret;
}

int process_make_cwd(const struct spec_process *process, struct err *err)
{
	auto_fd int root_fd = -1;
	auto_fd int fd = -1;
	struct stat st;

	if (!stat(process->cwd, &st))
		return 0;
	root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_sys(err, "open the container's root");
	fd = path_make_dir(root_fd, process->cwd, 0755, NULL, err);
	return fd < 0 ? err_wrap(err, "process.cwd %s", process->cwd) : 0;
}

int process_confine(struct process_setup *setup, struct err *err)
{
	const int keep[] = { setup->sock, setup->start_fd, log_fd() };
	const struct spec_process *p = setup->process;

	if (fd_close_others(setup->keep_fds, keep, ARRAY_LEN(keep), err))
		return -1;
	build_env(setup);
	if (limits_apply_inside(p, err))
		return -1;
	if (setup->spec->has_personality && limits_personality(setup->spec->personality, err))
		return -1;
	if (p->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_sys(err, "set no_new_privs");
	if (lsm_set_exec_labels(p->apparmor_profile, p->selinux_label, err))
		return -1;
	umask(p->user.has_umask ? p->user.umask : 0022);
	if (loads_early(setup) && load_filter(setup, err))
		return -1;
	if (change_user(setup, err))
		return -1;
	return find_program(setup, err);
}

int process_execute(struct process_setup *setup, struct err *err)
{
	if (setup->filter && !loads_early(setup) && load_filter(setup, err))
		return -1;
	if (fd_cloexec_from(3 + setup->keep_fds, err))
		return -1;
	execve(setup->program, setup->process->args.v, setup->env.v);
	return err_sys(err, "exec %s", setup->program);
}
