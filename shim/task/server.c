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

static void accept_one(struct loop_source *source, uint32_t events)
{
	struct server *server = (void *)((char *)source - offsetof(struct server, source));
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd >= 0)
		conn_open(server, fd);
	else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		log_error("accept: error %d", errno);
}

int server_init(struct server *server, struct loop *loop, int fd, struct err *err)
{
	server->loop = loop;
	server->source = (struct loop_source){ .fd = fd, .ready = accept_one };
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
	for (const struct conn *conn = server->conns; conn; conn = conn->next)
		if (!conn->last_stream)
			return true;
	return server->n_looked && proc_now_us() - server->looked_at_us < EXPECT_US;
}

void server_done(struct server *server)
{
	loop_unwatch(server->loop, &server->source);
	fd_close(&server->source.fd);
	while (server->conns)
		conn_close(server->conns);
}
