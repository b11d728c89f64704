/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "shim/task/io_log.h"

#define READY_MS 10000
#define END_MS	 2000
#define TERM_MS	 12000 /* as runc's shim */

/* The program's fds: 3 and 4 to read from, 5 to say that it is ready. */
#define FIRST_FD 3
#define FDS	 3

/* --- in the child ------------------------------------------------------------------------------*/

/* All are moved out of the way first: any of them may be another's number. */
static int arrange_fds(int fds[FDS])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = fcntl(log_fd(), F_DUPFD_CLOEXEC, FIRST_FD + FDS);

	if (null < 0 || log < 0)
		return -1;
	log_setup(log, LOG_TEXT, log_is_debug());
	for (int i = 0; i < FDS; i++)
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_FD + FDS);
	for (int i = 0; i < FIRST_FD; i++)
		if (dup2(null, i) < 0)
			return -1;
	for (int i = 0; i < FDS; i++)
		if (dup2(fds[i], FIRST_FD + i) < 0)
			return -1;
	return fd_close_others(FDS, &log, 1, NULL);
}

static void execute(const struct stdio_uri *uri, const struct io_log_env *env, int fds[FDS])
{
	char *vars[] = { xasprintf("CONTAINER_ID=%s", env->id),
			 xasprintf("CONTAINER_NAMESPACE=%s", env->namespace), NULL };
	struct strv args = { 0 };
	struct err err = { 0 };

	strv_add(&args, uri->path);
	for (size_t i = 0; i < uri->args.n; i++)
		strv_add(&args, uri->args.v[i]);
	proc_reset_signals();
	if (!arrange_fds(fds))
		execve(uri->path, args.v, vars);
	err_sys(&err, "execute %s", uri->path);
	log_error("%s", err.msg);
	_exit(127);
}

/* --- in the server -----------------------------------------------------------------------------*/

static void tell(struct io_log *log)
{
	void (*told)(struct io_log *) = log->told;

	log->told = NULL;
	if (told)
		told(log);
}

static void is_ready(struct io_log *log)
{
	loop_timer_stop(log->loop, &log->timer);
	loop_unwatch(log->loop, &log->ready);
	fd_close(&log->ready.fd);
	tell(log);
}

static void ready_said(struct loop_source *source, uint32_t events)
{
	(void)events;
	is_ready((void *)((char *)source - offsetof(struct io_log, ready)));
}

static void ready_unsaid(struct loop_timer *timer)
{
	struct io_log *log = (void *)((char *)timer - offsetof(struct io_log, timer));

	log_warn("the logger (process %d) doesn't say that it is ready", (int)log->child.pid);
	is_ready(log);
}

static void ended(struct child *child, int wstatus)
{
	struct io_log *log = (void *)((char *)child - offsetof(struct io_log, child));

	log->has_ended = true;
	if (wstatus)
		log_warn("the logger (process %d) ended with status %d", (int)child->pid,
			 proc_exit_status(wstatus));
	/* who waits for it to be ready is told by the pipe */
	if (log->ready.fd >= 0)
		return;
	loop_timer_stop(log->loop, &log->timer);
	tell(log);
}

/* What isn't passed on closes with the struct. */
struct pipes {
	int out[2], err[2], ready[2];
};

static void close_pipes(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		fd_close(&p->out[i]);
		fd_close(&p->err[i]);
		fd_close(&p->ready[i]);
	}
}

static int spawn(const struct stdio_uri *uri, const struct io_log_env *env, struct pipes *p,
		 struct err *err)
{
	pid_t pid;

	/* what fails later can only be logged */
	if (access(uri->path, X_OK))
		return err_sys(err, "execute %s", uri->path);
	if (pipe2(p->out, O_CLOEXEC) || pipe2(p->err, O_CLOEXEC) || pipe2(p->ready, O_CLOEXEC))
		return err_sys(err, "make a pipe");
	pid = fork();
	if (pid == 0)
		execute(uri, env, (int[FDS]){ p->out[0], p->err[0], p->ready[1] });
	return pid < 0 ? err_sys(err, "fork") : pid;
}

struct io_log *io_log_new(const struct stdio_uri *uri, const struct io_log_env *env,
			  struct loop *loop, int outputs[2], struct err *err)
{
	AUTO(close_pipes) struct pipes p = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct io_log *log;
	pid_t pid = spawn(uri, env, &p, err);

	if (pid < 0)
		return NULL;
	log = xcalloc(1, sizeof(*log));
	log->loop = loop;
	log->children = env->children;
	log->child = (struct child){ .pid = pid, .ended = ended };
	children_watch(env->children, &log->child);
	log->ready = (struct loop_source){ .fd = take_fd(&p.ready[0]), .ready = ready_said };
	log->timer.fire = ready_unsaid;
	if (loop_watch(loop, &log->ready, EPOLLIN, err)) {
		io_log_free(log);
		return NULL;
	}
	loop_timer_set(loop, &log->timer, READY_MS);
	outputs[0] = take_fd(&p.out[1]);
	outputs[1] = take_fd(&p.err[1]);
	return log;
}

void io_log_when_ready(struct io_log *log, void (*told)(struct io_log *log))
{
	log->told = told;
	if (log->ready.fd < 0)
		tell(log);
}

static void press(struct loop_timer *timer)
{
	struct io_log *log = (void *)((char *)timer - offsetof(struct io_log, timer));

	kill(log->child.pid, log->sig);
	if (log->sig == SIGKILL) {
		log_warn("the logger (process %d) doesn't end and is killed", (int)log->child.pid);
		tell(log);
		return;
	}
	log->sig = SIGKILL;
	loop_timer_set(log->loop, timer, TERM_MS);
}

void io_log_when_ended(struct io_log *log, void (*told)(struct io_log *log))
{
	loop_unwatch(log->loop, &log->ready);
	fd_close(&log->ready.fd);
	loop_timer_stop(log->loop, &log->timer);
	log->told = told;
	if (log->has_ended) {
		tell(log);
		return;
	}
	log->sig = SIGTERM;
	log->timer.fire = press;
	loop_timer_set(log->loop, &log->timer, END_MS);
}

void io_log_free(struct io_log *log)
{
	if (!log)
		return;
	if (!log->has_ended)
		kill(log->child.pid, SIGKILL);
	children_unwatch(log->children, &log->child);
	loop_timer_stop(log->loop, &log->timer);
	loop_unwatch(log->loop, &log->ready);
	fd_close(&log->ready.fd);
	free(log);
}
