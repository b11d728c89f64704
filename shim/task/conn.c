/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "shim/task/conn.h"

/* It is on the stack, of which each page that was ever used is ours for good. */
#define READ_BYTES 4096

static struct conn *of_source(struct loop_source *source)
{
	return (void *)((char *)source - offsetof(struct conn, source));
}

void conn_close(struct conn *conn)
{
	struct conn **p = &conn->server->conns;

	if (conn->is_dead)
		return;
	conn->is_dead = true;
	if (!conn->last_stream) {
		conn->server->n_looked++;
		conn->server->looked_at_us = proc_now_us();
	}
	loop_unwatch(conn->server->loop, &conn->source);
	fd_close(&conn->source.fd);
	while (conn->calls)
		call_orphan(conn->calls);
	while (*p && *p != conn)
		p = &(*p)->next;
	if (*p)
		*p = conn->next;
	frame_done(&conn->in);
	buf_done(&conn->out);
	if (!conn->busy)
		free(conn);
	malloc_trim(0); /* what a busy client made us need isn't needed any more */
}

/* Let go of a connection that was held; it may have been closed meanwhile. */
static void unhold(struct conn *conn)
{
	if (!--conn->busy && conn->is_dead)
		free(conn);
}

static bool is_reading(const struct conn *conn)
{
	return conn->out.n - conn->out_at < CONN_MAX_UNREAD_BYTES;
}

static void wait_for(struct conn *conn)
{
	struct err err = { 0 };
	uint32_t events = (is_reading(conn) ? EPOLLIN : 0U) | (conn->out.n ? EPOLLOUT : 0U);

	if (loop_watch(conn->server->loop, &conn->source, events, &err)) {
		log_error("%s", err.msg);
		conn_close(conn);
	}
}

/* Write what the client takes. Gives -1 when the connection has been closed. */
static int flush(struct conn *conn)
{
	while (conn->out_at < conn->out.n) {
		ssize_t n = send(conn->source.fd, conn->out.p + conn->out_at,
				 conn->out.n - conn->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0) {
			conn_close(conn);
			return -1;
		}
		conn->out_at += (size_t)n;
	}
	buf_done(&conn->out);
	conn->out_at = 0;
	return 0;
}

void conn_send(struct conn *conn, const struct frame *frame)
{
	if (conn->is_dead)
		return;
	frame_write(frame, &conn->out);
	if (!flush(conn))
		wait_for(conn);
}

static void take_frames(struct conn *conn)
{
	enum frame_found found;
	struct frame frame;

	while (!conn->is_dead && (found = frame_next(&conn->in, &frame)) != FRAME_NONE) {
		if (frame.type != FRAME_REQUEST)
			continue; /* streams of data we don't speak; ttrpc ignores what it doesn't know */
		if (found == FRAME_TOO_LONG)
			conn_refuse(conn, frame.stream, CODE_RESOURCE_EXHAUSTED,
				    "message is longer than 4 MiB");
		else
			call_take(conn, &frame);
	}
}

/* One read per turn: a busy client doesn't keep the others waiting. */
static void read_some(struct conn *conn)
{
	char chunk[READ_BYTES];
	ssize_t n = recv(conn->source.fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_close(conn);
		return;
	}
	frame_add(&conn->in, chunk, (size_t)n);
	take_frames(conn);
}

static void ready(struct loop_source *source, uint32_t events)
{
	struct conn *conn = of_source(source);

	conn->busy++;
	if (events & EPOLLOUT)
		flush(conn);
	if (!conn->is_dead && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_some(conn);
	if (!conn->is_dead)
		wait_for(conn);
	unhold(conn);
}

/* Only the user that we are may give orders: for a shim of root's that is root (ttrpc's unixcreds). */
static bool is_allowed(int fd)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes))
		return false;
	if (peer.uid == geteuid() && peer.gid == getegid())
		return true;
	log_warn("process %d of user %u may not connect", (int)peer.pid, peer.uid);
	return false;
}

void conn_open(struct server *server, int fd)
{
	struct conn *conn;

	if (!is_allowed(fd)) {
		close(fd);
		return;
	}
	conn = xcalloc(1, sizeof(*conn));
	conn->server = server;
	conn->opened_us = proc_now_us();
	conn->source = (struct loop_source){ .fd = fd, .ready = ready };
	conn->next = server->conns;
	server->conns = conn;
	wait_for(conn);
}
