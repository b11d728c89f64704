/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mount.h>

#include "core/plan/external_key.h"
#include "core/plan/external_spec.h"
#include "core/plan/image_check.h"
#include "core/plan/mountinfo.h"

#define CAP_SYS_ADMIN 21

/*
 * A hostile image can have a hundred thousand mounts of one file system, each of which would be
 * compared with each. A real one stays below 1,000 by 1,000.
 */
#define MAX_COMPARISONS 20000000

/* What makes a mount tighter. */
#define TIGHTER (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* By CRIU's number (fstype in proto/mnt.proto): what a new mount of that kind can show. */
static const struct fs {
	const char *name;
	enum {
		FS_REFUSED, /* whatever path of the host the image names, as source or as layers */
		FS_OWN,	    /* nothing but the container's */
		FS_KERNEL,  /* what this kernel tells */
	} shows;
} file_systems[] = {
	[0] = { "disk", FS_REFUSED },	    [1] = { "proc", FS_KERNEL },
	[2] = { "sysfs", FS_KERNEL },	    [3] = { "devtmpfs", FS_KERNEL },
	[4] = { "binfmt_misc", FS_KERNEL }, [5] = { "tmpfs", FS_OWN },
	[6] = { "devpts", FS_OWN },	    [7] = { "simfs", FS_REFUSED },
	[8] = { "pstore", FS_KERNEL },	    [9] = { "securityfs", FS_KERNEL },
	[10] = { "fusectl", FS_KERNEL },    [11] = { "debugfs", FS_KERNEL },
	[12] = { "cgroup", FS_KERNEL },	    [13] = { "aufs", FS_REFUSED },
	[14] = { "mqueue", FS_OWN },	    [15] = { "fuse", FS_REFUSED },
	[16] = { "disk", FS_REFUSED },	    [17] = { "overlay", FS_REFUSED },
	[18] = { "autofs", FS_KERNEL },	    [19] = { "tracefs", FS_KERNEL },
	[23] = { "cgroup2", FS_KERNEL },
};

unsigned int image_check_number(const char *fstype)
{
	for (unsigned int i = 1; i < ARRAY_LEN(file_systems); i++)
		if (str_eq(file_systems[i].name, fstype))
			return i;
	return 0;
}

struct check {
	const struct image_check_input *in;
	const struct image_mount **bases; /* what others can be bound from */
	size_t n_bases;
	size_t n_comparisons;
	const struct image_mount *root;
	struct arena arena;
	struct findings *findings;
	bool may_mount; /* the container's processes may have CAP_SYS_ADMIN */
};

static void refuse(struct check *c, const struct image_mount *m, const char *rule)
{
	findings_add(c->findings, ERR_INVALID, "%.256s: the image has %s", m->mountpoint, rule);
}

static const struct fs *file_system(const struct image_mount *m)
{
	static const struct fs unknown = { "unknown kind", FS_REFUSED };

	if (m->fstype >= ARRAY_LEN(file_systems) || !file_systems[m->fstype].name)
		return &unknown;
	return &file_systems[m->fstype];
}

static bool is_cgroup(const struct image_mount *m)
{
	return m->fstype == 12 || m->fstype == 23;
}

static bool same_fs(const struct image_mount *a, const struct image_mount *b)
{
	return a->major == b->major && a->minor == b->minor && a->fstype == b->fstype;
}

/* --- config.json ---------------------------------------------------------------------------------- */

/* Of several entries at one destination the last lies on top. */
static const struct live_mount *entry_at(const struct check *c, const char *path)
{
	size_t n = 0;
	struct live_mount *const *found = live_mounts_at(c->in->live, path, &n);

	while (n && found[n - 1]->opts.is_remount)
		n--;
	return n ? found[n - 1] : NULL;
}

/* In v1 the mounts of the hierarchies lie below the destination. */
static bool is_declared_cgroup(const struct check *c, const char *path)
{
	for (size_t i = 0; i < c->in->live->n; i++) {
		const struct live_mount *entry = &c->in->live->v[i];

		if (entry->destination && entry->mount->type &&
		    str_starts(entry->mount->type, "cgroup") &&
		    mount_path_below(path, entry->destination))
			return true;
	}
	return false;
}

