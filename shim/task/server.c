/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "shim/task/conn.h"
#include "shim/task/server.h"

/* containerd takes a moment from `start` to its connection; a busy host, longer. */
#define EXPECT_US 5000000U
/* After this time there may be fds again. */
#define PAUSE_MS 100

static void accept_one(struct loop_source *source, uint32_t events)
{
	struct server *server = (void *)((char *)source - offsetof(struct server, source));
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd >= 0) {
		conn_open(server, fd);
		return;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	/* who waits for us stays in the queue, and would wake us again and again */
	log_error("accept: error %d", errno);
	loop_unwatch(server->loop, &server->source);
	loop_timer_set(server->loop, &server->pause, PAUSE_MS);
}

static void accept_again(struct loop_timer *timer)
{
	struct server *server = (void *)((char *)timer - offsetof(struct server, pause));

	if (loop_watch(server->loop, &server->source, EPOLLIN, NULL))
		loop_timer_set(server->loop, timer, PAUSE_MS);
}

int server_init(struct server *server, struct loop *loop, int fd, struct err *err)
{
	server->loop = loop;
	server->source = (struct loop_source){ .fd = fd, .ready = accept_one };
	server->pause.fire = accept_again;
	return loop_watch(loop, &server->source, EPOLLIN, err);
}

bool server_is_writing(const struct server *server)
{
	for (const struct conn *conn = server->conns; conn; conn = conn->next)
		if (conn->out.n)
			return true;
	return false;
}

bool server_is_expecting(const struct server *server)
{
	unsigned long long now = proc_now_us();

	for (const struct conn *conn = server->conns; conn; conn = conn->next)
		if (!conn->last_stream && now - conn->opened_us < EXPECT_US)
			return true;
	return server->n_looked && now - server->looked_at_us < EXPECT_US;
}

void server_done(struct server *server)
{
	loop_timer_stop(server->loop, &server->pause);
	loop_unwatch(server->loop, &server->source);
	fd_close(&server->source.fd);
	while (server->conns)
		conn_close(server->conns);
}
