/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/cr/checkpoint.h"
#include "core/cr/criu.h"
#include "core/cr/criu_explain.h"
#include "core/cr/criu_log.h"
#include "core/cr/downtime.h"
#include "core/cr/dump_lock.h"
#include "core/cr/dump_cgroups.h"
#include "core/cr/dump_input.h"
#include "core/cr/half_open.h"
#include "core/cr/nested_mounts.h"
#include "core/cr/packed.h"
#include "core/cr/sidecar.h"
#include "core/cr/strays.h"
#include "core/cr/tools.h"
#include "core/cr/vforks.h"
#include "core/plan/dump_check.h"
#include "core/plan/external_dump.h"

#define DEATH_WAIT_MS	 10000
#define UNLOCK_TIMEOUT_S 10

/* 100, 200, 400, 800 ms: what is meant lasts as long as somebody's restore */
#define FIRST_PAUSE_NS 100000000L
#define MAX_PAUSES     4

struct checkpoint {
	struct container *c;
	const struct spec *spec;
	const struct cr_options *opts;
	struct arena arena;
	struct dump_input look;
	struct external_plan plan;
	struct checkpoint_info info;
	struct cr_dirs dirs;
	struct criu_request req;
	struct downtime downtime;
	char *freezer;
	int pidfd; /* of the first process */
	struct cr_report *report;
	unsigned long long began_us;
	unsigned int n_pauses; /* made before another try */
	bool has_locked_net;   /* CRIU has put its firewall rules into the container's network */
};

static void checkpoint_done(struct checkpoint *k)
{
	criu_request_done(&k->req);
	external_plan_done(&k->plan);
	checkpoint_info_done(&k->info);
	dump_input_done(&k->look);
	cr_dirs_done(&k->dirs);
	arena_done(&k->arena);
	free(k->freezer);
	fd_close(&k->pidfd);
}

/* What was read of the first process by its number is the container's if that is still there. */
static int check_alive(const struct checkpoint *k, struct err *err)
{
	if (k->pidfd >= 0 && proc_poll(k->pidfd, 0, NULL) == 0)
		return 0;
	return err_set(err, ERR_STATE, "its first process has ended meanwhile");
}

/* What can be refused is refused here, before anything is touched. */
static int plan_mounts(struct checkpoint *k, struct err *err)
{
	struct findings findings = { .err = err };
	struct err e = { 0 };
	int ret;

	k->pidfd = proc_open(k->c->pid, k->c->start_time, NULL);
	ret = dump_input_read(k->c, k->spec, k->opts, &k->look, err);
	if (check_alive(k, err) || ret)
		return -1;
	if (external_dump_plan(&k->look.in, &k->plan, &k->info, &e))
		findings_add(&findings, e.kind, "%s", e.msg);
	else
		dump_check(&k->look.in, &k->info, &findings);
	half_open_check(k->c, &k->look, &findings);
	nested_mounts_check(k->c, &findings);
	if (!findings_end(&findings))
		return 0;
	return e.hint[0] ? err_hint(err, "%s", e.hint) : -1;
}

/* "2026-11-25T12:00:00Z" */
static const char *now_text(struct arena *arena)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32];

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return arena_strdup(arena, text);
}

static void sign_info(struct checkpoint *k, int criu_version)
{
	struct checkpoint_info *info = &k->info;
	AUTO(buf_done) struct buf boot = { 0 };
	struct utsname host;

	info->engine = arena_strdup(&info->arena, k->opts->engine ? k->opts->engine : "kedge");
	info->criu = arena_printf(&info->arena, "%d.%d.%d", criu_version / 10000,
				  criu_version / 100 % 100, criu_version % 100);
	if (!uname(&host)) {
		info->kernel = arena_strdup(&info->arena, host.release);
		info->host = arena_strdup(&info->arena, host.nodename);
	}
	if (!fd_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 128, &boot, NULL) && boot.n)
		info->boot_id =
			arena_printf(&info->arena, "%.*s", (int)strcspn(boot.p, "\n"), boot.p);
	info->id = arena_strdup(&info->arena, k->c->id);
	info->created = now_text(&info->arena);
}

/*
 * Before CRIU begins: it costs the container nothing then, and a disk that is full is found out.
 * A pre-dump has no mounts.
 */
static int write_sidecars(struct checkpoint *k, int criu_version, struct err *err)
{
	if (sidecar_write_descriptors(k->dirs.images_fd, k->c, err))
		return -1;
	if (k->opts->pre_dump)
		return 0;
	sign_info(k, criu_version);
	return sidecar_write_info(k->dirs.images_fd, &k->info, err);
}

