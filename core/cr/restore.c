/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/cr/criu.h"
#include "core/cr/criu_explain.h"
#include "core/cr/extras.h"
#include "core/cr/images.h"
#include "core/cr/images_pages.h"
#include "core/cr/inside.h"
#include "core/cr/restore.h"
#include "core/cr/sidecar.h"
#include "core/cr/stage.h"
#include "core/linux/console.h"
#include "core/linux/destinations.h"
#include "core/linux/namespaces.h"
#include "core/plan/external_args.h"
#include "core/plan/external_restore.h"
#include "core/plan/mount_plan.h"
#include "core/run/hooks.h"

struct restore {
	const struct create_request *req;
	const struct cr_options *opts;
	struct container *c;
	struct arena arena;
	struct cr_dirs dirs;
	struct external_args args;
	struct image_mounts images;
	struct external_plan plan;
	struct stage stage;
	struct mount_names names; /* for CRIU's messages: the plan's rows are the last ones */
	struct strv descriptors;
	int ns_fds[SPEC_NS_KINDS];
	int keep_fds[3 + SPEC_NS_KINDS]; /* what CRIU inherits */
	size_t n_keep_fds;
	int master;
	struct cr_report report;
};

static void restore_release(struct restore *r, bool failed)
{
	namespaces_close(r->ns_fds);
	stage_done(&r->stage, failed);
	external_plan_done(&r->plan);
	images_mounts_done(&r->images);
	external_args_done(&r->args);
	strv_done(&r->descriptors);
	mount_names_done(&r->names);
	r->dirs.keeps_work = failed;
	cr_dirs_done(&r->dirs);
	arena_done(&r->arena);
}

static const struct image_mount *root_mount(const struct restore *r)
{
	for (size_t i = 0; i < r->images.n; i++)
		if (!strcmp(r->images.v[i].mountpoint, "/"))
			return &r->images.v[i];
	return NULL;
}

/*
 * Images are data: what they name is looked at, and a source for it comes from the spec or the
 * user. All of it happens before the id is taken.
 */
static int plan_sources(struct restore *r, const char *rootfs, struct err *err)
{
	struct findings findings = { .err = err };
	const struct image_mount *root;
	struct err e = { 0 };
	const struct spec *spec = r->req->seed.spec;
	auto_fd int root_fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct external_restore_input in = { .spec = spec, .args = &r->args };
	struct extras extras = { 0 };

	if (root_fd < 0)
		return err_sys(err, "rootfs %s", rootfs);
	if (external_args_parse(EXTERNAL_RESTORE, &r->opts->external, &r->opts->ext_mount_map,
				&r->args, err))
		return -1;
	if (images_read_mounts(r->dirs.images_fd, &r->images, err) ||
	    images_check_tasks(r->dirs.images_fd, err) ||
	    (!r->opts->lazy_pages && images_check_pages(r->dirs.images_fd, err)) ||
	    sidecar_read_descriptors(r->dirs.images_fd, &r->descriptors, err))
		return err_wrap(err, "image directory %s", r->dirs.images);
	if (extras_list(spec, r->req->seed.id, &r->arena, &extras, err))
		return -1;
	in.extras = extras.v;
	in.n_extras = extras.n;
	in.mounts = r->images.v;
	in.n_mounts = r->images.n;
	in.destinations = destinations_resolve(root_fd, spec, &r->arena);
	root = root_mount(r);
	if (!root)
		return err_set(err, ERR_INVALID, "image directory %s: it has no root mount",
			       r->dirs.images);
	if (external_restore_plan(&in, &r->plan, &e))
		findings_add(&findings, e.kind, "%s", e.msg);
	stage_check(&r->stage, rootfs, root->id, &r->plan, &findings);
	if (!findings_end(&findings))
		return 0;
	return err_hint(err, "%s",
			e.hint[0] ? e.hint
				  : "mend the sources in config.json, or name others with "
				    "--external 'mnt[KEY]:HOSTPATH'");
}

/* Before the stage takes the place of the sources. */
static void name_mounts(struct restore *r)
{
	for (size_t i = 0; i < r->images.n; i++)
		mount_names_add(&r->names, r->images.v[i].id, r->images.v[i].mountpoint, NULL);
	for (size_t i = 0; i < r->plan.n; i++)
		mount_names_add(&r->names, r->plan.v[i].id, r->plan.v[i].mountpoint,
				r->plan.v[i].source);
}

static void explain(const struct restore *r, struct err *err)
{
	struct mount_name *rows = r->names.v + (r->names.n - r->plan.n);

	for (size_t i = 0; i < r->plan.n; i++)
		rows[i].alias = r->plan.v[i].source;
	criu_explain(&r->names, err);
}

