/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/linux/dbus.h"

#define OPEN_MS	       10000
#define CALL_MS	       30000
#define MAX_LINE_BYTES 512
#define MAX_TEXT_BYTES 1024
#define MANAGER	       "org.freedesktop.systemd1.Manager"

/*
 * Anybody on the bus may send us a signal; one without a destination comes through this rule alone,
 * and for the sender's name the bus vouches.
 */
#define MATCH                                                                  \
	"type='signal',sender='" DBUS_SYSTEMD_BUS_NAME "',interface='" MANAGER \
	"',member='JobRemoved'"

/* --- bytes ---------------------------------------------------------------------------------------- */

/* An attempt: what it waits for, and how long. */
struct wait {
	const char *what; /* "answer to StartTransientUnit" */
	unsigned int ms;
	unsigned long long deadline_us;
};

static struct wait begin_wait(const char *what, unsigned int ms)
{
	return (struct wait){ what, ms, proc_now_us() + 1000ULL * ms };
}

static int hang_up(struct dbus *bus)
{
	fd_close(&bus->fd);
	buf_done(&bus->in);
	return -1;
}

/* Where in the stream we are isn't known any more, or who the peer is. */
static int broken(struct dbus *bus, struct err *err)
{
	err_wrap(err, "%s", bus->socket);
	return hang_up(bus);
}

static int check_time(const struct dbus *bus, const struct wait *w, int *left_ms, struct err *err)
{
	unsigned long long now = proc_now_us();

	if (now >= w->deadline_us)
		return err_set(err, ERR_TIMEOUT, "%s: no %s within %g s", bus->socket, w->what,
			       w->ms / 1000.0);
	*left_ms = (int)((w->deadline_us - now) / 1000 + 1);
	return 0;
}

/* 0 as soon as it is worth another try. */
static int wait_ready(const struct dbus *bus, short events, const struct wait *w, struct err *err)
{
	struct pollfd p = { .fd = bus->fd, .events = events };
	int left_ms;

	if (check_time(bus, w, &left_ms, err))
		return -1;
	if (poll(&p, 1, left_ms) < 0 && errno != EINTR)
		return err_sys(err, "wait for %s", bus->socket);
	return 0;
}

