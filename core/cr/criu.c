/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/cr/criu.h"
#include "core/cr/criu_log.h"

#define OLDEST_VERSION 31700 /* mounts by move_mount: mount-v2.c */

/* No answer is that large; a broken peer may claim anything. */
#define MAX_ANSWER_BYTES (16 << 20)

/* After its last answer CRIU only has to exit. */
#define EXIT_GRACE_MS 5000

static const char *const verb_names[] = { "dump", "pre-dump", "restore" };

static int check_time(const struct criu *c, int *left_ms, struct err *err)
{
	unsigned long long now = proc_now_us();

	*left_ms = -1;
	if (!c->deadline_us)
		return 0;
	if (now >= c->deadline_us)
		return err_set(err, ERR_TIMEOUT, "criu took longer than %u s and was ended",
			       c->timeout_s);
	*left_ms = (int)((c->deadline_us - now) / 1000 + 1);
	return 0;
}

/* CRIU is gone or going, without an answer: say how. */
static int report_death(struct criu *c, struct err *err)
{
	char message[256];
	int wstatus;

	criu_process_message(&c->process, message, sizeof(message));
	criu_process_end(&c->process, EXIT_GRACE_MS, &wstatus);
	if (WIFSIGNALED(wstatus))
		err_set(err, ERR_CRIU, "criu was killed by signal %d (%s)", WTERMSIG(wstatus),
			strsignal(WTERMSIG(wstatus)));
	else
		err_set(err, ERR_CRIU, "criu ended without an answer, exit status %d",
			WEXITSTATUS(wstatus));
	if (*message) {
		char what[sizeof(err->msg)];

		snprintf(what, sizeof(what), "%.256s", err->msg);
		err_set(err, ERR_CRIU, "%s: %s", what, message);
	}
	return -1;
}

/* --- datagrams ------------------------------------------------------------------------------------ */

