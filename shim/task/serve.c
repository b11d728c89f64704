/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/sealed.h"
#include "shim/task/bootstrap.h"
#include "shim/task/methods.h"
#include "shim/task/serve.h"
#include "shim/task/shim.h"
#include "shim/task/socket.h"
#include "shim/task/task.h"
#include "shim/task/thrift.h"

/* How long after Shutdown events wait for a containerd that doesn't take them. */
#define FAREWELL_MS 5000
#define POLL_MS	    20
/* Without a call for so long nobody waits for our next step: time to tidy up. */
#define IDLE_MS 1500
/* How often a server that nobody has come to looks whether somebody still may. */
#define LONELY_MS 2000

struct serving {
	struct shim shim;
	struct loop_source signals;
	struct loop_timer farewell;
	struct loop_timer idle;
	struct loop_timer lonely; /* until the first call */
	const char *bundle;	  /* of the task that we were started for */
	unsigned int waited_ms;
	bool is_retired; /* the socket's name may be another shim's by now */
};

void serve_report(const struct err *err)
{
	log_error("%s", err->msg);
	fd_write_all(BOOTSTRAP_READY_FD, err->msg, strlen(err->msg), NULL);
}

/* --- signals -----------------------------------------------------------------------------------*/

static void on_signals(struct loop_source *source, uint32_t events)
{
	struct serving *s = (void *)((char *)source - offsetof(struct serving, signals));
	struct signalfd_siginfo info;

	(void)events;
	while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		/* asked to go by hand; the containers stay, and containerd cleans up after us */
		log_info("ended by signal %u", info.ssi_signo);
		loop_stop(&s->shim.loop);
	}
	children_reap(&s->shim.children);
}

static int take_signals(struct serving *s, struct err *err)
{
	static const int wanted[] = { SIGCHLD, SIGTERM, SIGINT };
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		sigaddset(&set, wanted[i]);
	if (sigprocmask(SIG_SETMASK, &set, NULL))
		return err_sys(err, "block signals");
	s->signals.ready = on_signals;
	s->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals.fd < 0)
		return err_sys(err, "make a signalfd");
	return loop_watch(&s->shim.loop, &s->signals, EPOLLIN, err);
}

/* --- the end -----------------------------------------------------------------------------------*/

/* Its removal may take long: a freezer, slow hooks. */
static bool is_ending(const struct serving *s)
{
	const struct shim *shim = &s->shim;

	if (!shim->is_sandbox_over)
		return false;
	for (const struct task *task = shim->tasks; task; task = task->next)
		if (task->op || s->waited_ms < FAREWELL_MS)
			return true;
	return false;
}

/* Whether the last answer and the last event are out; containerd waits 3 s for the first. */
static void say_farewell(struct loop_timer *timer)
{
	struct serving *s = (void *)((char *)timer - offsetof(struct serving, farewell));
	struct shim *shim = &s->shim;
	bool all_told;

	if (is_ending(s)) {
		s->waited_ms += POLL_MS;
		loop_timer_set(&shim->loop, timer, POLL_MS);
		return;
	}
	if (shim->tasks) {
		/* of the same pod, it came while we were about to go */
		shim->is_shut_down = false;
		shim->is_sandbox_over = false;
		s->waited_ms = 0;
		return;
	}
	all_told = !server_is_writing(&shim->server) && events_are_sent(&shim->events);
	if ((all_told || s->waited_ms >= FAREWELL_MS) && !server_is_expecting(&shim->server) &&
	    socket_retire(shim->server.source.fd)) {
		s->is_retired = true;
		loop_stop(&shim->loop);
		return;
	}
	s->waited_ms += POLL_MS;
	loop_timer_set(&shim->loop, timer, POLL_MS);
}

/*
 * containerd may fail between our start and its connection, and then only takes the bundle away: on
 * a full disk it does.
 */
