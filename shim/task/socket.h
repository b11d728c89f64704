/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket.h - the socket that containerd reaches a shim by
 *
 * In       containerd's address, its namespace, and the id of the task or the group of tasks
 * Out      DIR/HASH, where DIR is /run/containerd/s
 * Effects  a socket (0600) in a directory of ours (0700)
 * Source   containerd pkg/shim/util_unix.go, SocketAddress
 */
#ifndef KEDGE_SHIM_TASK_SOCKET_H
#define KEDGE_SHIM_TASK_SOCKET_H

#include <stdbool.h>

#include "core/base/err.h"

#define SOCKET_DIR "/run/containerd/s"

/* The path; `dir` NULL is SOCKET_DIR. The caller frees. */
char *socket_path(const char *dir, const char *address, const char *namespace, const char *id);

/*
 * Listen at `path`: gives the fd (CLOEXEC), or -2 when a live shim listens there already. A dead
 * one's socket is replaced. Errors: ERR_LIMIT for a path that is too long, from errno.
 */
int socket_listen(const char *path, struct err *err);

/*
 * Take the name of the listening socket away, so that nobody finds it any more; another shim may take
 * that name at once. Gives false and leaves it if somebody has connected, or is about to.
 */
bool socket_retire(int fd);

/*
 * Remove the socket if nobody listens there, or as soon as nobody does, if that is within `patience_ms`:
 * one who was killed hangs up a moment before it stops to listen. Who does isn't disturbed by a connection.
 */
void socket_remove_dead(const char *path, unsigned int patience_ms);

#endif