static void check_flags(struct check *c, const struct image_mount *m, unsigned long wanted,
			const char *whose)
{
	static const struct {
		unsigned long flag;
		const char *word;
	} words[] = { { MS_RDONLY, "ro" },
		      { MS_NOSUID, "nosuid" },
		      { MS_NODEV, "nodev" },
		      { MS_NOEXEC, "noexec" } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (wanted & ~m->flags & words[i].flag)
			findings_add(c->findings, ERR_INVALID,
				     "%.256s: the image has it without %s, which %.256s has",
				     m->mountpoint, words[i].word, whose);
}

/* --- what CRIU makes ------------------------------------------------------------------------------ */

static void check_declared(struct check *c, const struct image_mount *m, const struct fs *fs)
{
	const struct live_mount *entry = entry_at(c, m->mountpoint);

	if (is_cgroup(m) && is_declared_cgroup(c, m->mountpoint)) {
		if (!c->in->live->spec->ns[SPEC_NS_CGROUP].present)
			refuse(c, m, "a cgroup hierarchy of the host");
		return;
	}
	if (entry && str_eq(entry->mount->type, fs->name)) {
		if (!c->may_mount)
			check_flags(c, m, live_mounts_restrictions(entry, false) & TIGHTER,
				    "config.json");
		return;
	}
	if (fs->shows != FS_KERNEL || !c->may_mount)
		findings_add(
			c->findings, ERR_INVALID,
			"%.256s: the image has a mount of type %s there, and config.json hasn't",
			m->mountpoint, fs->name);
}

static bool is_same_mount(const struct image_mount *a, const struct image_mount *b)
{
	return same_fs(a, b) && str_eq(a->root, b->root) && str_eq(a->source, b->source) &&
	       str_eq(a->options, b->options);
}

/* A whole file system: either CRIU mounts one, or it binds one that is mounted already. */
static void check_new(struct check *c, const struct image_mount *m)
{
	const struct fs *fs = file_system(m);

	if (c->root && is_same_mount(m, c->root))
		check_flags(c, m, c->may_mount ? 0 : c->root->flags & TIGHTER, "the root");
	else if (fs->shows == FS_REFUSED)
		findings_add(c->findings, ERR_INVALID,
			     "%.256s: the image has a file system of the host there (%s, %.128s), "
			     "which needs a key: checkpoint --external 'mnt[%.256s]:KEY'",
			     m->mountpoint, fs->name, m->source, m->mountpoint);
	else if (fs->shows != FS_OWN)
		check_declared(c, m, fs);
}

/* What CRIU has mounted when it comes to binding: of all namespaces, but only one has keys. */
static void find_bases(struct check *c)
{
	c->bases = arena_array(&c->arena, c->in->n_mounts + c->in->n_outer, sizeof(*c->bases));
	for (size_t i = 0; i < c->in->n_outer; i++)
		if (c->in->outer[i].key)
			c->bases[c->n_bases++] = &c->in->outer[i];
	for (size_t i = 0; i < c->in->n_mounts; i++) {
		const struct image_mount *m = &c->in->mounts[i];

		if (m == c->root || m->key || str_eq(m->root, "/") || is_cgroup(m))
			c->bases[c->n_bases++] = m;
	}
}

static bool is_base(const struct image_mount *m, const struct image_mount *b)
{
	return m != b && same_fs(m, b) && mount_path_below(m->root, b->root);
}

/*
 * Whether a part of proc, sysfs or a cgroup lies where the whole has it: it shows nothing that
 * wasn't to be seen there before.
 */
static bool lies_on_itself(const struct image_mount *m, const struct image_mount *base)
{
	const char *at = mount_path_below(m->mountpoint, base->mountpoint);
	const char *part = mount_path_below(m->root, base->root);

	return at && part && str_eq(at, part);
}

/* A part of something: CRIU binds it from a mount of the same file system that has it. */
static void check_bind(struct check *c, const struct image_mount *m)
{
	bool is_kernel = file_system(m)->shows == FS_KERNEL;
	bool has_base = false, in_place = false;
	unsigned long wanted = TIGHTER;

	for (size_t i = 0; i < c->n_bases && c->n_comparisons < MAX_COMPARISONS; i++) {
		const struct image_mount *base = c->bases[i];

		c->n_comparisons++;
		if (!is_base(m, base))
			continue;
		has_base = true;
		in_place |= lies_on_itself(m, base);
		wanted &= base->flags;
	}
	if (c->n_comparisons >= MAX_COMPARISONS)
		return; /* which is a finding of its own */
	if (!has_base)
		refuse(c, m, "a part of a file system that isn't mounted in it");
	else if (is_kernel && !in_place && !c->may_mount)
		refuse(c, m, "a part of what the kernel shows in another place");
	else if (has_base && !c->may_mount)
		check_flags(c, m, wanted, "what it is bound from");
}

/* The same thing as in the root task's namespace: what was copied when that one was unshared. */
static bool is_copy(struct check *c, const struct image_mount *m)
{
	for (size_t i = 0; i < c->in->n_outer && c->n_comparisons < MAX_COMPARISONS; i++) {
		const struct image_mount *o = &c->in->outer[i];

		c->n_comparisons++;
		if (is_same_mount(m, o) && str_eq(m->mountpoint, o->mountpoint) &&
		    (!m->key || str_eq(m->key, o->key)) && !(o->flags & ~m->flags & TIGHTER))
			return true;
	}
	return false;
}

static bool is_normal(struct check *c, const char *path)
{
	return *path == '/' && str_eq(path, external_spec_normal_path(&c->arena, path));
}

static void check_internal(struct check *c, const struct image_mount *m)
{
	if (!is_normal(c, m->root)) {
		refuse(c, m, "a path in its file system that isn't in normal form");
		return;
	}
	if (m == c->root || is_copy(c, m))
		return;
	if (str_eq(m->root, "/") || is_cgroup(m))
		check_new(c, m);
	else
		check_bind(c, m);
}

/* --- what has a key ------------------------------------------------------------------------------- */

static void check_external(struct check *c, const struct image_mount *m)
{
	bool is_auto = str_eq(m->key, EXTERNAL_KEY_CRIU_AUTO);
	const char *path = is_auto ? m->source : external_key_auto_path(m->key);

	if (path && !is_normal(c, path))
		refuse(c, m, "a path of the host that isn't absolute or in normal form");
	if (c->in->outer && !is_copy(c, m))
		refuse(c, m, "a key that the root task's mount there hasn't");
}

/* --- masks ---------------------------------------------------------------------------------------- */

static bool is_listed(const struct spec_strings *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i], path))
			return true;
	return false;
}

