/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/base/str.h"
#include "core/cr/criu_process.h"
#include "core/cr/tools.h"

/* CRIU is a daemon's tool: packages put it where a service's PATH often doesn't look. */
static const char sbin_dirs[] = "/usr/local/sbin:/usr/sbin:/sbin";

/* What a program without a PATH looks through, and what a login gives root. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool is_executable(const char *path)
{
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

static char *search(const char *dirs, const char *name)
{
	while (dirs && *dirs) {
		size_t n = strcspn(dirs, ":");
		auto_free char *path = xasprintf("%.*s/%s", (int)n, dirs, name);

		if (*path == '/' && n && is_executable(path))
			return take_ptr(&path);
		dirs += n + (dirs[n] == ':');
	}
	return NULL;
}

int criu_process_find(const char *given, char **path, struct err *err)
{
	const char *name = given ? given : getenv("KEDGE_CRIU");
	char *found;

	if (!name || !*name)
		name = "criu";
	if (strchr(name, '/')) {
		found = realpath(name, NULL);
		if (!found || !is_executable(found)) {
			free(found);
			err_set(err, ERR_NOT_FOUND, "criu: %s is not a program", name);
			return err_hint(err, "name CRIU's binary with --criu or $KEDGE_CRIU");
		}
		*path = found;
		return 0;
	}
	found = search(getenv("PATH"), name);
	if (!found)
		found = search(sbin_dirs, name);
	if (!found) {
		err_set(err, ERR_NOT_FOUND, "criu: no program \"%s\" in PATH", name);
		return err_hint(err, "install it (apt-get install criu), or name its binary with "
				     "--criu or $KEDGE_CRIU");
	}
	*path = found;
	return 0;
}

/* --- the child ------------------------------------------------------------------------------------ */

/* What the child needs; everything is prepared before the fork. */
struct child {
	const struct criu_process_config *config;
	pid_t parent;
	int sock;
	int null;
	int messages;
	int report; /* CLOEXEC; gets a struct err if there is no exec */
	char fd_text[16];
};

static int set_stdio(const struct child *ch)
{
	if (ch->config->keep_stdio)
		return 0;
	if (dup2(ch->null, STDIN_FILENO) < 0 || dup2(ch->null, STDOUT_FILENO) < 0 ||
	    dup2(ch->messages, STDERR_FILENO) < 0)
		return -1;
	return 0;
}

static int set_fds(const struct child *ch)
{
	if (fd_cloexec_from(STDERR_FILENO + 1, NULL) || fd_cloexec(ch->sock, false))
		return -1;
	for (size_t i = 0; i < ch->config->n_keep_fds; i++)
		if (fd_cloexec(ch->config->keep_fds[i], false))
			return -1;
	return 0;
}

static int put_before_path(const char *dir)
{
	const char *path = getenv("PATH");
	auto_free char *with = xasprintf("%s:%s", dir, path && *path ? path : DEFAULT_PATH);

	return setenv("PATH", with, 1) || setenv(TOOLS_MARK, "1", 1) ? -1 : 0;
}

static int become_criu(struct child *ch, struct err *err)
{
	const struct criu_process_config *config = ch->config;
	char *argv[] = { (char *)"criu", (char *)"swrk", ch->fd_text, NULL };

	if (!config->in_our_group && setpgid(0, 0))
		return err_sys(err, "make a process group");
	if (!config->outlives_us && prctl(PR_SET_PDEATHSIG, SIGKILL))
		return err_sys(err, "set the parent's death signal");
	if (getppid() != ch->parent)
		_exit(1);
	proc_reset_signals();
	if (config->tools && put_before_path(config->tools))
		return err_sys(err, "set PATH");
	if (config->setup && config->setup(config->setup_ctx, err))
		return -1;
	if (set_stdio(ch) || set_fds(ch))
		return err_sys(err, "pass on file descriptors");
	execv(config->binary, argv);
	return err_sys(err, "execute %s", config->binary);
}

