/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync.h - the fixed messages between kedge and a process that it is setting up
 *
 * In/Out   one datagram of a SOCK_SEQPACKET socketpair per message: a kind, and for SYNC_ERROR a
 *          struct err. Lengths are checked; there is no framing to overflow (CVE-2021-43784)
 * Effects  reads and writes the socket
 */
#ifndef KEDGE_CORE_RUN_SYNC_H
#define KEDGE_CORE_RUN_SYNC_H

#include <sys/types.h>

#include "core/base/err.h"

enum sync_kind {
	SYNC_PID = 1, /* stage -> parent: here is the pid of the real child */
	SYNC_GO,      /* parent -> child: cgroup and id maps are in place */
	SYNC_MOUNTED, /* child -> parent: mounts are made, run hooks and set limits */
	SYNC_GO_ON,   /* parent -> child: done */
	SYNC_CONSOLE, /* child -> parent: the next datagram carries the terminal's master */
	SYNC_SECCOMP, /* child -> parent: the next datagram carries a seccomp listener */
	SYNC_READY,   /* child -> parent: nothing is left to do but to wait for start */
	SYNC_ERROR,   /* child -> parent: this went wrong; the child ends */
};

/* A connected pair, both ends CLOEXEC. */
int sync_pair(int fds[2], struct err *err);

/* Send a message without content. Errors: ERR_SYS. */
int sync_send(int sock, enum sync_kind kind, struct err *err);

/* Send SYNC_PID. */
int sync_send_pid(int sock, pid_t pid, struct err *err);

/* Send SYNC_ERROR; a failure to do so is ignored, as the sender is about to end. */
void sync_send_error(int sock, const struct err *what);

/*
 * Receive the next message. Gives its kind, 0 at the end of the stream (the peer has ended or has
 * executed its program), or -1. SYNC_ERROR gives -1 with the peer's error in `err`.
 * `pid` (may be NULL) receives the content of SYNC_PID.
 */
int sync_recv(int sock, pid_t *pid, struct err *err);

/* Receive exactly `kind`; everything else is an error ("<who> ended unexpectedly" at the end). */
int sync_expect(int sock, enum sync_kind kind, const char *who, struct err *err);

#endif
