/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shim.h - containerd-shim-kedge-v1: its command line, and the server's parts
 *
 * In       argv and environment as containerd gives them (runtime/v2/README.md)
 * Effects  `start` leaves a server behind, `delete` cleans up after one that was killed
 */
#ifndef KEDGE_SHIM_TASK_SHIM_H
#define KEDGE_SHIM_TASK_SHIM_H

#include "shim/task/children.h"
#include "shim/task/events.h"
#include "shim/task/loop.h"
#include "shim/task/server.h"

#define SHIM_NAME "containerd-shim-kedge-v1"

struct task;
struct kill_all;

/* The server's parts. There is one, and it doesn't move. */
struct shim {
	struct loop loop;
	struct children children;
	struct server server;
	struct events events;
	struct task *tasks;
	const char *namespace; /* containerd's */
	struct kill_all *kills,
		**last_kill; /* kill.c: what waits for a worker, first come first served */
	unsigned int n_killing;
	bool is_shut_down;    /* asked to end, as soon as all is sent */
	bool is_sandbox_over; /* and that the last task is being removed */
};

/* The whole command line; gives the exit status. */
int shim_main(char **argv, char **envp);

#endif