static void look_for_bundle(struct loop_timer *timer)
{
	struct serving *s = (void *)((char *)timer - offsetof(struct serving, lonely));
	bool is_gone = access(s->bundle, F_OK) && errno == ENOENT;

	if (is_gone && !server_is_expecting(&s->shim.server) &&
	    socket_retire(s->shim.server.source.fd)) {
		log_info("nobody has come, and %s is gone", s->bundle);
		s->is_retired = true;
		loop_stop(&s->shim.loop);
		return;
	}
	loop_timer_set(&s->shim.loop, timer, LONELY_MS);
}

/* --- calls -------------------------------------------------------------------------------------*/

static void be_idle(struct loop_timer *timer)
{
	(void)timer;
	thrift_release();
}

static void dispatch(void *arg, struct call *call, const ProtobufCBinaryData *payload)
{
	struct serving *s = arg;

	loop_timer_stop(&s->shim.loop, &s->lonely);
	methods_dispatch(&s->shim, call, payload);
	s->idle.fire = be_idle;
	loop_timer_set(&s->shim.loop, &s->idle, IDLE_MS);
	if (!s->shim.is_shut_down || s->farewell.is_set)
		return;
	s->farewell.fire = say_farewell;
	loop_timer_set(&s->shim.loop, &s->farewell, 0);
}

static void end(struct serving *s)
{
	if (!s->shim.tasks && !s->is_retired)
		socket_retire(s->shim.server.source.fd);
	server_done(&s->shim.server);
	events_done(&s->shim.events);
	loop_unwatch(&s->shim.loop, &s->signals);
	fd_close(&s->signals.fd);
	loop_done(&s->shim.loop);
}

/* --- the beginning -----------------------------------------------------------------------------*/

static int begin(struct serving *s, const struct args *args, struct err *err)
{
	struct shim *shim = &s->shim;

	shim->namespace = args->namespace;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return err_sys(err, "become a subreaper");
	if (fd_cloexec(BOOTSTRAP_LISTEN_FD, true) || fd_cloexec(BOOTSTRAP_READY_FD, true))
		return err_sys(err, "no socket is passed: kedge's server is started by `start`");
	if (loop_init(&shim->loop, err) || take_signals(s, err))
		return -1;
	s->bundle = args->bundle;
	s->lonely.fire = look_for_bundle;
	if (s->bundle && *s->bundle)
		loop_timer_set(&shim->loop, &s->lonely, LONELY_MS);
	shim->server.dispatch = dispatch;
	shim->server.arg = s;
	events_init(&shim->events, &shim->loop, getenv("TTRPC_ADDRESS"), args->namespace);
	return server_init(&shim->server, &shim->loop, BOOTSTRAP_LISTEN_FD, err);
}

/*
 * The epoll fd takes the place of the ready fd, so that 0 to 2 stay taken: what a worker is given
 * as stdio must lie above.
 */
static int tell_ready(struct loop *loop, struct err *err)
{
	const char ready = SERVE_IS_READY;

	if (fd_write_all(BOOTSTRAP_READY_FD, &ready, 1, err))
		return -1;
	if (dup3(loop->epoll_fd, BOOTSTRAP_READY_FD, O_CLOEXEC) < 0)
		return err_sys(err, "move the epoll fd");
	fd_close(&loop->epoll_fd);
	loop->epoll_fd = BOOTSTRAP_READY_FD;
	return 0;
}

int serve_run(const struct args *args, char **argv, char **envp)
{
	static struct serving serving;
	struct err err = { 0 };

	log_setup(-1, LOG_TEXT, args->debug);
	prctl(PR_SET_NAME, SHIM_NAME); /* what is executed by an fd or link is called after that */
	if (!args->namespace || sealed_self_exec(argv, envp, &err) || begin(&serving, args, &err) ||
	    tell_ready(&serving.shim.loop, &err)) {
		serve_report(&err);
		return 1;
	}
	if (loop_run(&serving.shim.loop, &err))
		log_error("%s", err.msg);
	end(&serving);
	return err.kind ? 1 : 0;
}
