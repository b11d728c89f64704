/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/linux/dbus.h"

#define SHORT_MS 150
#define JOB	 "/org/freedesktop/systemd1/job/7"

/* --- the peer, a process of its own --------------------------------------------------------------- */

typedef void play_fn(int sock);

/* In the peer: it ends, and the test sees where by its exit status. */
#define must(claim) peer_must((claim), __LINE__)

static void peer_must(bool claim, int line)
{
	if (claim)
		return;
	fprintf(stderr, "the peer fails in line %d\n", line);
	_exit(1);
}

static void say(int sock, const void *p, size_t n)
{
	must(send(sock, p, n, MSG_NOSIGNAL) == (ssize_t)n);
}

static void hear(int sock, void *p, size_t n)
{
	must(recv(sock, p, n, MSG_WAITALL) == (ssize_t)n);
}

static void hear_line(int sock, const char *expected)
{
	char line[128] = "";

	hear(sock, line, strlen(expected));
	must(!strcmp(line, expected));
}

/* Until the other end hangs up, whatever it says. */
static void hear_out(int sock)
{
	char bytes[4096];

	while (recv(sock, bytes, sizeof(bytes), 0) > 0)
		;
}

struct heard {
	char bytes[4096];
	struct dbus_header header;
	struct dbus_reader body;
};

static void hear_call(int sock, struct heard *m, const char *member)
{
	size_t n;

	hear(sock, m->bytes, DBUS_START_BYTES);
	must(!dbus_message_bytes(m->bytes, &n, NULL) && n <= sizeof(m->bytes));
	hear(sock, m->bytes + DBUS_START_BYTES, n - DBUS_START_BYTES);
	must(!dbus_message_parse(m->bytes, n, &m->header, NULL));
	must(m->header.type == DBUS_CALL && !strcmp(m->header.member, member));
	m->body = dbus_body(&m->header);
}

static void put_text_field(struct dbus_writer *w, uint8_t code, const char *type, const char *text)
{
	if (!text)
		return;
	dbus_begin_struct(w);
	dbus_put_byte(w, code);
	dbus_put_signature(w, type);
	if (*type == 'g')
		dbus_put_signature(w, text);
	else
		dbus_put_string(w, text);
}

static struct buf message(const struct dbus_header *h, const struct dbus_writer *body)
{
	AUTO(dbus_writer_done) struct dbus_writer w = { 0 };
	struct buf whole;
	size_t fields;

	dbus_put_byte(&w, 'l');
	dbus_put_byte(&w, (uint8_t)h->type);
	dbus_put_byte(&w, 1);
	dbus_put_byte(&w, 1);
	dbus_put_u32(&w, (uint32_t)body->bytes.n);
	dbus_put_u32(&w, 1000);
	fields = dbus_open_array(&w, 8);
	put_text_field(&w, 1, "o", h->path);
	put_text_field(&w, 2, "s", h->interface);
	put_text_field(&w, 3, "s", h->member);
	put_text_field(&w, 4, "s", h->error_name);
	if (h->reply_serial) {
		dbus_begin_struct(&w);
		dbus_put_byte(&w, 5);
		dbus_put_signature(&w, "u");
		dbus_put_u32(&w, h->reply_serial);
	}
	put_text_field(&w, 6, "s", h->destination);
	put_text_field(&w, 8, "g", h->signature);
	dbus_close_array(&w, fields);
	dbus_begin_struct(&w);
	if (body->bytes.n)
		buf_add(&w.bytes, body->bytes.p, body->bytes.n);
	whole = w.bytes;
	w.bytes = (struct buf){ 0 };
	return whole;
}

static void say_message(int sock, const struct dbus_header *h, const struct dbus_writer *body)
{
	AUTO(buf_done) struct buf b = message(h, body);

	say(sock, b.p, b.n);
}

/* An answer, or where it has a name an error, that is one string or nothing. */
static void answer(int sock, const struct heard *call, const char *error_name, const char *text)
{
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
	struct dbus_header h = { .type = error_name ? DBUS_ERROR : DBUS_RETURN,
				 .reply_serial = call->header.serial,
				 .error_name = error_name,
				 .signature = text ? "s" : NULL };

	if (text)
		dbus_put_string(&body, text);
	say_message(sock, &h, &body);
}

