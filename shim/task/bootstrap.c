/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/linux/sealed.h"
#include "shim/task/bootstrap.h"
#include "shim/task/bootstrap_params.h"
#include "shim/task/group.h"
#include "shim/task/placement.h"
#include "shim/task/serve.h"
#include "shim/task/socket.h"

#define ANSWER_MAX_BYTES 4096
#define OOM_SCORE_MAX	 1000

/*
 * containerd reads the fifo as long as it lives, and we must not wait or die when it doesn't: open
 * for reading, too, there always is a reader, and a full fifo loses lines.
 */
void bootstrap_open_log(bool debug)
{
	int fd = open("log", O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd >= 0 && fd != STDERR_FILENO) {
		dup2(fd, STDERR_FILENO);
		close(fd);
	}
	log_setup(-1, LOG_TEXT, debug);
}

/* --- the server's process ----------------------------------------------------------------------*/

/* Be killed a bit rather than containerd, as runc's shim; what is inherited may be -999. */
static void raise_oom_score(void)
{
	AUTO(buf_done) struct buf b = { 0 };
	char text[16];
	int score;

	if (fd_read_file(AT_FDCWD, "/proc/self/oom_score_adj", 64, &b, NULL) || !b.n)
		return;
	score = atoi(b.p) + 1;
	snprintf(text, sizeof(text), "%d", score < OOM_SCORE_MAX ? score : OOM_SCORE_MAX);
	fd_write_file(AT_FDCWD, "/proc/self/oom_score_adj", text, NULL);
}

/* Our stdin and stdout are nobody's when we end, and nothing else is left open. */
static int arrange_fds(int listen_fd, int ready_fd)
{
	if (dup2(listen_fd, BOOTSTRAP_LISTEN_FD) < 0 || dup2(ready_fd, BOOTSTRAP_READY_FD) < 0)
		return -1;
	return fd_close_others(0, NULL, 0, NULL);
}

/*
 * The server is what containers are made by, so it must be a binary that they can't write to
 * (sealed.h); that is done by executing it, which also makes it as small as it can be.
 */
static void become_server(const struct args *args, char *name, char **envp)
{
	auto_free char *bundle = getcwd(NULL, 0);
	char *server[] = { name,
			   (char *)"-namespace",
			   (char *)args->namespace,
			   (char *)"-id",
			   (char *)args->id,
			   (char *)"-address",
			   (char *)args->address,
			   (char *)"-bundle",
			   bundle ? bundle : (char *)"",
			   args->debug ? (char *)"-debug" : NULL,
			   NULL };
	struct err err = { 0 };

	raise_oom_score();
	if (setpgid(0, 0))
		log_warn("setpgid: error %d", errno);
	if (placement_take_core(&err)) {
		serve_report(&err);
		_exit(1);
	}
	/* the bundle of a pod's first container may be removed before the others are made */
	if (chdir("/"))
		log_warn("chdir /: error %d", errno);
	if (!sealed_self_exec(server, envp, &err)) {
		execve("/proc/self/exe", server, envp); /* the binary is sealed as it is */
		err_sys(&err, "execute kedge once more");
	}
	serve_report(&err);
	_exit(1);
}

/* Wait until the server says that it serves, or why it doesn't. */
static int wait_ready(int ready_fd, pid_t pid, struct err *err)
{
	AUTO(buf_done) struct buf said = { 0 };

	if (fd_read_all(ready_fd, ANSWER_MAX_BYTES, &said, err))
		return err_wrap(err, "the server");
	if (said.n == 1 && said.p[0] == SERVE_IS_READY)
		return 0;
	waitpid(pid, NULL, WNOHANG);
	return err_set(err, ERR_SYS, "the server ended: %s", said.n ? said.p : "no reason given");
}

static int spawn_server(const struct args *args, char *name, int listen_fd, struct err *err)
{
	int ready[2], ret;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return err_sys(err, "make a pipe");
	pid = fork();
	if (pid == 0) {
		if (arrange_fds(listen_fd, ready[1]))
			_exit(1);
		become_server(args, name, environ);
	}
	close(ready[1]);
	ret = pid < 0 ? err_sys(err, "fork") : wait_ready(ready[0], pid, err);
	close(ready[0]);
	return ret ? -1 : pid;
}

static void note_binary(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return;
	path[n] = '\0';
	setenv(BOOTSTRAP_BINARY, path, 1);
}

/* Its containers don't follow: they are made in cgroups of their own. */
static int place_server(pid_t pid, const struct task_options *options, struct err *err)
{
	if (!options->shim_cgroup || !placement_join(options->shim_cgroup, pid, err))
		return 0;
	kill(pid, SIGKILL);
	return -1;
}

/* --- `start` -----------------------------------------------------------------------------------*/

static int read_params(const struct args *args, struct bootstrap_params *params, struct err *err)
{
	AUTO(buf_done) struct buf in = { 0 };

	if (args_read_stdin(&in, err))
		return -1;
	return bootstrap_params_parse((const uint8_t *)in.p, in.n, args->id, params, err);
}

/* containerd 1.7 finds us by BUNDLE/address when it starts again. */
static int announce(const struct bootstrap_params *params, const char *path, pid_t pid,
		    struct err *err)
{
	auto_free char *address = xasprintf("unix://%s", path);
	AUTO(buf_done) struct buf answer = { 0 };
	char text[16];

	if (fd_replace_text(AT_FDCWD, "address", address, 0600, err))
		return -1;
	snprintf(text, sizeof(text), "%d", (int)pid);
	if (pid && fd_replace_text(AT_FDCWD, "shim.pid", text, 0600, err))
		return -1;
	bootstrap_result(params, path, &answer);
	return fd_write_all(STDOUT_FILENO, answer.p, answer.n, err);
}

static int check(const struct args *args, struct err *err)
{
	if (!args->namespace || !args->id || !args->address)
		return err_set(err, ERR_INVALID, "start needs -namespace, -id and -address");
	return 0;
}

int bootstrap_start(const struct args *args, char *name, struct err *err)
{
	AUTO(bootstrap_params_done) struct bootstrap_params params = { 0 };
	auto_free char *group = NULL, *path = NULL;
	auto_fd int fd = -1;
	pid_t pid = 0;

	if (check(args, err) || read_params(args, &params, err))
		return -1;
	if (params.ttrpc_address && !getenv("TTRPC_ADDRESS"))
		setenv("TTRPC_ADDRESS", params.ttrpc_address, 1);
	group = group_of(".", args->id);
	path = socket_path(params.socket_dir, args->address, args->namespace, group);
	fd = socket_listen(path, err);
	if (fd == -1)
		return -1;
	if (fd >= 0) {
		note_binary();
		pid = spawn_server(args, name, fd, err);
		if (pid < 0 || place_server(pid, &params.options, err)) {
			unlink(path);
			return -1;
		}
	}
	if (!announce(&params, path, pid, err))
		return 0;
	/* nobody will ever come to a server that nobody was told of; without a task it takes its socket */
	if (pid)
		kill(pid, SIGTERM);
	return -1;
}