static bool is_momentary(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static int send_all(struct dbus *bus, const struct buf *b, const struct wait *w, struct err *err)
{
	size_t sent = 0;

	while (sent < b->n) {
		ssize_t n = send(bus->fd, b->p + sent, b->n - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0) {
			sent += (size_t)n;
		} else if (!is_momentary()) {
			err_sys(err, "send");
			return broken(bus, err);
		} else if (wait_ready(bus, POLLOUT, w, err)) {
			return hang_up(bus);
		}
	}
	return 0;
}

/* Append what comes to bus->in, at least a byte and at most `max`. What came stays if more doesn't. */
static int receive_some(struct dbus *bus, size_t max, const struct wait *w, struct err *err)
{
	char bytes[4096];
	int left_ms;
	ssize_t n;

	for (;;) {
		/* each time: a peer that never stops talking isn't waited for */
		if (check_time(bus, w, &left_ms, err))
			return -1;
		n = recv(bus->fd, bytes, max < sizeof(bytes) ? max : sizeof(bytes), MSG_DONTWAIT);
		if (n >= 0 || !is_momentary())
			break;
		if (wait_ready(bus, POLLIN, w, err))
			return -1;
	}
	if (n > 0) {
		buf_add(&bus->in, bytes, (size_t)n);
		return 0;
	}
	if (n < 0)
		err_sys(err, "receive");
	else
		err_set(err, ERR_SYS, "the other end hung up; no %s", w->what);
	return broken(bus, err);
}

static int receive_until(struct dbus *bus, size_t bytes, const struct wait *w, struct err *err)
{
	while (bus->in.n < bytes)
		if (receive_some(bus, bytes - bus->in.n, w, err))
			return -1;
	return 0;
}

/* --- messages ------------------------------------------------------------------------------------- */

void dbus_reply_done(struct dbus_reply *reply)
{
	buf_done(&reply->bytes);
	*reply = (struct dbus_reply){ 0 };
}

static int receive(struct dbus *bus, struct dbus_reply *out, const struct wait *w, struct err *err)
{
	size_t bytes;

	if (bus->fd < 0)
		return err_set(err, ERR_STATE, "%s: the connection has broken", bus->socket);
	if (receive_until(bus, DBUS_START_BYTES, w, err))
		return -1;
	if (dbus_message_bytes(bus->in.p, &bytes, err))
		return broken(bus, err);
	if (receive_until(bus, bytes, w, err))
		return -1;
	if (dbus_message_parse(bus->in.p, bus->in.n, &out->header, err))
		return broken(bus, err);
	out->bytes = bus->in;
	bus->in = (struct buf){ 0 };
	out->body = dbus_body(&out->header);
	out->error_name = out->header.type == DBUS_ERROR ? out->header.error_name : NULL;
	return 0;
}

static void forget_job(struct dbus_job *job)
{
	free(take_ptr(&job->path));
	free(take_ptr(&job->result));
}

/* JobRemoved: id, path, unit, result. */
static void note_job(struct dbus *bus, const struct dbus_reply *m)
{
	struct dbus_job *job = &bus->jobs[bus->n_jobs % DBUS_MAX_JOBS];
	struct dbus_reader r = m->body;
	const char *path, *result;

	if (m->header.type != DBUS_SIGNAL || m->header.destination ||
	    !str_eq(m->header.interface, MANAGER) || !str_eq(m->header.member, "JobRemoved") ||
	    strcmp(m->header.signature, "uoss") != 0)
		return;
	if (dbus_skip(&r, "u") || dbus_get_string(&r, &path) || dbus_skip(&r, "s") ||
	    dbus_get_string(&r, &result))
		return;
	forget_job(job);
	job->path = xstrdup(path);
	job->result = xstrdup(result);
	bus->n_jobs++;
}

static const struct {
	const char *name;
	enum err_kind kind;
} kinds[] = {
	{ "org.freedesktop.systemd1.UnitExists", ERR_EXISTS },
	{ "org.freedesktop.systemd1.NoSuchUnit", ERR_NOT_FOUND },
	{ "org.freedesktop.systemd1.NoSuchProcess", ERR_NOT_FOUND },
	{ "org.freedesktop.DBus.Error.AccessDenied", ERR_DENIED },
	{ "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", ERR_DENIED },
	{ "org.freedesktop.DBus.Error.InvalidArgs", ERR_INVALID },
	{ "org.freedesktop.DBus.Error.InvalidSignature", ERR_INVALID },
	{ "org.freedesktop.DBus.Error.PropertyReadOnly", ERR_UNSUPPORTED },
	{ "org.freedesktop.DBus.Error.UnknownMethod", ERR_UNSUPPORTED },
	{ "org.freedesktop.DBus.Error.UnknownProperty", ERR_UNSUPPORTED },
	{ "org.freedesktop.DBus.Error.NotSupported", ERR_UNSUPPORTED },
	{ "org.freedesktop.DBus.Error.LimitsExceeded", ERR_LIMIT },
	{ "org.freedesktop.DBus.Error.NoReply", ERR_TIMEOUT },
	{ "org.freedesktop.DBus.Error.Timeout", ERR_TIMEOUT },
	{ "org.freedesktop.DBus.Error.TimedOut", ERR_TIMEOUT },
};

static enum err_kind kind_of(const char *error_name)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(kinds[i].name, error_name))
			return kinds[i].kind;
	return ERR_SYS;
}

static int refused(const struct dbus_call *call, const struct dbus_reply *reply, struct err *err)
{
	struct dbus_reader r = reply->body;
	const char *text;

	if (reply->header.signature[0] != 's' || dbus_get_string(&r, &text) || !*text)
		text = reply->error_name;
	return err_set(err, kind_of(reply->error_name), "%s: %.*s", call->member, MAX_TEXT_BYTES,
		       text);
}

