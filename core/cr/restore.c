/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/cr/criu.h"
#include "core/cr/criu_explain.h"
#include "core/cr/given_ns.h"
#include "core/cr/inside.h"
#include "core/cr/inside_masks.h"
#include "core/cr/restore.h"
#include "core/cr/restore_prepare.h"
#include "core/cr/restored_creds.h"
#include "core/cr/restored_ns.h"
#include "core/cr/tools.h"
#include "core/linux/console.h"
#include "core/linux/namespaces.h"
#include "core/run/control.h"
#include "core/run/holder.h"
#include "core/run/hooks.h"
#include "core/run/record.h"

#define OLDEST_CRIU 31800 /* takes a path for the image directory */

/* Who is there in place of the container; pid 0: nobody. */
struct held {
	pid_t pid;
	unsigned long long start_time;
	bool has_net; /* its network namespace becomes the container's, its hooks have run */
};

struct restore {
	const struct create_request *req;
	const struct cr_options *opts;
	struct container *c;
	struct held held;
	struct restore_prep prep;
	int ns_fds[SPEC_NS_KINDS];
	int keep_fds[4 + SPEC_NS_KINDS]; /* what CRIU inherits */
	size_t n_keep_fds;
	int master;
	bool has_run_hooks; /* so poststop hooks have something to take down */
	bool has_pid_file;
	bool has_checked_creds;
	pid_t criu;
	struct inside_attached attached;
	struct cr_report report;
};

#define RESTORE_OF(request, options, container)                                                    \
	{                                                                                          \
		.req = (request), .opts = (options), .c = (container), .prep = RESTORE_PREP_EMPTY, \
		.master = -1, .attached = INSIDE_ATTACHED_NONE,                                    \
	}

static void log_plan(const struct restore *r)
{
	const struct external_plan *plan = &r->prep.plan;
	AUTO(buf_done) struct buf b = { 0 };

	for (size_t i = 0; i < plan->warnings.n; i++)
		log_warn("%s", plan->warnings.v[i]);
	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].note)
			log_warn("%s: %s", plan->v[i].mountpoint, plan->v[i].note);
	if (!log_is_debug())
		return;
	external_plan_print(plan, &b);
	log_debug("external mounts:\n%s", b.p ? b.p : "none");
}

/* Pipes that led out of the old container become our own stdio, one for one. */
static void inherit_stdio(const struct restore *r, struct criu_request *req)
{
	for (size_t i = 0; i < r->prep.descriptors.n && i < 3; i++)
		if (r->prep.descriptors.v[i][0])
			criu_inherits_add(&req->inherit_fds, r->prep.descriptors.v[i], (int)i);
}

/* The keys of the edited images, and the staged mounts. */
static void name_sources(struct restore *r, struct criu_request *req)
{
	struct restore_prep *p = &r->prep;
	struct external_plan staged = p->plan;
	size_t n = 0;

	staged.v = arena_array(&p->arena, p->plan.n, sizeof(*staged.v));
	for (size_t i = 0; i < p->plan.n; i++) {
		auto_free char *key = images_copy_key(i);

		if (!p->stage.entries[i].path)
			continue;
		staged.v[n].key = arena_strdup(&p->arena, key);
		staged.v[n++].source = p->stage.entries[i].path;
	}
	staged.n = n;
	external_plan_request(&staged, true, req);
}

static int build_request(struct restore *r, struct criu_request *req, struct err *err)
{
	struct restore_prep *p = &r->prep;

	if (cr_fill_request(r->opts, &p->dirs, req, err) ||
	    given_ns_request(r->req->seed.spec, p->dirs.images_fd, r->ns_fds, req, err))
		return -1;
	/* the directory as CRIU's own mount namespace has it: stage_enter() */
	req->images_dir = arena_printf(&p->arena, "/proc/self/fd/%d", p->dirs.images_fd);
	req->images_fd = -1;
	if (req->cgroup_mode != CRIU_CGROUP_IGNORE)
		log_warn(
			"--manage-cgroups-mode %s: kedge makes the cgroups as config.json has them, "
			"CRIU does not",
			r->opts->manage_cgroups);
	req->cgroup_mode = CRIU_CGROUP_IGNORE;
	name_sources(r, req);
	inherit_stdio(r, req);
	req->log_file = "restore.log";
	req->root = p->stage.root;
	req->rst_sibling = true;
	req->notify = true;
	req->orphan_pts_master = true;
	req->evasive_devices = true;
	for (size_t i = 0; i < req->inherit_fds.n; i++)
		r->keep_fds[r->n_keep_fds++] = req->inherit_fds.v[i].fd;
	r->keep_fds[r->n_keep_fds++] = p->dirs.images_fd;
	return 0;
}