static void check_covers(struct check *c, const struct image_mount *m)
{
	const struct spec *spec = c->in->live->spec;
	bool is_kernel = !m->key && file_system(m)->shows == FS_KERNEL;

	if (is_kernel && is_listed(&spec->masked_paths, m->mountpoint))
		refuse(c, m, "something there that masks nothing");
	if (is_kernel && !(m->flags & MS_RDONLY) && is_listed(&spec->readonly_paths, m->mountpoint))
		refuse(c, m, "it writable");
}

void image_check(const struct image_check_input *in, struct findings *findings)
{
	struct check c = { .in = in, .findings = findings };

	c.may_mount = in->live->spec->process.capabilities[SPEC_CAP_BOUNDING] &
		      1ULL << CAP_SYS_ADMIN;
	for (size_t i = 0; i < in->n_mounts; i++)
		if (in->mounts[i].id == in->root_id)
			c.root = &in->mounts[i];
	find_bases(&c);
	for (size_t i = 0; i < in->n_mounts; i++) {
		const struct image_mount *m = &in->mounts[i];

		if (!m->key)
			check_internal(&c, m);
		else
			check_external(&c, m);
		if (!c.may_mount)
			check_covers(&c, m);
	}
	if (c.n_comparisons >= MAX_COMPARISONS)
		findings_add(
			findings, ERR_INVALID,
			"the image has more mounts of the same file systems than any container");
	arena_done(&c.arena);
}
