/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <sys/mount.h>

#include "core/plan/external_problem.h"
#include "core/plan/external_spec.h"
#include "core/plan/left_out.h"
#include "core/plan/restore_settle.h"

#define KNOWN_FLAGS                                                                  \
	((unsigned long)(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | \
			 MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME | MS_NOSYMFOLLOW))

struct settle {
	const struct restore_settle_input *in;
	struct external_plan *plan;
	struct findings *findings;
};

unsigned long restore_settle_mask(unsigned long flags)
{
	return flags & KNOWN_FLAGS;
}

/* --- propagation -------------------------------------------------------------------------------- */

/* A bind in the new namespace, before any option: rootfsPropagation decides ("rslave" by default). */
static enum external_propagation inherited(const struct spec *spec, const struct mount_row *host)
{
	unsigned long how = spec->rootfs_propagation ? spec->rootfs_propagation : MS_SLAVE;

	if (!host || (how & (MS_PRIVATE | MS_UNBINDABLE)) || !(host->shared || host->master))
		return EXTERNAL_PRIVATE;
	if ((how & MS_SHARED) && host->shared && !spec->ns[SPEC_NS_USER].present)
		return EXTERNAL_SHARED;
	return EXTERNAL_SLAVE;
}

static enum external_propagation change(enum external_propagation now, unsigned long how)
{
	bool is_slave = now == EXTERNAL_SLAVE || now == EXTERNAL_SLAVE_SHARED;

	if (how & (MS_PRIVATE | MS_UNBINDABLE))
		return EXTERNAL_PRIVATE;
	if (how & MS_SLAVE)
		return is_slave || now == EXTERNAL_SHARED ? EXTERNAL_SLAVE : EXTERNAL_PRIVATE;
	if ((how & MS_SHARED) && is_slave)
		return EXTERNAL_SLAVE_SHARED;
	if ((how & MS_SHARED) && now == EXTERNAL_PRIVATE)
		return EXTERNAL_OWN_GROUP;
	return now;
}

enum external_propagation restore_settle_fresh(const struct spec *spec,
					       const struct live_mount *entry,
					       const struct mount_row *host)
{
	enum external_propagation now = inherited(spec, host);

	for (; entry; entry = entry->remount)
		for (size_t i = 0; i < entry->opts.n_propagation; i++)
			now = change(now, entry->opts.propagation[i]);
	return now;
}

/* What the image alone tells. */
static enum external_propagation of_image(const struct external_mount *m)
{
	if (m->master)
		return m->shared ? EXTERNAL_SLAVE_SHARED : EXTERNAL_SLAVE;
	return m->shared ? EXTERNAL_OWN_GROUP : EXTERNAL_PRIVATE;
}

static bool can_give(const struct mount_row *host, enum external_propagation wanted)
{
	if (wanted == EXTERNAL_SHARED)
		return host && host->shared;
	if (wanted == EXTERNAL_SLAVE || wanted == EXTERNAL_SLAVE_SHARED)
		return host && (host->shared || host->master);
	return true;
}

static bool has_same_options(const struct restore_row *row)
{
	return row->noted && row->live && str_eq(row->noted->options, row->live->options);
}

static bool is_submount(const struct external_mount *m)
{
	return m->origin == EXTERNAL_SUBMOUNT;
}

static void settle_propagation(struct settle *s, size_t i)
{
	struct external_mount *m = &s->plan->v[i];
	const struct restore_row *row = &s->in->rows[i];
	const struct mount_row *host = s->in->sources[i].host;
	const struct live_mount *entry = row->live;
	enum external_propagation fresh = restore_settle_fresh(s->in->spec, entry, host);
	enum external_propagation wanted;

	if (m->is_added || (entry && !is_submount(m) && !has_same_options(row)))
		wanted = fresh;
	else
		wanted = row->noted ? row->noted->propagation : of_image(m);
	m->propagation = wanted;
	if (can_give(host, wanted))
		return;
	m->propagation = fresh;
	external_note(s->plan, i,
		      "it was %s, and is %s now: the mount that holds %.256s is private",
		      external_propagation_name(wanted), external_propagation_name(fresh),
		      m->source);
}

/* --- flags -------------------------------------------------------------------------------------- */

/* The sidecar may only add what CRIU doesn't note. */
static unsigned long flags_of_dump(const struct restore_row *row)
{
	unsigned long flags = restore_settle_mask(row->image->flags);

	return row->noted ? flags | (row->noted->flags & MS_NOSYMFOLLOW) : flags;
}

static void settle_flags(struct settle *s, size_t i)
{
	struct external_mount *m = &s->plan->v[i];
	const struct restore_row *row = &s->in->rows[i];
	const struct mount_row *host = s->in->sources[i].host;
	const struct live_mount *entry = row->live;

	if (!entry || is_submount(m)) {
		m->flags = flags_of_dump(row);
		if (entry)
			m->flags |= live_mounts_restrictions(entry, true);
		return;
	}
	if (host && !has_same_options(row)) {
		m->flags = live_mounts_apply(entry, restore_settle_mask(host->flags));
		if (row->noted)
			external_note(s->plan, i,
				      "its options are \"%.128s\" now, and were \"%.128s\"",
				      entry->options,
				      row->noted->options ? row->noted->options : "");
		return;
	}
	m->flags = row->image ? flags_of_dump(row) : live_mounts_apply(entry, MS_RELATIME);
	m->flags |= live_mounts_restrictions(entry, false);
}

/* --- whether it fits ---------------------------------------------------------------------------- */