static void log_plan(const struct checkpoint *k)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (k->look.args.has_old_spelling)
		log_warn(
			"--ext-mount-map is the old spelling: --external 'mnt[KEY]:VALUE' means the "
			"same");
	for (size_t i = 0; i < k->plan.warnings.n; i++)
		log_warn("%s", k->plan.warnings.v[i]);
	if (!log_is_debug())
		return;
	external_plan_print(&k->plan, &b);
	log_debug("external mounts:\n%s", b.p ? b.p : "none");
}

/* A namespace that was given by path isn't the container's: CRIU gets its name instead. */
static int add_namespaces(struct checkpoint *k, struct criu_request *req, struct err *err)
{
	static const struct {
		enum spec_ns kind;
		const char *file;
		const char *name;
	} given[] = { { SPEC_NS_NET, "net", "extRootNetNS" },
		      { SPEC_NS_PID, "pid", "extRootPidNS" } };

	for (size_t i = 0; i < ARRAY_LEN(given); i++) {
		char path[64];
		struct stat st;

		if (!k->spec->ns[given[i].kind].path)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)k->c->pid, given[i].file);
		if (stat(path, &st))
			return err_sys(err, "stat %s", path);
		criu_strings_add(&req->external,
				 arena_printf(&k->arena, "%s[%llu]:%s", given[i].file,
					      (unsigned long long)st.st_ino, given[i].name));
	}
	return 0;
}

static int build_request(struct checkpoint *k, struct err *err)
{
	const char *mode = k->opts->manage_cgroups;
	const struct dump_cgroups cgroups = { .cgroup = &k->c->cgroup,
					      .host = &k->look.host,
					      .has_namespace = k->spec->ns[SPEC_NS_CGROUP].present,
					      .is_asked = mode && *mode };
	struct criu_request *req = &k->req;

	if (cr_fill_request(k->opts, &k->dirs, req, err) || add_namespaces(k, req, err))
		return -1;
	external_plan_request(&k->plan, false, req);
	dump_cgroups_plan(&cgroups, &k->arena, req);
	req->log_file = "dump.log";
	req->pid = k->c->pid;
	req->orphan_pts_master = true;
	req->notify = !k->opts->pre_dump;
	req->track_mem = k->opts->pre_dump || k->opts->parent_path;
	if (!k->opts->pre_dump && !k->freezer)
		cgroup_freezer_path(&k->c->cgroup, &k->freezer);
	req->freeze_cgroup = k->freezer;
	downtime_request(&k->downtime, req);
	return 0;
}

/* CRIU has killed the processes; they are gone when the first one is. */
static int wait_for_death(const struct container *c, struct err *err)
{
	auto_fd int pidfd = proc_open(c->pid, c->start_time, NULL);
	int ended = pidfd < 0 ? 1 : proc_poll(pidfd, DEATH_WAIT_MS, err);

	if (ended == 0)
		return err_set(err, ERR_TIMEOUT, "criu dumped process %d, but it is still there",
			       (int)c->pid);
	return ended < 0 ? -1 : 0;
}

/* See criu_notify_fn. */
static int on_notify(void *ctx, const char *script, pid_t pid, int fd, struct err *err)
{
	struct checkpoint *k = ctx;
	auto_fd int unwanted = fd;

	(void)pid;
	if (downtime_notice(&k->downtime, script, err))
		return -1;
	if (!strcmp(script, "network-lock"))
		k->has_locked_net = k->req.network_lock != CRIU_LOCK_SKIP;
	if (strcmp(script, "post-dump") != 0)
		return 0;
	/* CRIU goes by the number, too */
	if (check_alive(k, err))
		return -1;
	return dump_input_check(k->c, &k->look, err);
}

/* Dumps that build on one another need to know what was written since: CONFIG_MEM_SOFT_DIRTY. */
static int check_tracking(const struct checkpoint *k, struct criu *criu, struct err *err)
{
	struct criu_features features;

	if (!k->opts->pre_dump && !k->opts->parent_path)
		return 0;
	if (criu_ask_features(criu, &features, err))
		return -1;
	if (features.mem_track)
		return 0;
	err_set(err, ERR_UNSUPPORTED,
		"this kernel doesn't track changes of memory, so there is no pre-dump and no "
		"dump with a parent");
	return err_hint(err, "leave --pre-dump and --parent-path out, or use a kernel with "
			     "CONFIG_MEM_SOFT_DIRTY");
}

