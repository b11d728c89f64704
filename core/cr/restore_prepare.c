/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/cr/extras.h"
#include "core/cr/images.h"
#include "core/cr/image_guard.h"
#include "core/cr/images_pages.h"
#include "core/cr/images_trust.h"
#include "core/cr/restore_prepare.h"
#include "core/cr/restored_ns.h"
#include "core/cr/sidecar.h"
#include "core/linux/foresee.h"
#include "core/plan/external_restore_entry.h"
#include "core/plan/left_out.h"

/* What goes on in one restore_prepare(). */
struct preparation {
	const struct create_request *req;
	const struct cr_options *opts;
	struct restore_prep *p;
	const char *rootfs;
};

static const struct images_copy_file *root_file(const struct restore_prep *p)
{
	return &p->copy.v[p->copy.root];
}

/* --- directories -------------------------------------------------------------------------------- */

static int open_dirs(const struct preparation *w, bool is_real, struct err *err)
{
	struct cr_options opts = *w->opts;
	struct restore_prep *p = w->p;

	if (!is_real)
		opts.work_path = NULL; /* it would be made */
	if (cr_dirs_open(&opts, false, &p->dirs, err))
		return -1;
	if (!opts.allow_unsafe_images && images_trust_check(p->dirs.images_fd, p->dirs.images, err))
		return err_wrap(err, "image directory");
	return 0;
}

/* --- images ------------------------------------------------------------------------------------- */

/* It is advice: one that is too new can be done without, but not one that is broken. */
static int read_sidecar(struct restore_prep *p, struct err *err)
{
	struct err e = { 0 };

	if (!sidecar_read_info(p->dirs.images_fd, &p->info, &e))
		return 0;
	if (e.kind == ERR_UNSUPPORTED) {
		log_warn("%s: going on without it", e.msg);
		return 0;
	}
	if (err)
		*err = e;
	return err_hint(err, "remove it to restore from the images alone");
}

static int read_images(const struct preparation *w, struct err *err)
{
	struct image_inventory inventory;
	struct restore_prep *p = w->p;
	int fd = p->dirs.images_fd;

	if (images_read_inventory(fd, &inventory, err) || read_sidecar(p, err))
		return -1;
	if (!inventory.mnt_ns)
		return err_set(err, ERR_INVALID,
			       "ids-%u.img: no mount namespace was dumped, so it isn't a container",
			       inventory.root_pid);
	if (restored_ns_foresee(&inventory, w->req->seed.spec, err))
		return -1;
	if (images_copy_read(fd, inventory.mnt_ns, &p->info, &p->copy, err) ||
	    images_check_tasks(fd, err))
		return -1;
	if (!w->opts->lazy_pages && images_check_pages(fd, err))
		return -1;
	if (sidecar_read_descriptors(fd, &p->descriptors, err))
		return -1;
	return images_view_open(fd, w->req->seed.spec, &p->view, err);
}

/* --- the plan ----------------------------------------------------------------------------------- */

static int parse_words(const struct preparation *w, struct err *err)
{
	struct restore_prep *p = w->p;

	if (external_args_parse(EXTERNAL_RESTORE, &w->opts->external, &w->opts->ext_mount_map,
				&p->args, err))
		return -1;
	if (p->args.has_old_spelling)
		log_warn(
			"--ext-mount-map is the old spelling: --external 'mnt[KEY]:PATH' means the "
			"same");
	return remap_parse(&w->opts->map, &p->remap, err);
}

/* A link in a volume counts as it is in the volume of this time. */
static const char *source_at(void *ctx, const struct mount_plan_row *row, const char *place)
{
	const struct preparation *w = ctx;
	struct restore_prep *p = w->p;
	const struct external_restore_input in = { .args = &p->args, .info = &p->info };
	const struct external_pair *pair = external_restore_pair(
		&in, w->req->seed.spec->mounts.v[row->index].destination, place);

	return pair ? pair->to : remap_path(&p->remap, &p->arena, row->source);
}

