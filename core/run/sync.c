/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "core/run/sync.h"

struct sync_msg {
	enum sync_kind kind;
	pid_t pid;
	struct err err;
};

#define HEAD_BYTES offsetof(struct sync_msg, err)

int sync_pair(int fds[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return err_sys(err, "make a socket pair");
	return 0;
}

static int send_msg(int sock, const struct sync_msg *msg, size_t bytes, struct err *err)
{
	ssize_t n;

	do {
		n = send(sock, msg, bytes, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? err_sys(err, "send to the other process") : 0;
}

int sync_send(int sock, enum sync_kind kind, struct err *err)
{
	struct sync_msg msg;

	msg.kind = kind;
	msg.pid = 0;
	return send_msg(sock, &msg, HEAD_BYTES, err);
}

int sync_send_pid(int sock, pid_t pid, struct err *err)
{
	struct sync_msg msg;

	msg.kind = SYNC_PID;
	msg.pid = pid;
	return send_msg(sock, &msg, HEAD_BYTES, err);
}

void sync_send_error(int sock, const struct err *what)
{
	struct sync_msg msg;

	msg.kind = SYNC_ERROR;
	msg.pid = 0;
	msg.err = *what;
	send_msg(sock, &msg, sizeof(msg), NULL);
}

/*
 * Take over the peer's error. The peer stands in a container, where somebody may have traced it:
 * whatever it sent, the kind is one that exists and the strings end in NUL.
 */
static int take_error(struct sync_msg *msg, struct err *err)
{
	unsigned int kind = (unsigned int)msg->err.kind;

	if (kind <= ERR_NONE || kind > ERR_SYS)
		msg->err.kind = ERR_SYS;
	msg->err.msg[sizeof(msg->err.msg) - 1] = '\0';
	msg->err.hint[sizeof(msg->err.hint) - 1] = '\0';
	if (err)
		*err = msg->err;
	return -1;
}

int sync_recv(int sock, pid_t *pid, struct err *err)
{
	struct sync_msg msg;
	ssize_t n;

	do {
		n = recv(sock, &msg, sizeof(msg), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != ECONNRESET)
		return err_sys(err, "receive from the other process");
	if (n <= 0)
		return 0;
	if ((size_t)n == sizeof(msg) && msg.kind == SYNC_ERROR)
		return take_error(&msg, err);
	if ((size_t)n != HEAD_BYTES || msg.kind < SYNC_PID || msg.kind >= SYNC_ERROR)
		return err_set(err, ERR_INVALID, "the other process sent an unknown message");
	if (pid)
		*pid = msg.pid;
	return (int)msg.kind;
}

int sync_expect(int sock, enum sync_kind kind, const char *who, struct err *err)
{
	int got = sync_recv(sock, NULL, err);

	if (got < 0)
		return -1;
	if (got == 0)
		return err_set(err, ERR_SYS, "%s ended unexpectedly", who);
	if (got != (int)kind)
		return err_set(err, ERR_INVALID, "%s sent message %d where %d was due", who, got,
			       (int)kind);
	return 0;
}
