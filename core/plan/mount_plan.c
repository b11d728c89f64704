/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "core/base/path.h"
#include "core/plan/mount_plan.h"

/* What lxcfs and CRIU's users cover; anything else there could hide what we or an LSM rely on. */
static const char *const proc_files[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/loadavg",
	"/proc/meminfo",
	"/proc/slabinfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/sys/crypto/fips_enabled",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/uptime",
};

static const struct {
	const char *type;
	enum mount_kind kind;
} kinds[] = {
	{ "proc", MOUNT_PROC },
	{ "sysfs", MOUNT_PROC },
	{ "tmpfs", MOUNT_TMPFS },
	{ "cgroup", MOUNT_CGROUP },
};

/* The plan in the making; a row's findings name its index and destination. */
struct builder {
	const struct spec *spec;
	struct mount_plan *plan;
	struct err *err;
	bool failed;
};

__attribute__((format(printf, 3, 4))) static void
find(struct builder *b, const struct mount_plan_row *row, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_add(b->err, ERR_INVALID, "mount %zu (%s): %s", row->index, row->destination, text);
	b->failed = true;
}

static enum mount_kind kind_of(const struct mount_plan_row *row)
{
	if (row->opts.is_remount)
		return MOUNT_REMOUNT;
	if (row->opts.is_bind)
		return MOUNT_BIND;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_eq(row->type, kinds[i].type))
			return kinds[i].kind;
	return MOUNT_FS;
}

bool mount_plan_may_cover_proc(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(proc_files); i++)
		if (!strcmp(path, proc_files[i]))
			return true;
	return false;
}

/*
 * /proc may be a fresh proc or a bind (of a procfs, which is seen when it is opened). This looks
 * at the text; a destination that comes there through a symlink is found when it is mounted.
 */
static void check_destination(struct builder *b, const struct mount_plan_row *row)
{
	const char *to = row->destination;

	if (!strcmp(to, "/"))
		find(b, row, "nothing can be mounted over the root itself");
	if (!path_is_below(to, "/proc") || mount_plan_may_cover_proc(to))
		return;
	if (strcmp(to, "/proc"))
		find(b, row, "nothing may be mounted inside /proc");
	else if (row->kind != MOUNT_BIND && row->kind != MOUNT_REMOUNT &&
		 !str_eq(row->type, "proc"))
		find(b, row, "only proc may be mounted on /proc, not %s",
		     row->type ? row->type : "an unknown type");
}

static void check_kind(struct builder *b, const struct mount_plan_row *row)
{
	if (row->kind == MOUNT_BIND && (!row->source || !*row->source))
		find(b, row, "a bind mount needs a source");
	if (row->kind != MOUNT_BIND && row->kind != MOUNT_REMOUNT && (!row->type || !*row->type))
		find(b, row, "it needs a type, or the option \"bind\" or \"rbind\"");
	if (row->opts.is_copied_up && row->kind != MOUNT_TMPFS)
		find(b, row, "option \"tmpcopyup\" is for tmpfs only");
}

/* A mount's own mappings, or else those of the container's user namespace, as runc does. */
static void choose_idmap(struct builder *b, struct mount_plan_row *row)
{
	const struct spec_mount *mount = &b->spec->mounts.v[row->index];
	const struct spec_namespace *user = &b->spec->ns[SPEC_NS_USER];
	const char *word = row->opts.is_rec_idmapped ? "ridmap" : "idmap";

	if (!row->opts.is_idmapped)
		return;
	if (row->kind != MOUNT_BIND) {
		find(b, row, "option \"%s\" is for bind mounts only", word);
		return;
	}
	row->uid_maps = &mount->uid_maps;
	row->gid_maps = &mount->gid_maps;
	if (!mount->uid_maps.n && !mount->gid_maps.n && user->present) {
		row->idmap_userns = user->path;
		row->uid_maps = &b->spec->uid_maps;
		row->gid_maps = &b->spec->gid_maps;
	}
	if (row->idmap_userns)
		return;
	if (!row->uid_maps->n)
		find(b, row, "option \"%s\" needs uidMappings", word);
	if (!row->gid_maps->n)
		find(b, row, "option \"%s\" needs gidMappings", word);
}

/*
 * A tmpfs may still be written to by us (devices, copied-up content, mountpoints of later rows),
 * and so may whatever is on /dev. A bind's "rro" would reach the later mounts too: it isn't put
 * off.
 */
static void put_off_ro(struct mount_plan_row *row)
{
	struct mount_opts *o = &row->opts;

	if (row->kind != MOUNT_TMPFS && strcmp(row->destination, "/dev"))
		return;
	row->is_ro_at_end = o->attr_set & MOUNT_ATTR_RDONLY;
	o->attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	o->flags &= ~(unsigned long)MS_RDONLY;
	if (row->kind == MOUNT_BIND || !(o->rec_set & MOUNT_ATTR_RDONLY))
		return;
	row->is_ro_at_end = true;
	o->rec_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
}

static void take_source(struct builder *b, struct mount_plan_row *row, const char *source)
{
	row->source = source;
	if (row->kind != MOUNT_BIND)
		return;
	row->type = "bind";
	if (source && *source && *source != '/')
		row->source = arena_printf(&b->plan->arena, "%s/%s",
					   b->spec->bundle ? b->spec->bundle : "", source);
}

static void build_row(struct builder *b, size_t index)
{
	const struct spec_mount *mount = &b->spec->mounts.v[index];
	struct mount_plan_row *row = &b->plan->v[index];
	auto_free char *to = path_normalize(mount->destination ? mount->destination : "");
	struct err inner = { 0 };

	row->index = index;
	row->destination = arena_strdup(&b->plan->arena, to);
	row->type = mount->type;
	if (mount_opts_parse(mount, &b->plan->arena, &row->opts, &inner))
		find(b, row, "%s", inner.msg);
	row->kind = kind_of(row);
	take_source(b, row, mount->source);
	check_destination(b, row);
	check_kind(b, row);
	choose_idmap(b, row);
	put_off_ro(row);
	if (row->kind == MOUNT_BIND && !strcmp(row->destination, "/dev"))
		b->plan->makes_dev = false;
}

int mount_plan_build(const struct spec *spec, struct mount_plan *plan, struct err *err)
{
	struct mount_plan p = { .n = spec->mounts.n, .makes_dev = true };
	struct builder b = { .spec = spec, .plan = &p, .err = err };

	p.v = arena_array(&p.arena, p.n, sizeof(*p.v));
	for (size_t i = 0; i < p.n; i++)
		build_row(&b, i);
	if (b.failed) {
		mount_plan_done(&p);
		return -1;
	}
	*plan = p;
	return 0;
}

void mount_plan_done(struct mount_plan *plan)
{
	arena_done(&plan->arena);
	*plan = (struct mount_plan){ 0 };
}
