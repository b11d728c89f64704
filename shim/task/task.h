/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task.h - the tasks of this shim and their processes
 *
 * Out      struct task: a container; struct task_process: its first process, or one exec'd in it
 * Effects  memory; exits are published, and those who wait for them are answered
 *
 * Operations that change a task run one after the other, each in a worker: task_op_begin() starts
 * one now or when the others are through, task_op_end() ends it. Questions (State, Pids, Wait,
 * Connect) and Kill don't queue, they are answered at any time.
 *
 * An exit is handled when no operation is running any more (so "start" comes before "exit"), the
 * output has been copied, and for a first process when all exec'd ones have ended before it.
 */
#ifndef KEDGE_SHIM_TASK_TASK_H
#define KEDGE_SHIM_TASK_TASK_H

#include <sys/types.h>
#include <time.h>

#include "proto/task.pb-c.h"
#include "shim/task/io.h"
#include "shim/task/oom.h"
#include "shim/task/options.h"
#include "shim/task/shim.h"
#include "shim/task/state.h"
#include "shim/task/worker.h"

struct task_process {
	struct task *task;
	char *exec_id; /* "": the first process */
	pid_t pid;     /* 0: not started */
	enum state state;
	bool has_ended; /* reaped; its exit isn't handled before state is STOPPED */
	unsigned int exit_status;
	struct timespec exited_at;
	bool terminal;
	char *stdio[3]; /* the client's paths, "" for none: State echoes them */
	struct io io;
	struct child child;
	struct loop_timer patience; /* for a reader that doesn't take the output */
	bool is_out_of_patience;
	struct call *waiters; /* calls of Wait, by next_waiter */
	struct task_process *next;
	ProtobufCMessage *exec_request; /* of an exec: what Exec was called with; or NULL */
};

struct task {
	struct shim *shim;
	char *id;
	char *bundle;
	char *root;	  /* where the container is recorded: kedge --root */
	char *checkpoint; /* a directory: Start restores from it; until then a holder's pid is known */
	struct task_options options;
	struct task_process init;
	struct task_process *execs;
	struct timespec created_at;
	unsigned long long
		packed_us;     /* proc_now_us() when containerd last got images to pack up; or 0 */
	bool has_pid_ns;       /* its first process takes all others with it */
	bool is_killing;       /* a worker kills the rest */
	bool has_killed;       /* and has done so */
	struct oom oom;	       /* watched as soon as there is a cgroup */
	bool is_pausing;       /* a worker freezes it */
	bool is_doomed;	       /* it was sent SIGKILL: no pausing any more */
	int late_signal;       /* sent between the holder's end and the restored process; or 0 */
	bool is_being_undone;  /* what was made of it, as it is not to be */
	struct call *unwanted; /* calls of Delete that came while it was created, by next_waiter */
	struct task_op *op;    /* what is being done to it */
	struct task_op *pending; /* what comes then, in order */
	bool is_going_on;	 /* somebody is going through them */
	bool is_dead;		 /* freed, but for who is going on */
	struct task *next;
};

/* One operation on a task: a request on its way. */
struct task_op {
	struct task *task;
	struct task_process *process; /* set when it begins */
	struct call *call;	      /* answered before task_op_end() */
	char *exec_id;
	void (*begin)(struct task_op *op);
	pid_t worker; /* who works on it, until its `done` */
	struct task_op *next;
};

/* The task that was created as `id`, or NULL. One that is still being created isn't found. */
struct task *task_find(struct shim *shim, const char *id);

/* The one that is still being created as `id`, or NULL. */
struct task *task_find_unmade(struct shim *shim, const char *id);

/* The process, by exec id ("" is the first), or NULL. */
struct task_process *task_find_process(struct task *task, const char *exec_id);

/*
 * The process that a request is about; if there is none the call is answered with NOT_FOUND and
 * gone, and this is NULL.
 */
struct task_process *task_lookup(struct shim *shim, struct call *call, const char *id,
				 const char *exec_id);

/* A new task, of which nobody knows but its maker; it becomes known with the state CREATED. */
struct task *task_new(struct shim *shim, const char *id, const char *bundle);

/* Whether `id` is taken, also by one that is still being created. */
bool task_is_taken(const struct shim *shim, const char *id);

/* Take it from the list and free it with its processes. Pending operations are refused. */
void task_free(struct task *task);

/* Add an exec'd process, or take one away and free it. */
struct task_process *task_add_exec(struct task *task, const char *exec_id);
/* Take an exec'd process from its task and free it. */
void task_remove_exec(struct task_process *process);

/* Keep the client's stdio paths of a process. */
void task_process_set_stdio(struct task_process *process, const char *const paths[3]);

/* It runs as `pid`: from now on its end is awaited. */
void task_process_set_pid(struct task_process *process, pid_t pid);

/*
 * Begin an operation on the task as soon as no other is running: `begin` is called, now or later,
 * with op->process looked up; it owns the call and calls task_op_end(). Without such a process the
 * call is answered with NOT_FOUND.
 */
void task_op_begin(struct task *task, struct call *call, const char *exec_id,
		   void (*begin)(struct task_op *op));

/*
 * If there is a refusal, answer the call with it and end the operation; whether that was so. `no` NULL
 * is none.
 */
bool task_op_refuse(struct task_op *op, const struct state_refusal *no);

/* The operation is through and its call answered. Handles exits, begins the next one. */
void task_op_end(struct task_op *op);

/*
 * The same after the task itself has been removed with task_free(): frees `op` alone.
 */
void task_op_drop(struct task_op *op);

/*
 * Run the operation's job in a worker. When there is no worker to be had, `done` is called with the
 * error. `stdio` as in worker.h, NULL for none.
 */
void task_op_work(struct task_op *op,
		  int (*run)(void *op, struct worker_answer *answer, struct err *err),
		  void (*done)(void *op, struct worker_answer *answer), const int *stdio);

/* Tell containerd from now on when the kernel kills in it for want of memory. */
void task_watch_oom(struct task *task);

/* Handle the exits that can be handled. */
void task_settle(struct task *task);

/* Handle this exit now, come what may of the output; nothing if it hasn't ended or is handled. */
void task_publish_exit(struct task_process *process);

/* Answer all that wait for the process. */
void task_answer_waiters(struct task_process *process);

/* Seconds and nanoseconds for a message; valid as long as `out`. */
Wkt__Timestamp *task_timestamp(const struct timespec *at, Wkt__Timestamp *out);

#endif