static struct buf job_removed(const char *job, const char *result, const char *destination)
{
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
	struct dbus_header h = { .type = DBUS_SIGNAL,
				 .path = "/org/freedesktop/systemd1",
				 .interface = "org.freedesktop.systemd1.Manager",
				 .member = "JobRemoved",
				 .destination = destination,
				 .signature = "uoss" };

	dbus_put_u32(&body, 7);
	dbus_put_path(&body, job);
	dbus_put_string(&body, "a.scope");
	dbus_put_string(&body, result);
	return message(&h, &body);
}

static void say_job_removed(int sock, const char *job, const char *result, const char *destination)
{
	AUTO(buf_done) struct buf b = job_removed(job, result, destination);

	say(sock, b.p, b.n);
}

static void greet(int sock)
{
	char expected[64] = "AUTH EXTERNAL ", nul = 1;
	auto_free char *uid = xasprintf("%u", geteuid());

	for (size_t i = 0; uid[i]; i++)
		sprintf(expected + strlen(expected), "3%c", uid[i]);
	strcat(expected, "\r\n");
	hear(sock, &nul, 1);
	must(nul == '\0');
	hear_line(sock, expected);
	hear_line(sock, "BEGIN\r\n");
	say(sock, "OK 0123456789abcdef0123456789abcdef\r\n", 37);
}

/* --- the stage ------------------------------------------------------------------------------------ */

struct place {
	char dir[32];
	char *path;
	int listener;
	pid_t peer;
	struct dbus bus;
};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	strcpy(p->dir, "/tmp/kedge-dbus-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->path = xasprintf("%s/s", p->dir);
	strcpy(sa.sun_path, p->path);
	p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p->listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(p->listener, 0), 0);
	p->bus = DBUS_NONE;
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	int status = 0;

	dbus_done(&p->bus);
	fd_close(&p->listener);
	if (p->peer)
		assert_int_equal(waitpid(p->peer, &status, 0), p->peer);
	assert_int_equal(fd_remove_tree(AT_FDCWD, p->dir, NULL), 0);
	free(p->path);
	free(p);
	assert_int_equal(status, 0);
	return 0;
}

static void begin_play(struct place *p, play_fn *play)
{
	p->peer = fork();
	assert_true(p->peer >= 0);
	if (p->peer)
		return;
	alarm(20);
	play(accept(p->listener, NULL, NULL));
	_exit(0);
}

/* As systemd itself, unless `is_bus`. */
static void open_place(struct place *p, play_fn *play, bool is_bus, unsigned int call_ms)
{
	struct err err = { 0 };

	begin_play(p, play);
	p->bus.call_ms = call_ms;
	if (dbus_open(&p->bus, p->path, is_bus, &err))
		fail_msg("%s", err.msg);
}

static const struct dbus_call start = { .destination = "org.freedesktop.systemd1",
					.path = "/org/freedesktop/systemd1",
					.interface = "org.freedesktop.systemd1.Manager",
					.member = "Start" };

/* What follows "SOCKET: ". */
static void assert_err(const struct place *p, const struct err *err, enum err_kind kind,
		       const char *message)
{
	auto_free char *expected = xasprintf("%s: %s", p->path, message);

	assert_string_equal(err->msg, expected);
	assert_int_equal(err->kind, kind);
}

/* A call that gets no answer. */
static void call_fails(struct place *p, enum err_kind kind, const char *message)
{
	AUTO(dbus_reply_done) struct dbus_reply reply = { 0 };
	struct err err = { 0 };

	assert_int_equal(dbus_call(&p->bus, &start, &reply, &err), -1);
	assert_err(p, &err, kind, message);
	assert_null(reply.error_name);
	assert_null(reply.bytes.p);
}

static void open_fails(struct place *p, play_fn *play, unsigned int open_ms, enum err_kind kind,
		       const char *message)
{
	struct err err = { 0 };

	begin_play(p, play);
	p->bus.open_ms = open_ms;
	assert_int_equal(dbus_open(&p->bus, p->path, true, &err), -1);
	assert_err(p, &err, kind, message);
	assert_int_equal(p->bus.fd, -1);
}