static int receive_reply(struct dbus *bus, const struct dbus_call *call, struct dbus_reply *out,
			 const struct wait *w, struct err *err)
{
	while (!receive(bus, out, w, err)) {
		bool is_answer = out->header.type == DBUS_RETURN || out->error_name;

		if (is_answer && out->header.reply_serial == bus->serial)
			return out->error_name ? refused(call, out, err) : 0;
		note_job(bus, out);
		dbus_reply_done(out);
	}
	return -1;
}

static int call_within(struct dbus *bus, const struct dbus_call *call, unsigned int ms,
		       struct dbus_reply *reply, struct err *err)
{
	auto_free char *what = xasprintf("answer to %s", call->member);
	struct wait w = begin_wait(what, ms);
	AUTO(dbus_reply_done) struct dbus_reply unwanted = { 0 };
	AUTO(buf_done) struct buf bytes = { 0 };
	struct dbus_call sent = *call;

	if (bus->fd < 0)
		return err_set(err, ERR_STATE, "%s: the connection has broken", bus->socket);
	if (!bus->is_bus)
		sent.destination = NULL;
	if (++bus->serial == 0)
		bus->serial = 1;
	if (dbus_method_call(&sent, bus->serial, &bytes, err) || send_all(bus, &bytes, &w, err))
		return -1;
	return receive_reply(bus, call, reply ? reply : &unwanted, &w, err);
}

int dbus_call(struct dbus *bus, const struct dbus_call *call, struct dbus_reply *reply,
	      struct err *err)
{
	return call_within(bus, call, bus->call_ms, reply, err);
}

/* --- jobs ----------------------------------------------------------------------------------------- */

static bool take_job(struct dbus *bus, const char *path, char **result)
{
	for (size_t i = 0; i < DBUS_MAX_JOBS; i++) {
		struct dbus_job *job = &bus->jobs[i];

		if (!str_eq(job->path, path))
			continue;
		*result = take_ptr(&job->result);
		forget_job(job);
		return true;
	}
	return false;
}

int dbus_wait_job(struct dbus *bus, const char *job_path, char **result, struct err *err)
{
	auto_free char *what = xasprintf("end of job %s", job_path);
	struct wait w = begin_wait(what, bus->call_ms);

	while (!take_job(bus, job_path, result)) {
		AUTO(dbus_reply_done) struct dbus_reply m = { 0 };

		if (!receive(bus, &m, &w, err)) {
			note_job(bus, &m);
			continue;
		}
		if (err && err->kind == ERR_TIMEOUT)
			err_hint(err, "see what systemd waits for: systemctl list-jobs");
		return -1;
	}
	return 0;
}

/* --- the connection ------------------------------------------------------------------------------- */

void dbus_done(struct dbus *bus)
{
	hang_up(bus);
	for (size_t i = 0; i < DBUS_MAX_JOBS; i++)
		forget_job(&bus->jobs[i]);
	*bus = DBUS_NONE;
}

/* connect() to a unix socket waits while the queue there is full, as long as a send() may. */
static int connect_within(const char *path, unsigned int ms, struct err *err)
{
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)))
		return err_sys(err, "make a socket");
	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set(err, ERR_LIMIT, "socket path %s is too long", path);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	while (connect(fd, (const struct sockaddr *)&sa, sizeof(sa))) {
		if (errno == EAGAIN)
			return err_set(err, ERR_TIMEOUT, "connect to %s: nobody accepts", path);
		if (errno != EINTR)
			return err_sys(err, "connect to %s", path);
	}
	return take_fd(&fd);
}

static int not_dbus(struct dbus *bus, struct err *err)
{
	err_set(err, ERR_INVALID, "what listens there doesn't speak D-Bus");
	return broken(bus, err);
}