static void log_plan(const struct restore *r)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (r->args.has_old_spelling)
		log_warn(
			"--ext-mount-map is the old spelling: --external 'mnt[KEY]:PATH' means the "
			"same");
	for (size_t i = 0; i < r->plan.warnings.n; i++)
		log_warn("%s", r->plan.warnings.v[i]);
	if (!log_is_debug())
		return;
	external_plan_print(&r->plan, &b);
	log_debug("external mounts:\n%s", b.p ? b.p : "none");
}

static void inherit(struct restore *r, struct criu_request *req, const char *key, int fd)
{
	criu_inherits_add(&req->inherit_fds, key, fd);
	r->keep_fds[r->n_keep_fds++] = fd;
}

/* Pipes that led out of the old container become our own stdio, one for one. */
static void inherit_stdio(struct restore *r, struct criu_request *req)
{
	for (size_t i = 0; i < r->descriptors.n && i < 3; i++)
		if (r->descriptors.v[i][0])
			inherit(r, req, r->descriptors.v[i], (int)i);
}

/* Namespaces by path: CRIU inherits net and pid, and joins the others. */
static int give_namespaces(struct restore *r, struct criu_request *req, struct err *err)
{
	static const struct {
		enum spec_ns kind;
		const char *inherit; /* or NULL */
		const char *join;    /* or NULL */
	} given[] = {
		{ SPEC_NS_NET, "extRootNetNS", NULL }, { SPEC_NS_PID, "extRootPidNS", NULL },
		{ SPEC_NS_IPC, NULL, "ipc" },	       { SPEC_NS_UTS, NULL, "uts" },
		{ SPEC_NS_TIME, NULL, "time" },	       { SPEC_NS_USER, NULL, "user" },
		{ SPEC_NS_MOUNT, NULL, NULL },	       { SPEC_NS_CGROUP, NULL, NULL },
	};
	const struct spec *spec = r->req->seed.spec;

	if (namespaces_open(spec, r->ns_fds, err))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(given); i++) {
		const char *path = spec->ns[given[i].kind].path;

		if (!path)
			continue;
		if (given[i].inherit)
			inherit(r, req, given[i].inherit, r->ns_fds[given[i].kind]);
		else if (given[i].join)
			criu_pairs_add(&req->join_ns, given[i].join, path);
		else
			return err_set(err, ERR_UNSUPPORTED,
				       "config.json: namespace path %s: CRIU can't restore into a "
				       "mount or cgroup namespace that exists",
				       path);
	}
	return 0;
}

static int build_request(struct restore *r, struct criu_request *req, struct err *err)
{
	if (cr_fill_request(r->opts, &r->dirs, req, err) || give_namespaces(r, req, err))
		return -1;
	if (req->cgroup_mode != CRIU_CGROUP_IGNORE)
		log_warn(
			"--manage-cgroups-mode %s: kedge makes the cgroups as config.json has them, "
			"CRIU does not",
			r->opts->manage_cgroups);
	req->cgroup_mode = CRIU_CGROUP_IGNORE;
	external_plan_request(&r->plan, true, req);
	inherit_stdio(r, req);
	req->log_file = "restore.log";
	req->root = r->stage.root;
	req->rst_sibling = true;
	req->notify = true;
	req->orphan_pts_master = true;
	req->evasive_devices = true;
	return 0;
}

static int run_hooks(struct restore *r, struct err *err)
{
	const struct spec *spec = r->req->seed.spec;
	auto_free char *state = container_state_json(r->c, CONTAINER_CREATING);

	if (hooks_run(&spec->hooks[SPEC_HOOK_PRESTART], "prestart", state, spec->bundle, err))
		return -1;
	return hooks_run(&spec->hooks[SPEC_HOOK_CREATE_RUNTIME], "createRuntime", state,
			 spec->bundle, err);
}

static int take_console(struct restore *r, int master, struct err *err)
{
	auto_fd int fd = master;

	if (r->req->console_socket)
		return console_send(r->req->console_socket, fd, err);
	if (r->req->wants_master)
		r->master = take_fd(&fd);
	return 0;
}

/* The tasks are complete and still held. */
static int on_restored(const struct restore *r, pid_t pid, struct err *err)
{
	if (r->req->seed.spec->root.readonly && inside_make_root_readonly(pid, err))
		return -1;
	return create_write_pid_file(r->req->pid_file, pid, err);
}

/* What CRIU announces; see criu_notify_fn. */
static int on_notify(void *ctx, const char *script, pid_t pid, int fd, struct err *err)
{
	struct restore *r = ctx;

	log_debug("criu: %s", script);
	if (!strcmp(script, "orphan-pts-master"))
		return take_console(r, fd, err);
	if (!strcmp(script, "setup-namespaces")) {
		/* the hooks are told; it is recorded once it is whole, and until then `delete` takes it */
		r->c->pid = pid;
		return run_hooks(r, err);
	}
	if (!strcmp(script, "post-restore"))
		return on_restored(r, pid, err);
	return 0;
}

