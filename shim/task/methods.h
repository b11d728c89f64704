/* SPDX-License-Identifier: Apache-2.0 */
/*
 * methods.h - the methods of the task service, one function each
 *
 * In       a call with its request unpacked: call->request is the message that the method's row in
 *          methods.c names
 * Effects  each answers its call, now or later
 * Source   containerd api/runtime/task/v3/shim.proto; the runc shim's service.go for what they do
 *
 * Versions 2 and 3 of the service are the same messages under two names.
 */
#ifndef KEDGE_SHIM_TASK_METHODS_H
#define KEDGE_SHIM_TASK_METHODS_H

#include "shim/task/shim.h"

/* The server's dispatcher; `arg` is the struct shim. */
void methods_dispatch(void *arg, struct call *call, const ProtobufCBinaryData *payload);

/* create.c: make root file system, stdio and container; answers its pid. */
void method_create(struct shim *shim, struct call *call);

/* start.c: let it run its program; with an exec id: see exec.c. */
void method_start(struct shim *shim, struct call *call);

/* delete.c: take away what has stopped, or was never started. */
void method_delete(struct shim *shim, struct call *call);

/* exec.c: record a process that is to run in the container. */
void method_exec(struct shim *shim, struct call *call);

/* kill.c: signal a process, or all of the container. */
void method_kill(struct shim *shim, struct call *call);

/* checkpoint.c: dump the container, which runs on or ends. */
void method_checkpoint(struct shim *shim, struct call *call);

/* questions.c: how a process is. */
void method_state(struct shim *shim, struct call *call);
/* questions.c: answered when the process has ended. */
void method_wait(struct shim *shim, struct call *call);
/* questions.c: all processes of the container. */
void method_pids(struct shim *shim, struct call *call);
/* questions.c: who we are. */
void method_connect(struct shim *shim, struct call *call);

/* freeze.c: freeze the container. */
void method_pause(struct shim *shim, struct call *call);
/* freeze.c: thaw it. */
void method_resume(struct shim *shim, struct call *call);

/* update.c: give it other limits. */
void method_update(struct shim *shim, struct call *call);

/* stats.c: what it uses of memory, CPU time and so on. */
void method_stats(struct shim *shim, struct call *call);

/* stdio.c: stdin ends when the client closes it. */
void method_close_io(struct shim *shim, struct call *call);

/* stdio.c: the size of a terminal. */
void method_resize_pty(struct shim *shim, struct call *call);

/* shutdown.c: end, if there is no task any more. */
void method_shutdown(struct shim *shim, struct call *call);

/* sandbox.c: make a pod's own container, which holds the pod's namespaces. */
void method_sandbox_create(struct shim *shim, struct call *call);
/* sandbox.c: let it run; answers its pid. */
void method_sandbox_start(struct shim *shim, struct call *call);
/* sandbox.c: what the pod's containers run on. */
void method_sandbox_platform(struct shim *shim, struct call *call);
/* sandbox.c: kill all of it. */
void method_sandbox_stop(struct shim *shim, struct call *call);
/* sandbox.c: answered when it has ended. */
void method_sandbox_wait(struct shim *shim, struct call *call);
/* sandbox.c: how it is. */
void method_sandbox_status(struct shim *shim, struct call *call);
/* sandbox.c: what it uses of memory, CPU time and so on. */
void method_sandbox_metrics(struct shim *shim, struct call *call);
/* sandbox.c: whether it is there. */
void method_sandbox_ping(struct shim *shim, struct call *call);
/* sandbox.c: kill and remove it, and end. */
void method_sandbox_shutdown(struct shim *shim, struct call *call);

#endif
