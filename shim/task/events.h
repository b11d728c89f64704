/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.h - tell containerd what happens to tasks
 *
 * In       messages of proto/events.proto with their topics
 * Out      Forward calls to the events service at TTRPC_ADDRESS: in order, one after the other
 * Effects  one connection, closed again when there has been nothing to say for a while
 * Source   containerd api/services/ttrpc/events/v1; pkg/shim/publisher.go
 *
 * While containerd is away (a restart takes seconds) events wait in a queue and are sent again: an
 * exit that Docker isn't told of leaves its container "up" for ever. The queue is bounded; what is
 * oldest goes first.
 */
#ifndef KEDGE_SHIM_TASK_EVENTS_H
#define KEDGE_SHIM_TASK_EVENTS_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "shim/task/frame.h"
#include "shim/task/loop.h"

#define EVENTS_MAX 2048

struct event;

struct events {
	struct loop *loop;
	const char *socket; /* path of containerd's ttrpc socket; NULL: nobody to tell */
	const char *namespace;
	struct event *head, *tail;
	size_t n;
	struct loop_source source; /* the connection; fd -1 */
	struct frame_reader in;
	size_t sent;	 /* bytes of the first event's frame; the answer is awaited when all are */
	uint32_t stream; /* of the last request on this connection */
	struct loop_timer timer;
};

/* Begin with an empty queue. The strings are borrowed. `address`: a path, or unix://PATH; or NULL. */
void events_init(struct events *events, struct loop *loop, const char *address,
		 const char *namespace);

/*
 * Queue an event, with the time of now. `topic` is "/tasks/exit" and the like, `event` a message of
 * proto/events.proto; `type` is the name that containerd knows it by, "containerd.events.TaskExit".
 */
void events_publish(struct events *events, const char *topic, const char *type,
		    const ProtobufCMessage *event);

/* Whether all that was published has been taken. */
bool events_are_sent(const struct events *events);

/* Close the connection and drop what wasn't sent. */
void events_done(struct events *events);

#endif
