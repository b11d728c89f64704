/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "proto/ttrpc.pb-c.h"
#include "shim/task/conn.h"

/* --- answers -----------------------------------------------------------------------------------*/

static void send_response(struct conn *conn, uint32_t stream, const Ttrpc__Response *response)
{
	size_t bytes = ttrpc__response__get_packed_size(response);
	auto_free uint8_t *data = xmalloc(bytes + 1);
	struct frame frame = {
		.bytes = (uint32_t)bytes,
		.stream = stream,
		.type = FRAME_RESPONSE,
		.data = data,
	};

	if (bytes > FRAME_MAX_BYTES) {
		conn_refuse(conn, stream, CODE_RESOURCE_EXHAUSTED, "answer is longer than 4 MiB");
		return;
	}
	ttrpc__response__pack(response, data);
	conn_send(conn, &frame);
}

/* proto3 wants UTF-8 in its strings, or a client in Go takes nothing of the answer. */
static char *clean_text(const char *text)
{
	char *copy = xstrdup(text);

	if (!str_is_utf8(copy, strlen(copy)))
		for (char *p = copy; *p; p++)
			*p = (unsigned char)*p < 0x80 ? *p : '?';
	return copy;
}

void conn_refuse(struct conn *conn, uint32_t stream, enum code code, const char *text)
{
	Ttrpc__Status status = TTRPC__STATUS__INIT;
	Ttrpc__Response response = TTRPC__RESPONSE__INIT;
	auto_free char *copy = clean_text(text);

	status.code = (int32_t)code;
	status.message = copy;
	response.status = &status;
	send_response(conn, stream, &response);
}

/* Take the call from its connection's list. */
static void unlink_call(struct call *call)
{
	if (!call->link)
		return;
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	call->link = NULL;
}

/*
 * Take the call from its connection; gives that if an answer is still wanted. The answer may find the
 * client gone: then the connection closes and tells the owners of all its calls, of which this is none.
 */
static struct conn *take_conn(struct call *call)
{
	struct conn *conn = call->is_answered ? NULL : call->conn;

	unlink_call(call);
	call->conn = NULL;
	return conn;
}

static void end_call(struct call *call)
{
	loop_timer_stop(call->loop, &call->timer);
	if (call->request)
		protobuf_c_message_free_unpacked(call->request, NULL);
	free(call->service);
	free(call->method);
	free(call);
}

void call_reply(struct call *call, const ProtobufCMessage *answer)
{
	Ttrpc__Response response = TTRPC__RESPONSE__INIT;
	struct conn *conn = take_conn(call);
	auto_free uint8_t *payload = NULL;

	if (conn) {
		if (answer) {
			payload = xmalloc(protobuf_c_message_get_packed_size(answer) + 1);
			response.payload.len = protobuf_c_message_pack(answer, payload);
			response.payload.data = payload;
		}
		send_response(conn, call->stream, &response);
	}
	end_call(call);
}

void call_fail(struct call *call, enum code code, const char *fmt, ...)
{
	struct conn *conn = take_conn(call);
	auto_free char *text = NULL, *whole = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	whole = xasprintf("%s%s", text ? text : "", code_suffix(code));
	log_debug("%s: %s", call->method, whole);
	if (conn)
		conn_refuse(conn, call->stream, code, whole);
	end_call(call);
}

void call_fail_err(struct call *call, const struct err *err)
{
	if (err->hint[0])
		call_fail(call, code_of(err), "%s (%s)", err->msg, err->hint);
	else
		call_fail(call, code_of(err), "%s", err->msg);
}

/* --- requests ----------------------------------------------------------------------------------*/

static void tell_owner(struct call *call)
{
	void (*gone)(struct call *) = call->gone;

	call->gone = NULL;
	if (gone)
		gone(call);
}

void call_orphan(struct call *call)
{
	unlink_call(call);
	call->conn = NULL;
	tell_owner(call);
}

/* The client gave a time and has given up by now; whoever works on it finishes all the same. */
static void out_of_time(struct loop_timer *timer)
{
	struct call *call = (void *)((char *)timer - offsetof(struct call, timer));
	struct conn *conn = take_conn(call);
	uint32_t stream = call->stream;

	call->is_answered = true;
	tell_owner(call); /* who may have ended it */
	if (conn)
		conn_refuse(conn, stream, CODE_DEADLINE_EXCEEDED, "context deadline exceeded");
}

static void set_timer(struct call *call, int64_t timeout_nano)
{
	int64_t ms = timeout_nano / 1000000 + 1;

	call->timer.fire = out_of_time;
	if (timeout_nano > 0)
		loop_timer_set(call->loop, &call->timer, ms < INT_MAX ? (unsigned int)ms : INT_MAX);
}

static struct call *new_call(struct conn *conn, uint32_t stream, const Ttrpc__Request *request)
{
	struct call *call = xcalloc(1, sizeof(*call));

	call->conn = conn;
	call->stream = stream;
	call->service = xstrdup(request->service);
	call->method = xstrdup(request->method);
	call->loop = conn->server->loop;
	call->next = conn->calls;
	call->link = &conn->calls;
	if (call->next)
		call->next->link = &call->next;
	conn->calls = call;
	set_timer(call, request->timeout_nano);
	return call;
}

void call_take(struct conn *conn, const struct frame *frame)
{
	Ttrpc__Request *request;

	if (frame->stream % 2 == 0 || frame->stream <= conn->last_stream) {
		conn_refuse(conn, frame->stream, CODE_INVALID_ARGUMENT,
			    "StreamID must be odd and go up for client initiated streams");
		return;
	}
	if (!conn->last_stream && conn->server->n_looked)
		conn->server->n_looked--;
	conn->last_stream = frame->stream;
	request = ttrpc__request__unpack(NULL, frame->bytes, frame->data);
	if (!request) {
		conn_refuse(conn, frame->stream, CODE_INVALID_ARGUMENT, "no ttrpc request");
		return;
	}
	conn->server->dispatch(conn->server->arg, new_call(conn, frame->stream, request),
			       &request->payload);
	ttrpc__request__free_unpacked(request, NULL);
}