static int run_hooks(struct restore *r, struct err *err)
{
	const struct spec *spec = r->req->seed.spec;
	auto_free char *state = container_state_json(r->c, CONTAINER_CREATING);

	r->has_run_hooks = true;
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

/* What was settled, as steps from a clone, which is a peer of the host's mount or private. */
static void set_propagation(enum external_propagation propagation, struct inside_addition *added)
{
	static const unsigned long private[] = { MS_PRIVATE | MS_REC };
	static const unsigned long slave[] = { MS_SLAVE | MS_REC, MS_SHARED | MS_REC };
	static const unsigned long own[] = { MS_PRIVATE | MS_REC, MS_SHARED | MS_REC };
	static const struct {
		const unsigned long *v;
		size_t n;
	} steps[EXTERNAL_PROPAGATIONS] = {
		[EXTERNAL_PRIVATE] = { private, 1 },
		[EXTERNAL_SLAVE] = { slave, 1 },
		[EXTERNAL_SLAVE_SHARED] = { slave, 2 },
		[EXTERNAL_OWN_GROUP] = { own, 2 },
	};

	added->propagation = steps[propagation].v;
	added->n_propagation = steps[propagation].n;
}

static struct mount_expect_row *expect_added(struct restore *r, size_t i)
{
	const struct external_mount *m = &r->prep.plan.v[i];
	const struct mount_expect_source *seen = &r->prep.stage.seen[i];
	struct mount_expect_row *row = arena_array(&r->prep.arena, 1, sizeof(*row));

	*row = (struct mount_expect_row){
		.has_identity = seen->has_identity,
		.major = seen->major,
		.minor = seen->minor,
		.root = seen->root,
		.fstype = m->fstype,
		.flags = m->flags,
		.is_idmapped = m->is_idmapped,
		.propagation = m->propagation,
		.group = seen->shared ? seen->shared : seen->master,
		.host_fd = -1,
	};
	return row;
}

/* What config.json has and the checkpoint hadn't. */
static int attach(struct restore *r, pid_t pid, struct err *err)
{
	struct restore_prep *p = &r->prep;
	struct inside_addition *v = arena_array(&p->arena, p->plan.n, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < p->plan.n; i++) {
		const struct external_mount *m = &p->plan.v[i];
		const struct live_mount *live;

		if (!m->is_added)
			continue;
		live = &p->live.v[m->mount_index];
		v[n] = (struct inside_addition){
			.index = m->mount_index,
			.destination = live->mount->destination,
			.source = m->source,
			.tree_fd = p->stage.entries[i].tree_fd,
			.is_dir = p->stage.sources[i].kind == EXTERNAL_KIND_DIRECTORY,
			.takes_mode = !m->source && !mount_opts_value(live->opts.data, "mode"),
			.is_copied_up = !m->source && live->opts.is_copied_up,
			.expect = expect_added(r, i),
		};
		set_propagation(m->propagation, &v[n++]);
	}
	return n ? inside_attach(pid, v, n, &r->attached, err) : 0;
}

/* The tasks are complete and still held. */
static int on_restored(struct restore *r, pid_t pid, struct err *err)
{
	if (inside_settle(pid, &r->prep.expect, &r->report.n_repairs, err) || attach(r, pid, err))
		return -1;
	if (inside_mask(pid, r->req->seed.spec, err) ||
	    restored_ns_check(r->c, pid, r->req->seed.spec, err) ||
	    given_ns_check(pid, r->ns_fds, err) ||
	    create_write_pid_file(r->req->pid_file, pid, err))
		return -1;
	r->has_pid_file = r->req->pid_file;
	return 0;
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
		return r->held.has_net ? 0 : run_hooks(r, err);
	}
	if (!strcmp(script, "post-restore"))
		return on_restored(r, pid, err);
	if (!strcmp(script, "pre-resume")) {
		const struct restored_helpers ours = { r->criu, r->held.pid };

		r->has_checked_creds = true;
		return restored_creds_check(r->c, r->req->seed.spec, r->c->pid, &ours, err);
	}
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
	const struct stage_images images = { .path = r->prep.dirs.images,
					     .fd = r->prep.dirs.images_fd,
					     .copy = &r->prep.copy,
					     .view = &r->prep.view };

	if (cgroup_attach(&r->c->cgroup, getpid(), err))
		return -1;
	if (ns->present && !ns->path && unshare(CLONE_NEWCGROUP))
		return err_sys(err, "make a cgroup namespace");
	return stage_enter(&r->prep.stage, &images, err);
}

