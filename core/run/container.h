/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.h - a container as kedge knows it: its recorded state, its status, its directory
 *
 * In       the state directory ROOT/ID, written by store.c
 * Out      struct container: a value with an open directory; container_done() gives it back
 * Effects  reads the store, /proc and the freezer; container_begin and container_abandon write
 * Source   runtime-spec, runtime.md#state and #lifecycle
 *
 * What lies in ROOT/ID: state.json (this value), config.json (the bytes that the container was
 * made from), mounts (record.h), start.sock (there while the container waits for `start`; start.new
 * until `create` is through), holder while another process holds its place (holder.h), dumping after a
 * checkpoint (core/cr/dump_lock.h), and during a restore the staging files. A directory without a
 * readable state.json, or with a start.new, is a container that was half made: its status is
 * "creating" while somebody holds its lock, else "stopped", and it can be deleted.
 */
#ifndef KEDGE_CORE_RUN_CONTAINER_H
#define KEDGE_CORE_RUN_CONTAINER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/linux/cgroup.h"
#include "core/spec.h"

#define CONTAINER_START	    "start.sock"
#define CONTAINER_START_NEW "start.new"
#define CONTAINER_HOLDER    "holder" /* see core/run/holder.h */

enum container_status {
	CONTAINER_CREATING,
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_STOPPED,
};

/* Where containers are recorded: a directory of ours alone, mode 0700. */
struct store {
	char *root;  /* absolute path, "/run/kedge" by default */
	int root_fd; /* -1 in an empty store */
};

struct container {
	const struct store *store; /* borrowed */
	char *id;
	int dir_fd;  /* ROOT/ID; -1 in an empty value */
	int lock_fd; /* held while somebody changes the container; -1 */
	char *oci_version;
	char *bundle;		       /* absolute */
	char *rootfs;		       /* absolute, resolved */
	char *created;		       /* RFC 3339 with nanoseconds, UTC */
	char *owner;		       /* the user that made it */
	pid_t pid;		       /* the first process, as this pid namespace sees it; 0 */
	unsigned long long start_time; /* of that process, clock ticks since boot */
	char *stdio[3];		       /* what fds 0, 1, 2 were at its start: "pipe:[4711]" */
	struct cgroup cgroup;
	struct arena arena; /* holds the annotations */
	struct spec_pairs annotations;
	bool is_half_made; /* state.json is missing or can't be read */
	bool is_busy;	   /* unfinished, and somebody was at it when it was loaded */
};

/* "creating", "created", "running", "paused", "stopped" (runtime.md#state). */
const char *container_status_name(enum container_status status);

/* Close and free everything; the processes of the container stay as they are. */
void container_done(struct container *c);

/*
 * Open the container `id`. `c` is zeroed on entry. Nothing is locked.
 * Errors: ERR_NOT_FOUND "container does not exist", ERR_INVALID for an id that can't be one.
 */
int container_load(const struct store *store, const char *id, struct container *c, struct err *err);

/*
 * Take the container's lock, waiting for whoever has it (another kedge that makes, starts, deletes,
 * checkpoints or restores it), and read its state anew: what was loaded before is from before they
 * were through. The lock goes with container_done() and with the process.
 * Errors: ERR_NOT_FOUND when it was deleted meanwhile, ERR_SYS.
 */
int container_lock(struct container *c, struct err *err);

/* What the container is doing now. */
enum container_status container_status(const struct container *c);

/*
 * The spec's root file system as an absolute, resolved path; the caller frees. NULL on failure.
 * Errors: ERR_NOT_FOUND, ERR_INVALID when it is no directory.
 */
char *container_rootfs(const struct spec *spec, struct err *err);

/* What a container begins with. All is borrowed. */
struct container_seed {
	const struct store *store;
	const char *id;
	const struct spec *spec;
	const char *config; /* bytes of config.json, NUL-terminated; kept with the state */
};

/*
 * Begin a new container: the id is taken (its directory made and locked), its cgroups are made and
 * recorded, the config is kept. `c` is zeroed on entry.
 * From here on container_abandon() undoes everything, also in another process after kill -9.
 * Errors: ERR_EXISTS when the id is taken, ERR_INVALID for a bad id or a bundle without rootfs.
 */
int container_begin(const struct container_seed *seed, struct container *c, struct err *err);

/*
 * Record that `pid` is the container's first process.
 * Errors: ERR_NOT_FOUND when it has ended already, ERR_SYS.
 */
int container_set_pid(struct container *c, pid_t pid, struct err *err);

/*
 * Undo: kill what lives in the container's cgroup and its first process, remove cgroup and state.
 * Works on any half-made container; repeats are harmless. Goes on after a failure and reports the
 * first. The id is free again when it gives 0.
 */
int container_abandon(struct container *c, struct err *err);

/* The state document of runtime.md#state as JSON text for hooks; the caller frees. */
char *container_state_json(const struct container *c, enum container_status status);

#endif