static void explain(const struct checkpoint *k, struct err *err)
{
	AUTO(mount_names_done) struct mount_names names = { 0 };

	for (size_t i = 0; i < k->info.n; i++)
		mount_names_add(&names, k->info.v[i].id, k->info.v[i].mountpoint,
				k->info.v[i].source);
	criu_explain(&names, err);
}

static int dump_once(struct checkpoint *k, struct err *err)
{
	auto_fd int lock_fd = dump_lock_take(k->c, err);
	AUTO(criu_done) struct criu criu = { 0 };
	char tools[TOOLS_PATH_BYTES];
	struct criu_config config = {
		.binary = k->opts->criu,
		.tools = tools_make(k->c, tools),
		.timeout_s = k->opts->timeout_s,
		.keep_fds = &lock_fd,
		.n_keep_fds = 1,
		.setup = dump_lock_sign,
		.setup_ctx = &lock_fd,
		/* it finds out at the next notify, stops, and thaws the tasks */
		.outlives_us = true,
		.notify = on_notify,
		.notify_ctx = k
	};
	struct criu_result result = { 0 };
	unsigned long long began_us;
	int ret;

	if (lock_fd < 0 || criu_start(&config, &criu, err))
		return -1;
	downtime_plan(&k->downtime, criu.version);
	if (cr_dirs_open(k->opts, true, &k->dirs, err) || build_request(k, err) ||
	    check_tracking(k, &criu, err) || (k->downtime.is_paused && vforks_settle(k->c, err)))
		return -1;
	k->downtime.images_fd = k->dirs.images_fd;
	if (packed_mark(k->dirs.images_fd, k->dirs.images, err))
		return err_wrap(err, "image directory %s", k->dirs.images);
	ret = write_sidecars(k, criu.version, err);
	if (ret)
		err_wrap(err, "image directory %s", k->dirs.images);
	if (check_alive(k, err) || ret) {
		sidecar_remove_info(k->dirs.images_fd);
		return -1;
	}
	began_us = proc_now_us();
	ret = criu_run(&criu, &k->req, &result, err);
	k->report->criu_us = proc_now_us() - began_us;
	k->dirs.keeps_images = !ret;
	if (!ret)
		return 0;
	explain(k, err);
	sidecar_remove_info(k->dirs.images_fd);
	k->downtime.has_ended_well = criu.has_answered;
	/* its answer comes after it has taken its rules away */
	k->has_locked_net = k->has_locked_net && !criu.has_answered;
	return -1;
}

/* The tasks run on meanwhile and have lost nothing: only who answered has put them back. */
static bool wants_retry(struct checkpoint *k, const struct err *err)
{
	struct timespec pause = { 0 };

	if (!k->downtime.has_ended_well)
		return false;
	if (downtime_wants_retry(&k->downtime, err))
		return true;
	if (err->kind != ERR_CRIU || !criu_log_is_passing(err->msg) || k->n_pauses == MAX_PAUSES)
		return false;
	pause.tv_nsec = FIRST_PAUSE_NS << k->n_pauses++;
	log_warn("container %s: %s: once more, in %ld ms", k->c->id, err->msg,
		 pause.tv_nsec / 1000000);
	nanosleep(&pause, NULL);
	return true;
}

static int dump(struct checkpoint *k, struct err *err)
{
	struct err e = { 0 };
	int ret = dump_once(k, &e);

	while (ret && wants_retry(k, &e)) {
		criu_request_done(&k->req);
		cr_dirs_done(&k->dirs);
		e = (struct err){ 0 };
		ret = dump_once(k, &e);
	}
	tools_remove(k->c);
	k->report->skipped_lock = !ret && k->downtime.taken.skip_lock;
	k->report->skipped_netns = !ret && k->downtime.taken.skip_netns;
	if (ret && err)
		*err = e;
	return ret;
}

/* ERR_STATE tells this refusal from whatever else may happen to the second CRIU. */
static int refuse_lock(void *ctx, const char *script, pid_t pid, int fd, struct err *err)
{
	auto_fd int unwanted = fd;

	(void)ctx;
	(void)pid;
	if (strcmp(script, "network-lock") != 0)
		return 0;
	return err_set(err, ERR_STATE, "no further");
}

