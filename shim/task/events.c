/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "proto/events.pb-c.h"
#include "proto/ttrpc.pb-c.h"
#include "shim/task/events.h"

#define SERVICE	  "containerd.services.events.ttrpc.v1.Events"
#define RETRY_MS  500
#define ANSWER_MS 5000
#define IDLE_MS	  2000

/* An event as the payload of a request; the frame is made when it is sent, as that has a number. */
struct event {
	struct event *next;
	struct buf frame; /* on this connection; empty while it isn't the first */
	size_t payload_bytes;
	uint8_t payload[];
};

static void drop_head(struct events *events)
{
	struct event *event = events->head;

	events->head = event->next;
	if (!events->head)
		events->tail = NULL;
	events->n--;
	events->sent = 0;
	buf_done(&event->frame);
	free(event);
}

static void disconnect(struct events *events)
{
	loop_unwatch(events->loop, &events->source);
	fd_close(&events->source.fd);
	frame_done(&events->in);
	events->stream = 0;
	events->sent = 0;
	if (events->head)
		buf_done(&events->head->frame);
}

/* Try again in a while: containerd is away, or doesn't answer. */
static void give_up(struct events *events, const char *why)
{
	log_debug("events: %s; %zu to send", why, events->n);
	disconnect(events);
	loop_timer_set(events->loop, &events->timer, RETRY_MS);
}

static int connect_to(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || strlen(path) >= sizeof(sa.sun_path))
		return -1;
	strcpy(sa.sun_path, path);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return -1;
	return take_fd(&fd);
}

static void make_frame(struct events *events)
{
	Ttrpc__Request request = TTRPC__REQUEST__INIT;
	struct event *event = events->head;
	static char service[] = SERVICE, method[] = "Forward";
	auto_free uint8_t *data = NULL;
	struct frame frame = { .type = FRAME_REQUEST };

	request.service = service;
	request.method = method;
	request.payload.data = event->payload;
	request.payload.len = event->payload_bytes;
	request.timeout_nano = ANSWER_MS * 1000000LL;
	frame.bytes = (uint32_t)ttrpc__request__get_packed_size(&request);
	data = xmalloc(frame.bytes);
	ttrpc__request__pack(&request, data);
	events->stream += events->stream ? 2 : 1;
	frame.stream = events->stream;
	frame.data = data;
	frame_write(&frame, &event->frame);
}

/* Send what the socket takes of the first event. Gives -1 when the connection is broken. */
static int send_head(struct events *events)
{
	struct event *event = events->head;

	if (!event->frame.n)
		make_frame(events);
	while (events->sent < event->frame.n) {
		ssize_t n = send(events->source.fd, event->frame.p + events->sent,
				 event->frame.n - events->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && errno != EINTR)
			return -1;
		events->sent += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static void pump(struct events *events)
{
	bool is_sending;

	if (!events->head) {
		loop_timer_set(events->loop, &events->timer, IDLE_MS);
		return;
	}
	if (events->source.fd < 0)
		events->source.fd = connect_to(events->socket);
	if (events->source.fd < 0) {
		give_up(events, "containerd can't be reached");
		return;
	}
	if (send_head(events)) {
		give_up(events, "the connection broke");
		return;
	}
	is_sending = events->sent < events->head->frame.n;
	if (loop_watch(events->loop, &events->source, EPOLLIN | (is_sending ? EPOLLOUT : 0U), NULL))
		give_up(events, "epoll");
	else
		loop_timer_set(events->loop, &events->timer, ANSWER_MS);
}

/* An event that containerd doesn't want won't be wanted the next time either. */
static void take_answer(struct events *events, const struct frame *frame)
{
	Ttrpc__Response *response = ttrpc__response__unpack(NULL, frame->bytes, frame->data);

	if (response && response->status && response->status->code)
		log_warn("containerd refuses an event: %s", response->status->message);
	ttrpc__response__free_unpacked(response, NULL);
	drop_head(events);
}

static void ready(struct loop_source *source, uint32_t what)
{
	struct events *events = (void *)((char *)source - offsetof(struct events, source));
	struct frame frame;
	char chunk[1024];
	ssize_t n = recv(source->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	(void)what;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		disconnect(events);
		if (events->head)
			give_up(events, "containerd has closed the connection");
		return;
	}
	if (n > 0)
		frame_add(&events->in, chunk, (size_t)n);
	while (frame_next(&events->in, &frame) == FRAME_WHOLE)
		if (events->head && frame.type == FRAME_RESPONSE && frame.stream == events->stream)
			take_answer(events, &frame);
	pump(events);
}

static void on_timer(struct loop_timer *timer)
{
	struct events *events = (void *)((char *)timer - offsetof(struct events, timer));

	if (!events->head || events->source.fd >= 0)
		disconnect(events); /* idle, or no answer */
	if (events->head)
		pump(events);
}

void events_init(struct events *events, struct loop *loop, const char *address,
		 const char *namespace)
{
	*events = (struct events){
		.loop = loop,
		.namespace = namespace,
		.source = { .fd = -1, .ready = ready },
		.timer = { .fire = on_timer },
	};
	if (address && *address)
		events->socket = str_starts(address, "unix://") ? address + 7 : address;
}

static struct event *pack(const struct events *events, const char *topic, const char *type,
			  const ProtobufCMessage *message)
{
	Wkt__Timestamp timestamp = WKT__TIMESTAMP__INIT;
	Wkt__Any any = WKT__ANY__INIT;
	Events__Envelope envelope = EVENTS__ENVELOPE__INIT;
	Events__ForwardRequest forward = EVENTS__FORWARD_REQUEST__INIT;
	auto_free uint8_t *value = xmalloc(protobuf_c_message_get_packed_size(message) + 1);
	struct timespec now;
	struct event *event;

	clock_gettime(CLOCK_REALTIME, &now);
	timestamp.seconds = now.tv_sec;
	timestamp.nanos = (int32_t)now.tv_nsec;
	any.type_url = (char *)type;
	any.value.len = protobuf_c_message_pack(message, value);
	any.value.data = value;
	envelope.timestamp = &timestamp;
	envelope.namespace_ = (char *)events->namespace;
	envelope.topic = (char *)topic;
	envelope.event = &any;
	forward.envelope = &envelope;
	event = xcalloc(1, sizeof(*event) + events__forward_request__get_packed_size(&forward));
	event->payload_bytes = events__forward_request__pack(&forward, event->payload);
	return event;
}

void events_publish(struct events *events, const char *topic, const char *type,
		    const ProtobufCMessage *message)
{
	struct event *event;

	if (!events->socket)
		return;
	event = pack(events, topic, type, message);
	if (events->n >= EVENTS_MAX) {
		log_warn("containerd is away and %d events wait: the oldest is dropped",
			 EVENTS_MAX);
		disconnect(events);
		drop_head(events);
	}
	if (events->tail)
		events->tail->next = event;
	else
		events->head = event;
	events->tail = event;
	events->n++;
	/* with more than one there is a timer already: an answer is awaited, or the next try */
	if (events->n == 1)
		pump(events);
}

bool events_are_sent(const struct events *events)
{
	return !events->head;
}

void events_done(struct events *events)
{
	loop_timer_stop(events->loop, &events->timer);
	disconnect(events);
	while (events->head)
		drop_head(events);
}