/* Byte by byte: what follows the line is a message, which receive() wants whole. */
static int receive_line(struct dbus *bus, const struct wait *w, struct err *err)
{
	while (!bus->in.n || bus->in.p[bus->in.n - 1] != '\n') {
		if (bus->in.n >= MAX_LINE_BYTES)
			return not_dbus(bus, err);
		if (receive_some(bus, 1, w, err))
			return -1;
	}
	return 0;
}

/* "OK GUID", else we aren't welcome. */
static int receive_ok(struct dbus *bus, const struct wait *w, struct err *err)
{
	if (receive_line(bus, w, err))
		return -1;
	if (str_starts(bus->in.p, "REJECTED")) {
		err_set(err, ERR_DENIED, "uid %u is not let in", geteuid());
		return broken(bus, err);
	}
	if (!str_starts(bus->in.p, "OK "))
		return not_dbus(bus, err);
	buf_done(&bus->in);
	return 0;
}

/*
 * "Authentication Protocol", EXTERNAL: the kernel tells the peer whether the uid is true. BEGIN goes along:
 * if systemd reads it together with the first call, that lies unseen until something else comes.
 */
static int log_in(struct dbus *bus, struct err *err)
{
	struct wait w = begin_wait("welcome", bus->open_ms);
	auto_free char *uid = xasprintf("%u", geteuid());
	AUTO(buf_done) struct buf hello = { 0 };

	buf_add(&hello, "", 1);
	buf_str(&hello, "AUTH EXTERNAL ");
	for (const char *p = uid; *p; p++)
		buf_addf(&hello, "%02x", (unsigned int)*p);
	buf_str(&hello, "\r\nBEGIN\r\n");
	if (send_all(bus, &hello, &w, err))
		return -1;
	return receive_ok(bus, &w, err);
}

/* "Message Bus Messages". Who has asked systemd for a job needn't Subscribe() to hear of its end. */
static int enter_bus(struct dbus *bus, struct err *err)
{
	AUTO(dbus_writer_done) struct dbus_writer rule = { 0 };
	const struct dbus_call hello = { .destination = "org.freedesktop.DBus",
					 .path = "/org/freedesktop/DBus",
					 .interface = "org.freedesktop.DBus",
					 .member = "Hello" };
	struct dbus_call add_match = hello;

	dbus_put_string(&rule, MATCH);
	add_match.member = "AddMatch";
	add_match.signature = "s";
	add_match.body = &rule;
	if (call_within(bus, &hello, bus->open_ms, NULL, err))
		return -1;
	return call_within(bus, &add_match, bus->open_ms, NULL, err);
}

int dbus_open(struct dbus *bus, const char *socket, bool is_bus, struct err *err)
{
	bus->open_ms = bus->open_ms ? bus->open_ms : OPEN_MS;
	bus->call_ms = bus->call_ms ? bus->call_ms : CALL_MS;
	bus->socket = socket;
	bus->is_bus = is_bus;
	bus->fd = connect_within(socket, bus->open_ms, err);
	if (bus->fd < 0)
		return -1;
	if (log_in(bus, err) || (is_bus && enter_bus(bus, err)))
		return hang_up(bus);
	return 0;
}

int dbus_open_systemd(struct dbus *bus, struct err *err)
{
	struct err first = { 0 }, second = { 0 };

	if (!dbus_open(bus, DBUS_SYSTEM_BUS, true, &first))
		return 0;
	log_debug("the system bus can't be had, systemd itself is asked: %s", first.msg);
	if (!dbus_open(bus, DBUS_SYSTEMD, false, &second))
		return 0;
	err_set(err, first.kind, "systemd can't be reached: %s; %s", first.msg, second.msg);
	return err_hint(err,
			"is systemd running? where it isn't, leave out --systemd-cgroup; Docker "
			"does with \"exec-opts\": [\"native.cgroupdriver=cgroupfs\"]");
}
