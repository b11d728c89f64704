/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/linux/foresee.h"
#include "core/linux/mount_fd.h"

#define MAX_LINKS  40 /* as the kernel: path_resolution(7) */
#define FIRST_HASH 14695981039346656037UL

/* What an entry puts at its place. */
struct layer {
	const struct mount_plan_row *row;
	const char *place;
	size_t place_bytes;
};

struct foresee {
	const struct foresee_input *in;
	struct layer *v; /* of the entries before, in their order */
	size_t n;
	size_t *slots;		  /* by place: 1 + the index of the last layer there; 0 is free */
	size_t mask;		  /* their number less 1 */
	const struct layer *open; /* the one that is looked into; NULL */
	int open_fd;		  /* its root; -1: there is nothing to look at */
};

/* --- what is mounted before ----------------------------------------------------------------------- */

/* FNV-1a, a byte at a time. */
static size_t hash_more(size_t hash, char c)
{
	return (hash ^ (unsigned char)c) * 1099511628211UL;
}

/* The slot of the last layer at these bytes of a path, or the free one for it. */
static size_t *find_slot(const struct foresee *f, const char *path, size_t bytes, size_t hash)
{
	for (size_t i = hash & f->mask;; i = (i + 1) & f->mask) {
		const struct layer *layer = f->slots[i] ? &f->v[f->slots[i] - 1] : NULL;

		if (!layer || (layer->place_bytes == bytes && !memcmp(layer->place, path, bytes)))
			return &f->slots[i];
	}
}

/*
 * The last one that covers a path is on top of it: what was mounted below it before, it hides. `*below`
 * is the rest of the path. There may be thousands: those at the path and above it are looked up.
 */
static const struct layer *find_layer(const struct foresee *f, const char *path, const char **below)
{
	size_t hash = FIRST_HASH, best = 0;

	for (size_t i = 0; path[i]; i++) {
		size_t found;

		hash = hash_more(hash, path[i]);
		if (path[i + 1] && path[i + 1] != '/')
			continue;
		found = *find_slot(f, path, i + 1, hash);
		best = found > best ? found : best;
	}
	if (!best) {
		*below = path + 1;
		return NULL;
	}
	*below = path + f->v[best - 1].place_bytes;
	*below += **below == '/';
	return &f->v[best - 1];
}

/* A bind without "r" doesn't have the mounts that lie below its source. */
static int open_source(const struct foresee *f, const struct layer *layer)
{
	const char *source = f->in->source(f->in->ctx, layer->row, layer->place);
	auto_fd int fd = source ? open(source, O_PATH | O_CLOEXEC) : -1;
	auto_fd int alone = -1;

	if (fd >= 0 && !layer->row->opts.is_rec_bind)
		alone = mount_fd_clone(fd, "", AT_EMPTY_PATH);
	return alone >= 0 ? take_fd(&alone) : take_fd(&fd);
}

/* One is open at a time: there may be more volumes than a process may have files. */
static int layer_fd(struct foresee *f, const struct layer *layer)
{
	if (!layer)
		return f->in->root_fd;
	if (layer != f->open) {
		fd_close(&f->open_fd);
		if (layer->row->kind == MOUNT_BIND)
			f->open_fd = open_source(f, layer);
		f->open = layer;
	}
	return f->open_fd;
}

static bool has_layer(const struct mount_plan_row *row)
{
	return row->kind != MOUNT_REMOUNT && !(row->kind == MOUNT_TMPFS && row->opts.is_copied_up);
}

static void add_layer(struct foresee *f, const struct mount_plan_row *row, const char *place)
{
	size_t hash = FIRST_HASH, *slot;
	size_t bytes = strlen(place);

	if (!has_layer(row) || bytes < 2)
		return;
	for (size_t i = 0; i < bytes; i++)
		hash = hash_more(hash, place[i]);
	slot = find_slot(f, place, bytes, hash);
	f->v[f->n] = (struct layer){ row, place, bytes };
	*slot = ++f->n;
}