/* CRIU's words for our mounts are their ids, its keys and the staged paths. */
static void explain(const struct restore *r, struct err *err)
{
	const struct restore_prep *p = &r->prep;
	const struct images_copy_file *file = &p->copy.v[p->copy.root];
	AUTO(mount_names_done) struct mount_names names = { 0 };

	for (size_t i = 0; i < file->mounts.n; i++)
		mount_names_add(&names, file->mounts.v[i].id, file->mounts.v[i].mountpoint, NULL);
	for (size_t i = 0; i < p->plan.n; i++) {
		if (!p->plan.v[i].id)
			continue;
		mount_names_add(&names, p->plan.v[i].id, p->plan.v[i].mountpoint,
				p->plan.v[i].source);
		names.v[names.n - 1].alias = p->stage.entries[i].path;
	}
	criu_explain(&names, err);
}

static int end_holder(const struct restore *r, struct err *err)
{
	return r->held.pid ? holder_end(r->c, r->held.pid, r->held.start_time, err) : 0;
}

static int run_criu(struct restore *r, struct err *err)
{
	AUTO(criu_request_done) struct criu_request req;
	AUTO(criu_done) struct criu criu = { 0 };
	char tools[TOOLS_PATH_BYTES];
	struct criu_config config = { .binary = r->opts->criu,
				      .tools = tools_make(r->c, tools),
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
	if (criu.version < OLDEST_CRIU)
		return err_set(err, ERR_UNSUPPORTED,
			       "a restore needs CRIU 3.18 or newer, not %d.%d",
			       criu.version / 10000, criu.version / 100 % 100);
	r->criu = criu.process.pid;
	cgroup_let_go(&r->c->cgroup);
	if (criu_run(&criu, &req, &result, err)) {
		explain(r, err);
		return -1;
	}
	if (!r->has_checked_creds) {
		proc_reap(&result.pid);
		return err_set(err, ERR_CRIU, "criu let the tasks run before the check");
	}
	r->report.criu_us = proc_now_us() - start_us;
	tools_remove(r->c);
	if (container_set_pid(r->c, result.pid, err) || end_holder(r, err)) {
		proc_reap(&result.pid);
		return -1;
	}
	return 0;
}

static int restore_into(struct restore *r, struct err *err)
{
	const struct spec *spec = r->req->seed.spec;

	if (cgroup_apply(&r->c->cgroup, &spec->resources, err) ||
	    stage_open(&r->prep.stage, r->c, &r->prep.plan, err))
		return -1;
	restore_prepare_expect(&r->prep);
	return run_criu(r, err);
}

/* What hooks set up is for poststop to take down, as create does it. */
static void abandon(struct restore *r)
{
	if (r->has_pid_file && unlink(r->req->pid_file) && errno != ENOENT)
		log_warn("remove %s: %s", r->req->pid_file, strerror(errno));
	control_abandon(r->c, r->has_run_hooks ? r->req->seed.spec : NULL, NULL);
	container_done(r->c);
}

/* For the next checkpoint: what was moved or unmounted isn't where config.json has it. */
static void record(struct restore *r)
{
	struct restore_prep *p = &r->prep;
	struct mount_origins origins;

	mount_origins_build(&p->info, &p->live, &p->arena, &origins);
	record_mounts(r->c, r->req->seed.spec, r->c->pid, &origins);
}

static void fill_report(struct restore *r, unsigned long long start_us)
{
	const struct restore_prep *p = &r->prep;

	r->report.total_us = proc_now_us() - start_us;
	r->report.n_mounts = p->expect.n;
	r->report.n_external = p->plan.n;
}

int restore_plan(const struct create_request *req, const struct cr_options *opts,
		 struct external_plan *plan, struct err *err)
{
	struct restore_prep p = RESTORE_PREP_EMPTY;
	int ret = restore_prepare(req, opts, false, &p, err);

	external_plan_own(&p.plan);
	*plan = p.plan;
	p.plan = (struct external_plan){ 0 };
	restore_prep_done(&p, true);
	return ret ? err_wrap(err, "container %s", req->seed.id) : 0;
}

static void restore_begin(struct restore *r)
{
	for (size_t i = 0; i < SPEC_NS_KINDS; i++)
		r->ns_fds[i] = -1;
}

static int prepare(struct restore *r, struct err *err)
{
	if (restore_prepare(r->req, r->opts, true, &r->prep, err))
		return -1;
	log_plan(r);
	return 0;
}

/* Give back what isn't the container's, and hand out the rest. */
static int finish(struct restore *r, int ret, unsigned long long start_us,
		  struct restore_outcome *out, struct err *err)
{
	fill_report(r, start_us);
	namespaces_close(r->ns_fds);
	inside_attached_done(&r->attached, ret);
	if (!ret)
		record(r);
	restore_prep_done(&r->prep, ret);
	if (ret) {
		fd_close(&r->master);
		return err_wrap(err, "container %s", r->req->seed.id);
	}
	fd_close(&r->c->lock_fd);
	out->master = r->master;
	if (out->report)
		*out->report = r->report;
	return 0;
}

int restore_container(const struct create_request *req, const struct cr_options *opts,
		      struct container *c, struct restore_outcome *out, struct err *err)
{
	struct restore r = RESTORE_OF(req, opts, c);
	unsigned long long start_us = proc_now_us();
	int ret = -1;

	restore_begin(&r);
	if (!prepare(&r, err) && !container_begin(&req->seed, c, err)) {
		ret = restore_into(&r, err);
		if (ret)
			abandon(&r);
	}
	return finish(&r, ret, start_us, out, err);
}

/* The holder's namespace is one that is given by path. */
static void use_holder(struct restore *r, struct spec *spec, struct arena *arena)
{
	const struct container *c = r->c;

	r->held = (struct held){ c->pid, c->start_time, holder_has_net(spec) };
	if (r->held.has_net)
		spec->ns[SPEC_NS_NET].path = arena_printf(arena, "/proc/%d/ns/net", (int)c->pid);
}

/* Without the holder CRIU fails at one thing or the other. */
static void explain_death(const struct restore *r, struct err *err)
{
	if (!proc_is_alive(r->held.pid, r->held.start_time))
		err_set(err, ERR_STATE, "it was killed while it was restored");
}

int restore_held(const struct create_request *req, const struct cr_options *opts,
		 struct container *c, struct restore_outcome *out, struct err *err)
{
	AUTO(arena_done) struct arena arena = { 0 };
	struct create_request held = *req;
	struct spec spec = *req->seed.spec;
	struct restore r = RESTORE_OF(&held, opts, c);
	unsigned long long start_us = proc_now_us();
	int ret;

	held.seed.spec = &spec;
	restore_begin(&r);
	use_holder(&r, &spec, &arena);
	r.has_run_hooks = r.held.has_net;
	ret = prepare(&r, err) || restore_into(&r, err) ? -1 : 0;
	if (ret) {
		explain_death(&r, err);
		abandon(&r);
	}
	return finish(&r, ret, start_us, out, err);
}