/*
 * In the process that will be CRIU. What it restores inherits its cgroups and its cgroup namespace:
 * as CRIU leaves cgroups alone it makes no such namespace itself, and the container's cgroup mounts
 * would show the host's whole trees.
 */
static int enter_container(const void *ctx, struct err *err)
{
	const struct restore *r = ctx;
	const struct spec_namespace *ns = &r->req->seed.spec->ns[SPEC_NS_CGROUP];

	if (cgroup_attach(&r->c->cgroup, getpid(), err))
		return -1;
	if (ns->present && !ns->path && unshare(CLONE_NEWCGROUP))
		return err_sys(err, "make a cgroup namespace");
	return stage_enter(&r->stage, err);
}

static int run_criu(struct restore *r, struct err *err)
{
	AUTO(criu_request_done) struct criu_request req;
	AUTO(criu_done) struct criu criu = { 0 };
	struct criu_config config = { .binary = r->opts->criu,
				      .timeout_s = r->opts->timeout_s,
				      .keep_fds = r->keep_fds,
				      .setup = enter_container,
				      .setup_ctx = r,
				      .in_our_group = r->opts->shell_job,
				      .keep_stdio = true,
				      .notify = on_notify,
				      .notify_ctx = r };
	struct criu_result result = { 0 };
	unsigned long long start_us;

	criu_request_init(&req, CRIU_RESTORE);
	if (build_request(r, &req, err))
		return -1;
	config.n_keep_fds = r->n_keep_fds;
	start_us = proc_now_us();
	if (criu_start(&config, &criu, err))
		return -1;
	if (criu_run(&criu, &req, &result, err)) {
		explain(r, err);
		return -1;
	}
	r->report.criu_us = proc_now_us() - start_us;
	if (container_set_pid(r->c, result.pid, err)) {
		proc_reap(&result.pid);
		return -1;
	}
	return 0;
}

static int restore_into(struct restore *r, struct err *err)
{
	const struct spec *spec = r->req->seed.spec;

	r->stage.has_user_ns = spec->ns[SPEC_NS_USER].present;
	if (cgroup_apply(&r->c->cgroup, &spec->resources, err) ||
	    stage_open(&r->stage, r->c, &r->images, &r->plan, err))
		return -1;
	return run_criu(r, err);
}

static int prepare(struct restore *r, struct err *err)
{
	AUTO(mount_plan_done) struct mount_plan mounts = { 0 };
	auto_free char *rootfs = container_rootfs(r->req->seed.spec, err);

	if (!rootfs || mount_plan_build(r->req->seed.spec, &mounts, err))
		return -1;
	if (cr_dirs_open(r->opts, false, &r->dirs, err) || plan_sources(r, rootfs, err))
		return -1;
	log_plan(r);
	name_mounts(r);
	return 0;
}

int restore_plan(const struct create_request *req, const struct cr_options *opts,
		 struct external_plan *plan, struct err *err)
{
	struct cr_options no_work = *opts;
	struct restore r = { .req = req,
			     .opts = &no_work,
			     .master = -1,
			     .dirs = { .images_fd = -1, .work_fd = -1 },
			     .stage = STAGE_EMPTY };
	int ret;

	for (size_t i = 0; i < SPEC_NS_KINDS; i++)
		r.ns_fds[i] = -1;
	no_work.work_path = NULL; /* it would be made */
	ret = prepare(&r, err);
	external_plan_own(&r.plan);
	*plan = r.plan;
	r.plan = (struct external_plan){ 0 };
	restore_release(&r, true);
	return ret ? err_wrap(err, "container %s", req->seed.id) : 0;
}

int restore_container(const struct create_request *req, const struct cr_options *opts,
		      struct container *c, struct restore_outcome *out, struct err *err)
{
	struct restore r = { .req = req,
			     .opts = opts,
			     .c = c,
			     .master = -1,
			     .dirs = { .images_fd = -1, .work_fd = -1 },
			     .stage = STAGE_EMPTY };
	unsigned long long start_us = proc_now_us();
	int ret;

	for (size_t i = 0; i < SPEC_NS_KINDS; i++)
		r.ns_fds[i] = -1;
	ret = prepare(&r, err);
	if (!ret && !container_begin(&req->seed, c, err)) {
		ret = restore_into(&r, err);
		if (ret) {
			container_abandon(c, NULL);
			container_done(c);
		}
	} else {
		ret = -1;
	}
	r.report.n_mounts = r.images.n;
	r.report.n_external = r.plan.n;
	r.report.total_us = proc_now_us() - start_us;
	restore_release(&r, ret);
	if (ret) {
		fd_close(&r.master);
		return err_wrap(err, "container %s", req->seed.id);
	}
	fd_close(&c->lock_fd);
	out->master = r.master;
	if (out->report)
		*out->report = r.report;
	return 0;
}