/* --- calls ---------------------------------------------------------------------------------------- */

static void be_a_bus(int sock)
{
	struct heard m;
	const char *rule;

	greet(sock);
	hear_call(sock, &m, "Hello");
	must(str_eq(m.header.destination, "org.freedesktop.DBus"));
	answer(sock, &m, NULL, ":1.5");
	hear_call(sock, &m, "AddMatch");
	must(!dbus_get_string(&m.body, &rule));
	must(strstr(rule, "sender='org.freedesktop.systemd1'") && strstr(rule, "'JobRemoved'"));
	answer(sock, &m, NULL, NULL);
	hear_call(sock, &m, "Start");
	must(str_eq(m.header.destination, "org.freedesktop.systemd1"));
	answer(sock, &m, NULL, JOB);
}

static void over_a_bus_a_call_names_who_is_called(void **state)
{
	struct place *p = *state;
	AUTO(dbus_reply_done) struct dbus_reply reply = { 0 };
	const char *job;

	open_place(p, be_a_bus, true, 0);
	assert_int_equal(dbus_call(&p->bus, &start, &reply, NULL), 0);
	assert_int_equal(dbus_get_string(&reply.body, &job), 0);
	assert_string_equal(job, JOB);
	assert_null(reply.error_name);
}

static void be_systemd(int sock)
{
	struct heard m;

	greet(sock);
	hear_call(sock, &m, "Start");
	must(!m.header.destination);
	answer(sock, &m, NULL, NULL);
}

static void systemd_itself_is_called_at_once(void **state)
{
	struct place *p = *state;

	open_place(p, be_systemd, false, 0);
	assert_int_equal(dbus_call(&p->bus, &start, NULL, NULL), 0);
}

static void refuse(int sock)
{
	struct heard m;

	greet(sock);
	hear_call(sock, &m, "Start");
	answer(sock, &m, "org.freedesktop.systemd1.UnitExists", "Unit a.scope is there.");
	hear_call(sock, &m, "Start");
	answer(sock, &m, "org.freedesktop.systemd1.NoSuchUnit", NULL);
	hear_call(sock, &m, "Start");
	answer(sock, &m, "a.b.C", "");
}

static void a_refusal_has_systemds_words_and_name(void **state)
{
	static const struct {
		enum err_kind kind;
		const char *name, *message;
	} rows[] = {
		{ ERR_EXISTS, "org.freedesktop.systemd1.UnitExists",
		  "Start: Unit a.scope is there." },
		{ ERR_NOT_FOUND, "org.freedesktop.systemd1.NoSuchUnit",
		  "Start: org.freedesktop.systemd1.NoSuchUnit" },
		{ ERR_SYS, "a.b.C", "Start: a.b.C" },
	};
	struct place *p = *state;

	open_place(p, refuse, false, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(dbus_reply_done) struct dbus_reply reply = { 0 };
		struct err err = { 0 };

		assert_int_equal(dbus_call(&p->bus, &start, &reply, &err), -1);
		assert_string_equal(reply.error_name, rows[i].name);
		assert_string_equal(err.msg, rows[i].message);
		assert_int_equal(err.kind, rows[i].kind);
	}
}

static void answer_bytewise(int sock)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct heard m;

	greet(sock);
	hear_call(sock, &m, "Start");
	b = message(&(struct dbus_header){ .type = DBUS_RETURN, .reply_serial = m.header.serial },
		    &(struct dbus_writer){ 0 });
	for (size_t i = 0; i < b.n; i++) {
		say(sock, b.p + i, 1);
		usleep(500);
	}
}

static void an_answer_may_come_in_pieces(void **state)
{
	struct place *p = *state;

	open_place(p, answer_bytewise, false, 0);
	assert_int_equal(dbus_call(&p->bus, &start, NULL, NULL), 0);
}