static int send_bytes(struct criu *c, const struct buf *b, struct err *err)
{
	int room = (int)(b->n * 2);
	ssize_t n;

	/* a datagram has to fit the buffer: a thousand mounts may not */
	if (b->n > 100000 && b->n < INT_MAX / 4 &&
	    setsockopt(c->process.sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		setsockopt(c->process.sock, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	do {
		n = send(c->process.sock, b->p, b->n, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
		return report_death(c, err);
	return n < 0 ? err_sys(err, "send %zu bytes to criu", b->n) : 0;
}

/* Wait for a datagram. Gives 1, 0 when there never will be one, or -1. */
static int wait_for_bytes(struct criu *c, struct err *err)
{
	struct pollfd fds[] = {
		{ .fd = c->process.sock, .events = POLLIN },
		{ .fd = c->process.pidfd, .events = POLLIN },
	};
	int left_ms, n;

	for (;;) {
		if (check_time(c, &left_ms, err))
			return -1;
		n = poll(fds, ARRAY_LEN(fds), left_ms);
		if (n < 0 && errno != EINTR)
			return err_sys(err, "wait for criu");
		if (n > 0)
			return (fds[0].revents & POLLIN) != 0;
	}
}

static void take_passed_fd(struct msghdr *msg, int *fd)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);

	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS &&
	    cmsg->cmsg_len == CMSG_LEN(sizeof(*fd)))
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
}

static int receive(struct criu *c, struct criu_answer *out, int *fd, struct err *err)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	auto_free char *bytes = NULL;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n;
	int ready = wait_for_bytes(c, err);

	if (ready <= 0)
		return ready ? -1 : report_death(c, err);
	n = recv(c->process.sock, NULL, 0, MSG_PEEK | MSG_TRUNC);
	/* reset: it ended without reading what we sent */
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return report_death(c, err);
	if (n < 0)
		return err_sys(err, "receive from criu");
	if (n > MAX_ANSWER_BYTES)
		return err_set(err, ERR_CRIU, "criu answered %zd bytes, more than any answer has",
			       n);
	bytes = xmalloc((size_t)n);
	iov = (struct iovec){ .iov_base = bytes, .iov_len = (size_t)n };
	n = recvmsg(c->process.sock, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return err_sys(err, "receive from criu");
	take_passed_fd(&msg, fd);
	return criu_wire_answer(bytes, (size_t)n, out, err);
}

/* --- the start ------------------------------------------------------------------------------------ */

static int ask_version(struct criu *c, struct err *err)
{
	AUTO(buf_done) struct buf question = { 0 };
	auto_fd int fd = -1;
	struct criu_answer answer;

	criu_wire_ask_version(&question);
	if (send_bytes(c, &question, err) || receive(c, &answer, &fd, err))
		return -1;
	if (answer.type != CRIU_ANSWER_VERSION || !answer.success || !answer.version)
		return err_set(err, ERR_CRIU, "criu didn't tell its version");
	c->version = answer.version;
	if (c->version >= OLDEST_VERSION)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "%s is version %d.%d, kedge needs 3.17 or newer",
		c->process.binary, c->version / 10000, c->version / 100 % 100);
	return err_hint(err, "install a newer CRIU and name it with --criu or $KEDGE_CRIU");
}

int criu_start(const struct criu_config *config, struct criu *c, struct err *err)
{
	struct criu_process_config process = {
		.setup = config->setup,
		.setup_ctx = config->setup_ctx,
		.tools = config->tools,
		.keep_fds = config->keep_fds,
		.n_keep_fds = config->n_keep_fds,
		.keep_stdio = config->keep_stdio,
		.in_our_group = config->in_our_group,
		.outlives_us = config->outlives_us,
	};
	struct criu made = {
		.timeout_s = config->timeout_s,
		.notify = config->notify,
		.notify_ctx = config->notify_ctx,
	};
	auto_free char *binary = NULL;

	if (config->timeout_s)
		made.deadline_us = proc_now_us() + config->timeout_s * 1000000ULL;
	if (criu_process_find(config->binary, &binary, err))
		return -1;
	process.binary = binary;
	if (criu_process_start(&process, &made.process, err))
		return -1;
	if (ask_version(&made, err)) {
		criu_done(&made);
		return err_wrap(err, "%s", binary);
	}
	log_debug("%s is version %d", binary, made.version);
	*c = made;
	return 0;
}

int criu_ask_features(struct criu *c, struct criu_features *out, struct err *err)
{
	AUTO(buf_done) struct buf question = { 0 };
	auto_fd int fd = -1;
	struct criu_answer answer;

	criu_wire_ask_features(&question);
	if (send_bytes(c, &question, err) || receive(c, &answer, &fd, err))
		return -1;
	if (answer.type != CRIU_ANSWER_FEATURES || !answer.success)
		return err_set(err, ERR_CRIU, "criu can't tell what this kernel can do");
	*out = answer.features;
	return 0;
}

/* --- the work ------------------------------------------------------------------------------------- */

/* What goes on in one criu_run(). */
struct run {
	struct criu *c;
	const struct criu_request *req;
	struct criu_result result;
	struct err refusal; /* the callback's error, if it said no */
};

static int answer_notice(struct run *r, const struct criu_answer *notice, int *fd, struct err *err)
{
	AUTO(buf_done) struct buf reply = { 0 };
	struct criu *c = r->c;

	log_debug("criu: %s", notice->script);
	if (notice->pid > 0 && r->req->verb == CRIU_RESTORE)
		r->result.pid = notice->pid;
	if (c->notify && !r->refusal.kind)
		if (c->notify(c->notify_ctx, notice->script, notice->pid, take_fd(fd),
			      &r->refusal) &&
		    !r->refusal.kind)
			err_set(&r->refusal, ERR_CRIU, "refused at %s", notice->script);
	criu_wire_notified(!r->refusal.kind, &reply);
	return send_bytes(c, &reply, err);
}

/* The log may be lost, on a full disk for one; CRIU also sends its first error. */
static const char *reason_without_log(const struct criu_answer *answer)
{
	const char *cause = criu_log_cause(answer->text);

	if (cause)
		return cause;
	return answer->cr_errno ? strerror(answer->cr_errno) : "its log names no error";
}

/* The first cause says what the kernel has that this CRIU doesn't know; tasks weren't touched. */
static int report_kernel(const struct criu *c, const struct criu_causes *causes, struct err *err)
{
	struct utsname kernel = { 0 };

	uname(&kernel);
	err_set(err, ERR_UNSUPPORTED, "criu %d.%d (%s) can't work on this kernel (%s): %s",
		c->version / 10000, c->version / 100 % 100, c->process.binary, kernel.release,
		causes->text.p);
	return err_hint(err, "`criu check` fails as well; install a newer CRIU, and name it with "
			     "--criu or $KEDGE_CRIU if it isn't in PATH");
}

/* What to do, and the path of the log; where it lies is ours to know. */
static void hint_log(const struct criu_request *req, const struct criu_causes *causes,
		     struct err *err)
{
	auto_free char *dir = fd_path(req->work_fd >= 0 ? req->work_fd : req->images_fd);
	const char *advice = criu_log_advice(causes);

	if (dir && req->log_file)
		err_hint(err, "%s%sthe whole log is %s/%s", advice ? advice : "",
			 advice ? "; " : "", dir, req->log_file);
}

static int report_failure(struct run *r, const struct criu_answer *answer, struct err *err)
{
	AUTO(criu_log_done) struct criu_causes causes = { 0 };
	const struct criu_request *req = r->req;

	r->result.cr_errno = answer->cr_errno;
	if (r->refusal.kind) {
		*err = r->refusal;
		return -1;
	}
	if (req->log_file)
		criu_log_read(req->work_fd >= 0 ? req->work_fd : req->images_fd, req->log_file,
			      &causes);
	if (causes.is_kernel_incompatible)
		return report_kernel(r->c, &causes, err);
	err_set(err, ERR_CRIU, "criu %s failed: %s", verb_names[req->verb],
		causes.n ? causes.text.p : reason_without_log(answer));
	hint_log(req, &causes, err);
	return -1;
}

static int converse(struct run *r, struct err *err)
{
	static const enum criu_answer_type wanted[] = {
		[CRIU_DUMP] = CRIU_ANSWER_DUMP,
		[CRIU_PRE_DUMP] = CRIU_ANSWER_PRE_DUMP,
		[CRIU_RESTORE] = CRIU_ANSWER_RESTORE,
	};

	for (;;) {
		auto_fd int fd = -1;
		struct criu_answer answer;

		if (receive(r->c, &answer, &fd, err))
			return -1;
		if (answer.type == CRIU_ANSWER_NOTIFY) {
			if (answer_notice(r, &answer, &fd, err))
				return -1;
			continue;
		}
		if (answer.success && answer.type != wanted[r->req->verb])
			return err_set(err, ERR_CRIU,
				       "criu was asked for a %s and gave an answer of type %d",
				       verb_names[r->req->verb], (int)answer.type);
		r->c->has_answered = true;
		if (!answer.success)
			return report_failure(r, &answer, err);
		if (answer.pid > 0)
			r->result.pid = answer.pid;
		return 0;
	}
}

static bool is_our_child(pid_t pid)
{
	siginfo_t info;

	return !waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
}

/* A root task that CRIU has made but not finished is our child and would wait for ever. */
static void kill_half_restored(const struct run *r)
{
	if (r->req->verb != CRIU_RESTORE || !r->req->rst_sibling || r->result.pid <= 0)
		return;
	if (!is_our_child(r->result.pid))
		return;
	kill(r->result.pid, SIGKILL);
	while (waitpid(r->result.pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int check_end(struct run *r, struct err *err)
{
	int wstatus;

	criu_process_end(&r->c->process, EXIT_GRACE_MS, &wstatus);
	if (r->req->verb == CRIU_RESTORE && r->result.pid <= 0)
		return err_set(err, ERR_CRIU, "criu restored a process and didn't tell its pid");
	/* whom we take for the container's first process, we'll signal and kill */
	if (r->req->verb == CRIU_RESTORE && r->req->rst_sibling && !is_our_child(r->result.pid))
		return err_set(err, ERR_CRIU,
			       "criu says that it restored process %d, which is no child of ours",
			       (int)r->result.pid);
	return 0;
}

static void log_request(const struct criu_request *req)
{
	AUTO(buf_done) struct buf text = { 0 };
	char *line, *save = NULL;

	if (!log_is_debug())
		return;
	criu_request_print(req, &text);
	for (line = strtok_r(text.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		log_debug("asked of criu: %s", line);
}

int criu_run(struct criu *c, const struct criu_request *req, struct criu_result *out,
	     struct err *err)
{
	AUTO(buf_done) struct buf bytes = { 0 };
	struct run r = { .c = c, .req = req };
	int wstatus;

	log_request(req);
	criu_wire_request(req, &bytes);
	if (send_bytes(c, &bytes, err) || converse(&r, err) || check_end(&r, err)) {
		criu_process_end(&c->process, c->has_answered ? EXIT_GRACE_MS : 0, &wstatus);
		kill_half_restored(&r);
		/* whatever went wrong after it came of it */
		if (r.refusal.kind && err)
			*err = r.refusal;
		return -1;
	}
	*out = r.result;
	return 0;
}

void criu_done(struct criu *c)
{
	criu_process_done(&c->process);
	*c = (struct criu){ 0 };
}