static void run_child(struct child *ch)
{
	struct err err = { 0 };

	become_criu(ch, &err);
	fd_write_all(ch->report, &err, sizeof(err), NULL);
	_exit(127);
}

/* --- the parent ----------------------------------------------------------------------------------- */

/* Wait for the exec: the report pipe closes, or tells why it can't be. */
static int check_exec(int report, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (fd_read_all(report, sizeof(*err), &b, err))
		return -1;
	if (!b.n)
		return 0;
	if (b.n != sizeof(*err))
		return err_set(err, ERR_CRIU, "the process that would be criu has ended");
	if (err)
		memcpy(err, b.p, sizeof(*err));
	return -1;
}

static int fork_child(struct child *ch, struct criu_process *p, struct err *err)
{
	int report[2];

	if (pipe2(report, O_CLOEXEC))
		return err_sys(err, "make a pipe");
	ch->report = report[1];
	p->pid = fork();
	if (p->pid == 0)
		run_child(ch);
	close(report[1]);
	if (p->pid < 0) {
		p->pid = 0;
		close(report[0]);
		return err_sys(err, "fork for criu");
	}
	/* also here, so that nobody kills the group before the child has made it */
	if (!ch->config->in_our_group)
		setpgid(p->pid, p->pid);
	p->has_group = !ch->config->in_our_group;
	if (check_exec(report[0], err)) {
		close(report[0]);
		return -1;
	}
	close(report[0]);
	return 0;
}

static int open_all(const struct criu_process_config *config, struct criu_process *p, int *theirs,
		    struct err *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return err_sys(err, "make a socket pair");
	p->sock = pair[0];
	*theirs = pair[1];
	if (config->keep_stdio)
		return 0;
	p->messages = memfd_create("criu-messages", MFD_CLOEXEC);
	return p->messages < 0 ? err_sys(err, "make a memfd") : 0;
}

int criu_process_start(const struct criu_process_config *config, struct criu_process *p,
		       struct err *err)
{
	struct criu_process made = { .pidfd = -1, .sock = -1, .messages = -1 };
	auto_fd int theirs = -1;
	auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct child ch = { .config = config, .parent = getpid(), .null = null };

	made.binary = xstrdup(config->binary);
	if (null < 0) {
		err_sys(err, "open /dev/null");
		goto fail;
	}
	if (open_all(config, &made, &theirs, err))
		goto fail;
	ch.sock = theirs;
	ch.messages = made.messages;
	snprintf(ch.fd_text, sizeof(ch.fd_text), "%d", theirs);
	if (fork_child(&ch, &made, err))
		goto fail;
	made.pidfd = proc_open(made.pid, 0, err);
	if (made.pidfd < 0)
		goto fail;
	*p = made;
	return 0;
fail:
	criu_process_done(&made);
	return -1;
}

/* Its helpers (tar, iptables) end with it; but not what it has restored, which it has let go by then. */
static void end_group(const struct criu_process *p)
{
	siginfo_t info = { 0 };

	while (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	/* not reaped yet, so the group's number can't be anybody else's */
	if (p->has_group && (info.si_code != CLD_EXITED || info.si_status != 0))
		kill(-p->pid, SIGKILL);
}

void criu_process_end(struct criu_process *p, int grace_ms, int *wstatus)
{
	*wstatus = 0;
	if (!p->pid)
		return;
	if (p->pidfd < 0 || !grace_ms || proc_poll(p->pidfd, grace_ms, NULL) != 1)
		kill(p->pid, SIGKILL);
	end_group(p);
	while (waitpid(p->pid, wstatus, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
	fd_close(&p->pidfd);
	fd_close(&p->sock);
}

void criu_process_message(const struct criu_process *p, char *out, size_t size)
{
	ssize_t n = p->messages >= 0 ? pread(p->messages, out, size - 1, 0) : 0;

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

void criu_process_done(struct criu_process *p)
{
	int wstatus;

	if (!p->binary)
		return;
	criu_process_end(p, 0, &wstatus);
	fd_close(&p->sock);
	fd_close(&p->messages);
	free(p->binary);
	*p = (struct criu_process){ 0 };
}