static int read_config(const struct preparation *w, struct extras *extras, struct err *err)
{
	const struct spec *spec = w->req->seed.spec;
	auto_fd int root_fd = open(w->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct restore_prep *p = w->p;
	struct foresee_input in;

	if (root_fd < 0)
		return err_sys(err, "rootfs %s", w->rootfs);
	if (mount_plan_build(spec, &p->mounts, err) ||
	    extras_list(spec, w->req->seed.id, &p->arena, extras, err))
		return -1;
	in = (struct foresee_input){ root_fd, &p->mounts, source_at, (void *)w };
	return live_mounts_build(spec, foresee_destinations(&in, &p->arena), &p->arena, &p->live,
				 err);
}

static void check_stage(const struct preparation *w, struct findings *findings)
{
	const struct images_copy_file *file = root_file(w->p);
	struct stage *stage = &w->p->stage;

	stage->spec = w->req->seed.spec;
	stage->mounts = &w->p->mounts;
	stage->rows = w->p->rows;
	stage->info = &w->p->info;
	stage->image = file->mounts.v;
	stage->n_image = file->mounts.n;
	stage->root_id = file->root_id;
	stage_check(stage, w->rootfs, &w->p->plan, findings);
	if (!stage->info->version)
		left_out_warn(&stage->host, stage->rows, &w->p->plan);
}

static void guard_images(const struct preparation *w, struct findings *findings)
{
	auto_fd int root_fd = open(w->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct image_guard_input in = {
		.root_fd = root_fd, .live = &w->p->live, .copy = &w->p->copy, .plan = &w->p->plan
	};

	image_guard(&in, findings);
}

static struct mount_expect_input expect_input(const struct restore_prep *p)
{
	return (struct mount_expect_input){
		.mounts = root_file(p)->mounts.v,
		.n_mounts = root_file(p)->mounts.n,
		.root_id = root_file(p)->root_id,
		.propagation = p->propagation,
		.joins = p->joins,
		.peers = p->peers,
		.masters = p->masters,
		.plan = &p->plan,
		.sources = p->stage.seen,
		.info = &p->info,
		.live = &p->live,
	};
}

void restore_prepare_expect(struct restore_prep *p)
{
	const struct mount_expect_input in = expect_input(p);

	mount_expect_build(&in, &p->arena, &p->expect);
}

static bool can_slave(const struct mount_expect_source *seen)
{
	return seen->shared || seen->master;
}

static int edit_images(struct restore_prep *p, struct err *err)
{
	size_t n = root_file(p)->mounts.n;
	bool *can = arena_array(&p->arena, p->plan.n, sizeof(*can));
	const struct mount_expect_input in = expect_input(p);
	struct images_copy_edit edit = { .plan = &p->plan, .info = &p->info, .can_slave = can };

	for (size_t i = 0; i < p->plan.n; i++)
		can[i] = can_slave(&p->stage.seen[i]);
	edit.root_can_slave = can_slave(&p->stage.seen[p->plan.n]);
	edit.flags = mount_expect_flags(&in, &p->arena);
	edit.propagation = arena_array(&p->arena, n, sizeof(*edit.propagation));
	edit.joins = arena_array(&p->arena, n, sizeof(*edit.joins));
	p->propagation = edit.propagation;
	p->joins = edit.joins;
	edit.peers = arena_array(&p->arena, n, sizeof(*edit.peers));
	edit.masters = arena_array(&p->arena, n, sizeof(*edit.masters));
	p->peers = edit.peers;
	p->masters = edit.masters;
	return images_copy_edit(&p->copy, &edit, err);
}

/* Edit the images, and look at what comes of it; so the one message has all that is wrong. */
static void check_images(struct restore_prep *p, struct findings *findings)
{
	struct mount_expect_input in;
	struct err e = { 0 };

	if (edit_images(p, &e)) {
		findings_add(findings, e.kind, "image directory %s: %s", p->dirs.images, e.msg);
		return;
	}
	in = expect_input(p);
	restore_prepare_expect(p);
	mount_expect_check_covered(&in, &p->expect, &p->plan, findings);
}

/*
 * Images are data: what they name is looked at, and a source for it comes from the spec or the
 * user. All of it happens before the id is taken.
 */
static int plan_sources(const struct preparation *w, const struct extras *extras, struct err *err)
{
	struct restore_prep *p = w->p;
	struct external_restore_input in = {
		.live = &p->live,
		.mounts = root_file(p)->mounts.v,
		.n_mounts = root_file(p)->mounts.n,
		.args = &p->args,
		.remap = &p->remap,
		.info = &p->info,
		.extras = extras->v,
		.n_extras = extras->n,
	};
	struct findings findings = { .err = err };
	bool are_sources_good;
	struct err e = { 0 };

	if (external_restore_plan(&in, &p->plan, &p->rows, &e))
		findings_add(&findings, e.kind, "%s", e.msg);
	check_stage(w, &findings);
	guard_images(w, &findings);
	are_sources_good = !findings.n;
	check_images(p, &findings);
	if (!findings_end(&findings))
		return 0;
	if (are_sources_good)
		return -1;
	return err_hint(err, "%s",
			e.hint[0] ? e.hint
				  : "mend the sources in config.json, or name others with "
				    "--external 'mnt[KEY]:HOSTPATH' or --map OLD=NEW");
}

int restore_prepare(const struct create_request *req, const struct cr_options *opts, bool is_real,
		    struct restore_prep *p, struct err *err)
{
	struct preparation w = { .req = req, .opts = opts, .p = p };
	auto_free char *rootfs = container_rootfs(req->seed.spec, err);
	struct extras extras = { 0 };

	if (!rootfs)
		return -1;
	w.rootfs = rootfs;
	if (open_dirs(&w, is_real, err) || parse_words(&w, err))
		return -1;
	if (read_images(&w, err))
		return err_wrap(err, "image directory %s", p->dirs.images);
	if (read_config(&w, &extras, err))
		return -1;
	return plan_sources(&w, &extras, err);
}

void restore_prep_done(struct restore_prep *p, bool has_failed)
{
	p->dirs.keeps_work = has_failed;
	stage_done(&p->stage, has_failed);
	external_plan_done(&p->plan);
	images_view_done(&p->view);
	images_copy_done(&p->copy);
	checkpoint_info_done(&p->info);
	mount_plan_done(&p->mounts);
	remap_done(&p->remap);
	external_args_done(&p->args);
	strv_done(&p->descriptors);
	cr_dirs_done(&p->dirs);
	arena_done(&p->arena);
}