/* --- the way to a destination --------------------------------------------------------------------- */

/* Where the link at `path` leads; NULL if none is there. The way to it has no links. */
static char *read_link(struct foresee *f, const char *path)
{
	const char *below, *name;
	auto_free char *dir = NULL;
	auto_fd int dir_fd = -1;
	char target[PATH_MAX];
	int fd = layer_fd(f, find_layer(f, path, &below));
	ssize_t n;

	if (fd < 0 || !*below)
		return NULL;
	name = str_last_part(below);
	if (name > below) {
		dir = xasprintf("%.*s", (int)(name - below), below);
		fd = dir_fd = path_open_plain(fd, dir, O_PATH | O_DIRECTORY, NULL);
	}
	n = fd < 0 ? -1 : readlinkat(fd, name, target, sizeof(target) - 1);
	if (n <= 0)
		return NULL;
	target[n] = '\0';
	return xstrdup(target);
}

static void cut(struct buf *place, size_t bytes)
{
	place->n = bytes;
	place->p[bytes] = '\0';
}

static void leave(struct buf *place)
{
	while (place->n && place->p[place->n - 1] != '/')
		place->n--;
	cut(place, place->n ? place->n - 1 : 0);
}

/* One component further; gives where a link leads, and `place` is what that begins at. */
static char *enter(struct foresee *f, const char *name, size_t bytes, struct buf *place)
{
	size_t before = place->n;
	char *target;

	if (bytes == 2 && !memcmp(name, "..", 2)) {
		leave(place);
		return NULL;
	}
	if (bytes == 1 && *name == '.')
		return NULL;
	buf_addf(place, "/%.*s", (int)bytes, name);
	target = read_link(f, place->p);
	if (target)
		cut(place, *target == '/' ? 0 : before);
	return target;
}

/* Also through what isn't there: whoever mounts there makes it. */
static const char *walk(struct foresee *f, const char *destination, struct arena *arena)
{
	AUTO(buf_done) struct buf place = { 0 };
	auto_free char *way = xstrdup(destination);
	const char *rest = way;
	size_t n_links = 0;

	buf_str(&place, "");
	for (;;) {
		auto_free char *target = NULL;
		size_t n;
		char *next;

		rest += strspn(rest, "/");
		n = strcspn(rest, "/");
		if (!n)
			return arena_strdup(arena, place.n ? place.p : "/");
		target = enter(f, rest, n, &place);
		rest += n;
		if (!target)
			continue;
		if (++n_links > MAX_LINKS)
			return NULL;
		next = xasprintf("%s%s", target, rest);
		free(way);
		rest = way = next;
	}
}

/* Mostly there is neither a mount nor a link on the way, and the text is the answer. */
static const char *find_place(struct foresee *f, const struct mount_plan_row *row,
			      struct arena *arena)
{
	auto_fd int plain = -1;
	const char *below;

	if (!find_layer(f, row->destination, &below)) {
		plain = path_open_plain(f->in->root_fd, row->destination, O_PATH, NULL);
		if (plain >= 0 || errno != ELOOP)
			return row->destination;
	}
	return walk(f, row->destination, arena);
}

const char *const *foresee_destinations(const struct foresee_input *in, struct arena *arena)
{
	size_t n = in->mounts->n;
	const char **places = arena_array(arena, n, sizeof(*places));
	struct foresee f = {
		.in = in, .v = arena_array(arena, n, sizeof(*f.v)), .mask = 1, .open_fd = -1
	};

	while (f.mask < 2 * n)
		f.mask = 2 * f.mask + 1;
	f.slots = arena_array(arena, f.mask + 1, sizeof(*f.slots));
	for (size_t i = 0; i < n; i++) {
		places[i] = find_place(&f, &in->mounts->v[i], arena);
		add_layer(&f, &in->mounts->v[i],
			  places[i] ? places[i] : in->mounts->v[i].destination);
	}
	fd_close(&f.open_fd);
	return places;
}