/*
 * A CRIU that was killed has left its firewall rules behind, and no packet comes through. Another
 * one that fails at this very step takes them away; nftables' only if their table's name, which
 * has an id of the run, were the same.
 */
static void unlock_network(struct checkpoint *k)
{
	AUTO(criu_done) struct criu criu = { 0 };
	struct criu_config config = { .binary = k->opts->criu,
				      .timeout_s = UNLOCK_TIMEOUT_S,
				      .outlives_us = true,
				      .notify = refuse_lock };
	struct criu_result result = { 0 };
	struct err e = { 0 };

	k->req.log_file = "unlock.log";
	if (k->req.network_lock == CRIU_LOCK_NFTABLES)
		err_set(&e, ERR_CRIU, "look for its table with `nft list tables`");
	else if (!criu_start(&config, &criu, &e))
		criu_run(&criu, &k->req, &result, &e);
	if (e.kind != ERR_STATE)
		log_warn("container %s: CRIU may have left its network locked: %s", k->c->id,
			 e.msg);
}

/* Paused as it was: CRIU hasn't got to the tasks, or has put back what it did. */
static bool is_still_paused(const struct checkpoint *k)
{
	bool is_frozen = false;

	return (!k->downtime.is_begun || k->downtime.has_ended_well) &&
	       !cgroup_is_frozen(&k->c->cgroup, &is_frozen, NULL) && is_frozen;
}

/* CRIU puts right what it did, if it isn't killed: then the rest is done here. */
static void undo_dump(struct checkpoint *k)
{
	struct err e = { 0 };

	if (k->downtime.is_paused && is_still_paused(k))
		return;
	cgroup_set_frozen(&k->c->cgroup, false, NULL);
	if (k->has_locked_net)
		unlock_network(k);
	if (k->downtime.is_paused && cgroup_set_frozen(&k->c->cgroup, true, &e))
		log_warn("container %s: it was paused, and runs now: %s", k->c->id, e.msg);
}

static int check_status(const struct container *c, enum container_status *status, struct err *err)
{
	*status = container_status(c);
	if (*status == CONTAINER_RUNNING || *status == CONTAINER_PAUSED)
		return 0;
	return err_set(err, ERR_STATE, "cannot checkpoint container %s: it is %s, not running",
		       c->id, container_status_name(*status));
}

int checkpoint_plan(struct container *c, const struct spec *spec, const struct cr_options *opts,
		    struct external_plan *plan, struct err *err)
{
	AUTO(checkpoint_done)
	struct checkpoint k = { .c = c,
				.spec = spec,
				.opts = opts,
				.dirs = { .images_fd = -1, .work_fd = -1 },
				.pidfd = -1 };
	enum container_status status;
	int ret;

	if (check_status(c, &status, err))
		return -1;
	ret = plan_mounts(&k, err);
	*plan = k.plan;
	k.plan = (struct external_plan){ 0 };
	return ret ? err_wrap(err, "container %s", c->id) : 0;
}

int checkpoint_container(struct container *c, const struct spec *spec,
			 const struct cr_options *opts, struct cr_report *report, struct err *err)
{
	AUTO(checkpoint_done)
	struct checkpoint k = { .c = c,
				.spec = spec,
				.opts = opts,
				.dirs = { .images_fd = -1, .work_fd = -1 },
				.pidfd = -1 };
	struct cr_report none = { 0 };
	enum container_status status;

	if (report)
		*report = none;
	k.report = report ? report : &none;
	if (c->lock_fd < 0 && container_lock(c, err))
		return -1;
	if (check_status(c, &status, err))
		return -1;
	k.began_us = proc_now_us();
	criu_request_init(&k.req, opts->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP);
	if (plan_mounts(&k, err))
		return err_wrap(err, "container %s", c->id);
	log_plan(&k);
	k.downtime = (struct downtime){ .c = c,
					.spec = spec,
					.opts = opts,
					.is_paused = status == CONTAINER_PAUSED,
					.has_strays = strays_warn(c) };
	if (dump(&k, err)) {
		undo_dump(&k);
		return err_wrap(err, "container %s", c->id);
	}
	if (!opts->leave_running && !opts->pre_dump && wait_for_death(c, err))
		return err_wrap(err, "container %s", c->id);
	k.report->n_mounts = k.look.container.n;
	k.report->n_external = k.plan.n;
	cr_report_measure(k.dirs.images_fd, k.dirs.work_fd, k.report);
	k.report->total_us = proc_now_us() - k.began_us;
	return 0;
}