static void check_kind(struct settle *s, size_t i)
{
	struct external_mount *m = &s->plan->v[i];
	const struct checkpoint_mount *noted = s->in->rows[i].noted;

	m->kind = s->in->sources[i].kind;
	if (!noted || !noted->kind || noted->kind == m->kind)
		return;
	external_problem(EXTERNAL_JUDGE(s->plan, s->findings), i, ERR_INVALID,
			 "source %.256s: it is now a %s, and was a %s at the checkpoint", m->source,
			 external_kind_name(m->kind), external_kind_name(noted->kind));
}

/* Only kedge.json says that there was such a mount: nothing else is mounted for it. */
static bool is_lost(const struct settle *s, size_t i)
{
	const struct checkpoint_mount *noted = s->in->rows[i].noted;

	return noted && left_out_is_lost(noted->fstype, NULL);
}

static void check_mount(struct settle *s, size_t i)
{
	const struct external_mount *m = &s->plan->v[i];
	const struct restore_source *source = &s->in->sources[i];

	if (is_submount(m) && !source->is_mount_root)
		external_problem(EXTERNAL_JUDGE(s->plan, s->findings), i, ERR_INVALID,
				 "source %.256s: nothing is mounted there, so it isn't the "
				 "submount that was dumped",
				 m->source);
	if (!m->is_user_mapped && source->host && is_lost(s, i) &&
	    !str_eq(source->host->fstype, s->in->rows[i].noted->fstype))
		external_problem(
			EXTERNAL_JUDGE(s->plan, s->findings), i, ERR_INVALID,
			"source %.256s: %s is mounted there now, and was %s at the checkpoint",
			m->source, source->host->fstype, s->in->rows[i].noted->fstype);
	if (source->host && source->host->is_unbindable)
		external_problem(EXTERNAL_JUDGE(s->plan, s->findings), i, ERR_UNSUPPORTED,
				 "source %.256s lies on %.256s, which is unbindable", m->source,
				 source->host->mountpoint);
}

/* Whether the live config, or --map, leads to another path than the one at the checkpoint. */
static bool is_elsewhere(const struct external_mount *m, const struct checkpoint_mount *noted)
{
	const char *then = noted->config_source ? noted->config_source : noted->source;

	return then && !str_eq(m->source, then) && !str_eq(m->source, noted->source);
}

/* Whether the mount is meant to show the very file again: no view, no node, nothing of the user's. */
static bool is_same_file(const struct external_mount *m)
{
	return !m->is_user_mapped && m->origin != EXTERNAL_MASK && m->origin != EXTERNAL_DEVICE &&
	       m->origin != EXTERNAL_CGROUP;
}

static void check_deleted(struct settle *s, size_t i)
{
	static const char *const what[CHECKPOINT_SOURCES] = {
		[CHECKPOINT_SOURCE_DELETED] = "had been deleted",
		[CHECKPOINT_SOURCE_REPLACED] = "had been replaced by another file",
		[CHECKPOINT_SOURCE_GONE] = "was mounted nowhere on the host any more",
	};
	struct external_mount *m = &s->plan->v[i];
	const struct checkpoint_mount *noted = s->in->rows[i].noted;
	enum checkpoint_source state = noted ? noted->source_state : CHECKPOINT_SOURCE_UNKNOWN;
	bool is_bad = what[state] || (!noted && m->is_deleted);

	if (!is_bad || !is_same_file(m))
		return;
	if (noted ? is_elsewhere(m, noted) : !str_eq(m->source, s->in->rows[i].unmapped))
		return;
	external_problem(EXTERNAL_JUDGE(s->plan, s->findings), i, ERR_INVALID,
			 "what was mounted there %s at the checkpoint, so %.256s isn't it; name a "
			 "source with --external 'mnt[%.256s]:HOSTPATH'",
			 what[state] ? what[state] : what[CHECKPOINT_SOURCE_DELETED], m->source,
			 m->key);
}

static void note_other_inode(struct settle *s, size_t i)
{
	const struct checkpoint_mount *noted = s->in->rows[i].noted;
	const struct restore_source *source = &s->in->sources[i];

	if (!noted || !noted->inode || noted->inode == source->inode ||
	    noted->major != source->major || noted->minor != source->minor ||
	    !is_same_file(&s->plan->v[i]) || is_elsewhere(&s->plan->v[i], noted))
		return;
	external_note(s->plan, i, "source %.256s is another %s than at the checkpoint",
		      s->plan->v[i].source, external_kind_name(source->kind));
}

/* The mapping is in no image: only config.json can give it again. */
static void check_idmap(struct settle *s, size_t i)
{
	struct external_mount *m = &s->plan->v[i];
	const struct restore_row *row = &s->in->rows[i];
	const struct mount_row *host = s->in->sources[i].host;

	if (row->live)
		m->is_idmapped = is_submount(m) ? row->live->opts.is_rec_idmapped
						: row->live->opts.is_idmapped;
	m->is_idmapped |= host && host->is_idmapped;
	if (m->is_idmapped || !row->noted || !row->noted->is_idmapped)
		return;
	if (row->live)
		external_note(s->plan, i, "it was idmapped, and config.json doesn't map it now");
	else
		external_problem(EXTERNAL_JUDGE(s->plan, s->findings), i, ERR_INVALID,
				 "it was idmapped, and config.json has no mapping for it");
}

void restore_settle(const struct restore_settle_input *in, struct external_plan *plan, size_t i,
		    struct findings *findings)
{
	struct settle s = { .in = in, .plan = plan, .findings = findings };

	settle_flags(&s, i);
	if (!in->sources[i].is_open)
		return;
	check_kind(&s, i);
	check_mount(&s, i);
	check_deleted(&s, i);
	note_other_inode(&s, i);
	check_idmap(&s, i);
	settle_propagation(&s, i);
}