/* The second half of the first answer comes after its time, with the second one. */
static void answer_late(int sock)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct heard first, second;

	greet(sock);
	hear_call(sock, &first, "Start");
	b = message(&(struct dbus_header){ .type = DBUS_RETURN,
					   .reply_serial = first.header.serial },
		    &(struct dbus_writer){ 0 });
	say(sock, b.p, 20);
	hear_call(sock, &second, "Start");
	say(sock, b.p + 20, b.n - 20);
	answer(sock, &second, NULL, "second");
}

static void a_late_answer_is_not_taken_for_the_next_calls(void **state)
{
	struct place *p = *state;
	AUTO(dbus_reply_done) struct dbus_reply reply = { 0 };
	const char *text;

	open_place(p, answer_late, false, SHORT_MS);
	call_fails(p, ERR_TIMEOUT, "no answer to Start within 0.15 s");
	p->bus.call_ms = 10000;
	assert_int_equal(dbus_call(&p->bus, &start, &reply, NULL), 0);
	assert_int_equal(dbus_get_string(&reply.body, &text), 0);
	assert_string_equal(text, "second");
}

/* --- jobs ----------------------------------------------------------------------------------------- */

static void assert_job(struct place *p, const char *job, const char *expected)
{
	auto_free char *result = NULL;
	struct err err = { 0 };

	if (dbus_wait_job(&p->bus, job, &result, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(result, expected);
}

static void no_job(struct place *p, const char *job)
{
	char *result = NULL;
	struct err err = { 0 };

	p->bus.call_ms = SHORT_MS;
	assert_int_equal(dbus_wait_job(&p->bus, job, &result, &err), -1);
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_non_null(strstr(err.msg, job));
	assert_string_not_equal(err.hint, "");
	assert_null(result);
}

static void end_jobs(int sock)
{
	struct heard m;

	greet(sock);
	hear_call(sock, &m, "Start");
	say_job_removed(sock, "/job/1", "failed", NULL);
	say_job_removed(sock, JOB, "done", NULL);
	answer(sock, &m, NULL, JOB);
	say_job_removed(sock, "/job/2", "canceled", NULL);
	hear_out(sock);
}

static void a_job_may_end_before_its_call_is_answered(void **state)
{
	struct place *p = *state;

	open_place(p, end_jobs, false, 0);
	assert_int_equal(dbus_call(&p->bus, &start, NULL, NULL), 0);
	assert_job(p, "/job/2", "canceled");
	assert_job(p, JOB, "done");
	assert_job(p, "/job/1", "failed");
	no_job(p, JOB);
}

/* One for us alone, which anybody may send; two of another shape; one of another interface. */
static void forge_ends(int sock)
{
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
	struct dbus_header h = { .type = DBUS_SIGNAL,
				 .path = "/org/freedesktop/systemd1",
				 .interface = "org.freedesktop.systemd1.Manager",
				 .member = "JobRemoved",
				 .signature = "uoss" };

	greet(sock);
	say_job_removed(sock, JOB, "done", ":1.5");
	dbus_put_u32(&body, 7);
	dbus_put_path(&body, JOB);
	dbus_put_string(&body, "a.scope");
	say_message(sock, &h, &body);
	dbus_put_string(&body, "done");
	h.signature = "uos";
	say_message(sock, &h, &body);
	h.signature = "uoss";
	h.interface = "a.b";
	say_message(sock, &h, &body);
	hear_out(sock);
}

static void a_forged_end_of_a_job_is_not_believed(void **state)
{
	struct place *p = *state;

	open_place(p, forge_ends, false, 0);
	no_job(p, JOB);
}

static void end_many_jobs(int sock)
{
	struct heard m;

	greet(sock);
	hear_call(sock, &m, "Start");
	for (int i = 0; i <= DBUS_MAX_JOBS; i++) {
		auto_free char *job = xasprintf("/job/%d", i);

		say_job_removed(sock, job, "done", NULL);
	}
	answer(sock, &m, NULL, NULL);
	hear_out(sock);
}

static void of_too_many_jobs_the_oldest_is_forgotten(void **state)
{
	struct place *p = *state;
	auto_free char *newest = xasprintf("/job/%d", DBUS_MAX_JOBS);

	open_place(p, end_many_jobs, false, 0);
	assert_int_equal(dbus_call(&p->bus, &start, NULL, NULL), 0);
	assert_job(p, newest, "done");
	assert_job(p, "/job/1", "done");
	no_job(p, "/job/0");
}

/* --- peers that can't be trusted ------------------------------------------------------------------ */

/* Takes longer to read than to send, and than there is time. */
static void chatter(int sock)
{
	AUTO(buf_done) struct buf many = { 0 }, last = job_removed(JOB, "done", NULL);
	struct dbus_writer none = { 0 };
	struct dbus_header h = {
		.type = DBUS_SIGNAL, .path = "/", .interface = "a.b", .member = "C"
	};
	struct heard m;

	for (int i = 0; i < 2500; i++) {
		AUTO(buf_done) struct buf b = message(&h, &none);

		buf_add(&many, b.p, b.n);
	}
	buf_add(&many, last.p, last.n);
	greet(sock);
	hear_call(sock, &m, "Start");
	(void)!send(sock, many.p, many.n, MSG_NOSIGNAL); /* it may be cut off */
	hear_out(sock);
}

static void who_never_stops_talking_is_not_heard_out(void **state)
{
	struct place *p = *state;

	open_place(p, chatter, false, 2);
	call_fails(p, ERR_TIMEOUT, "no answer to Start within 0.002 s");
	assert_int_equal(p->bus.n_jobs, 0);
}

/* A hang-up is all that it waits for. */
static void be_deaf(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLRDHUP };

	greet(sock);
	must(poll(&p, 1, -1) == 1);
}

static void who_does_not_listen_is_not_waited_for(void **state)
{
	struct place *p = *state;
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
	auto_free char *text = xcalloc(1, 1000001);
	struct dbus_call call = start;
	struct err err = { 0 };

	memset(text, 'x', 1000000);
	dbus_put_string(&body, text);
	call.signature = "s";
	call.body = &body;
	open_place(p, be_deaf, false, SHORT_MS);
	assert_int_equal(dbus_call(&p->bus, &call, NULL, &err), -1);
	assert_err(p, &err, ERR_TIMEOUT, "no answer to Start within 0.15 s");
	call_fails(p, ERR_STATE, "the connection has broken");
}

static void die_in_an_answer(int sock)
{
	struct heard m;

	greet(sock);
	hear_call(sock, &m, "Start");
	say(sock, "l\2\1\1\0\0\0\0\1\0\0\0\x08\0\0\0\5\1u", 19);
}

static void a_peer_that_dies_is_noticed(void **state)
{
	struct place *p = *state;

	open_place(p, die_in_an_answer, false, 0);
	call_fails(p, ERR_SYS, "the other end hung up; no answer to Start");
	call_fails(p, ERR_STATE, "the connection has broken");
}

/* What the next peer says; it is forked. */
static const char *words;
static size_t n_words;

static void say_words(int sock)
{
	say(sock, words, n_words);
	hear_out(sock);
}

static void answer_with_words(int sock)
{
	struct heard m;

	greet(sock);
	hear_call(sock, &m, "Start");
	say_words(sock);
}

static void refuse_answer(void **state, const char *bytes, size_t n, enum err_kind kind,
			  const char *message)
{
	struct place *p = *state;

	words = bytes;
	n_words = n;
	open_place(p, answer_with_words, false, 0);
	call_fails(p, kind, message);
	assert_int_equal(p->bus.fd, -1);
}

static void nonsense_ends_the_connection(void **state)
{
	refuse_answer(state, "HTTP/1.1 400 Bad Request\r\n", 26, ERR_INVALID,
		      "a message that is not D-Bus's: its first byte is not l");
}

static void an_endless_message_ends_the_connection(void **state)
{
	refuse_answer(state, "l\2\1\1\xff\xff\xff\xff\1\0\0\0\0\0\0\0", 16, ERR_LIMIT,
		      "a D-Bus message of more than 1048576 bytes");
}

static void a_broken_message_ends_the_connection(void **state)
{
	refuse_answer(state, "l\2\1\1\0\0\0\0\1\0\0\0\x08\0\0\0\5\1s\0\1\0\0\0", 24, ERR_INVALID,
		      "a message that is not D-Bus's: a header field is broken");
}

/* --- beginnings ----------------------------------------------------------------------------------- */

static void refuse_greeting(void **state, const char *line, enum err_kind kind, const char *message)
{
	words = line;
	n_words = strlen(line);
	open_fails(*state, say_words, 0, kind, message);
}

static void a_bus_that_rejects_us_is_no_bus(void **state)
{
	auto_free char *message = xasprintf("uid %u is not let in", geteuid());

	refuse_greeting(state, "REJECTED EXTERNAL\r\n", ERR_DENIED, message);
}

static void who_speaks_otherwise_is_no_bus(void **state)
{
	refuse_greeting(state, "220 mail.example.org ESMTP\r\n", ERR_INVALID,
			"what listens there doesn't speak D-Bus");
}

static void a_line_without_end_is_not_read_to_it(void **state)
{
	char line[601] = "";

	memset(line, 'O', sizeof(line) - 1);
	refuse_greeting(state, line, ERR_INVALID, "what listens there doesn't speak D-Bus");
}

static void a_silent_listener_is_not_waited_for(void **state)
{
	open_fails(*state, hear_out, SHORT_MS, ERR_TIMEOUT, "no welcome within 0.15 s");
}

static void refuse_hello(int sock)
{
	struct heard m;

	greet(sock);
	hear_call(sock, &m, "Hello");
	answer(sock, &m, "org.freedesktop.DBus.Error.LimitsExceeded", "too many of you");
	hear_out(sock);
}

static void a_bus_that_is_full_says_so(void **state)
{
	struct place *p = *state;
	struct err err = { 0 };

	begin_play(p, refuse_hello);
	assert_int_equal(dbus_open(&p->bus, p->path, true, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(err.msg, "Hello: too many of you");
	assert_int_equal(p->bus.fd, -1);
}

/* A queue of 0 takes one. */
static void a_full_queue_is_not_waited_for(void **state)
{
	struct place *p = *state;
	auto_fd int other = fd_connect_unix(p->path, NULL);
	auto_free char *message = xasprintf("connect to %s: nobody accepts", p->path);
	struct err err = { 0 };

	assert_true(other >= 0);
	p->bus.open_ms = SHORT_MS;
	assert_int_equal(dbus_open(&p->bus, p->path, true, &err), -1);
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_string_equal(err.msg, message);
}

static void a_socket_without_a_listener_is_named(void **state)
{
	struct place *p = *state;
	struct err err = { 0 };

	fd_close(&p->listener);
	assert_int_equal(dbus_open(&p->bus, p->path, true, &err), -1);
	assert_non_null(strstr(err.msg, p->path));
	assert_int_equal(unlink(p->path), 0);
	assert_int_equal(dbus_open(&p->bus, p->path, true, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

#define in_place(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(over_a_bus_a_call_names_who_is_called),
		in_place(systemd_itself_is_called_at_once),
		in_place(a_refusal_has_systemds_words_and_name),
		in_place(an_answer_may_come_in_pieces),
		in_place(a_late_answer_is_not_taken_for_the_next_calls),
		in_place(a_job_may_end_before_its_call_is_answered),
		in_place(a_forged_end_of_a_job_is_not_believed),
		in_place(of_too_many_jobs_the_oldest_is_forgotten),
		in_place(who_never_stops_talking_is_not_heard_out),
		in_place(who_does_not_listen_is_not_waited_for),
		in_place(a_peer_that_dies_is_noticed),
		in_place(nonsense_ends_the_connection),
		in_place(an_endless_message_ends_the_connection),
		in_place(a_broken_message_ends_the_connection),
		in_place(a_bus_that_rejects_us_is_no_bus),
		in_place(who_speaks_otherwise_is_no_bus),
		in_place(a_line_without_end_is_not_read_to_it),
		in_place(a_silent_listener_is_not_waited_for),
		in_place(a_bus_that_is_full_says_so),
		in_place(a_full_queue_is_not_waited_for),
		in_place(a_socket_without_a_listener_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
