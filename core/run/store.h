/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - containers on disk: ROOT/ID/state.json and its neighbours
 *
 * In/Out   struct container <-> state.json (our own format, versioned; also has runc's top keys)
 * Effects  files below ROOT only; every write is atomic (temporary, fsync, rename)
 */
#ifndef KEDGE_CORE_RUN_STORE_H
#define KEDGE_CORE_RUN_STORE_H

#include "core/run/container.h"

/* A directory below ROOT that is no container: compiled seccomp filters. */
#define STORE_CACHE ".cache"

/*
 * Open the directory of all containers, making it (0700) when it isn't there.
 * Errors: ERR_DENIED when others may write to it, ERR_SYS.
 */
int store_open(const char *root, struct store *store, struct err *err);

/* Close it; the store is empty afterwards. */
void store_done(struct store *store);

/*
 * Check an id: 1 to 255 bytes of [A-Za-z0-9_+.-] (runc's rule, and a directory's name), not ".",
 * ".." or the cache's. Errors: ERR_INVALID naming the rule.
 */
int store_check_id(const char *id, struct err *err);

/*
 * Whether store_reserve() would find `id` free in the directory `root`; nothing is taken or made.
 * Errors: as store_reserve().
 */
int store_check_free(const char *root, const char *id, struct err *err);

/* The ids that have a directory, sorted. */
int store_list(const struct store *store, struct strv *ids, struct err *err);

/* Make and lock ROOT/ID. Sets c->id, dir_fd, lock_fd. Errors: ERR_EXISTS, ERR_INVALID. */
int store_reserve(const struct store *store, const char *id, struct container *c, struct err *err);

/* Open ROOT/ID and store_read() it. Errors: ERR_NOT_FOUND, ERR_INVALID, as store_read(). */
int store_load(const struct store *store, const char *id, struct container *c, struct err *err);

/*
 * Read state.json, in place of what `c` held of it; c->is_half_made if there is none or it isn't
 * ours (what can be read of it is there all the same). Errors: ERR_SYS when the file is there and
 * can't be read now: nothing may be concluded from that.
 */
int store_read(struct container *c, struct err *err);

/* Free what store_read() has read. */
void store_forget(struct container *c);

/*
 * Wait for the lock of ROOT/ID and take it: c->lock_fd. Errors: ERR_NOT_FOUND when the container
 * was deleted meanwhile, ERR_SYS.
 */
int store_lock(struct container *c, struct err *err);

/* Write state.json. */
int store_save(const struct container *c, struct err *err);

/* Remove ROOT/ID with all that is in it. A missing one is fine. */
int store_remove(const struct container *c, struct err *err);

#endif
