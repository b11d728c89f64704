/* SPDX-License-Identifier: Apache-2.0 */
/* A container's cgroup as a scope of systemd's. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/linux/cgroup_internal.h"
#include "core/linux/dbus.h"
#include "core/plan/systemd_scope.h"
#include "core/plan/systemd_unit.h"

#define MANAGER	       DBUS_SYSTEMD_BUS_NAME ".Manager"
#define ERROR_EXISTS   DBUS_SYSTEMD_BUS_NAME ".UnitExists"
#define ERROR_NO_UNIT  DBUS_SYSTEMD_BUS_NAME ".NoSuchUnit"
#define BOOTED	       "/run/systemd/system" /* sd_booted(3) */
#define INIT_SCOPE     "/init.scope"
#define PID1_MAX_BYTES (64UL << 10)

/* --- where ---------------------------------------------------------------------------------------*/

static int refuse(const char *why, struct err *err)
{
	err_set(err, ERR_UNSUPPORTED, "cgroups by systemd: %s", why);
	return err_hint(err, "have the caller use the cgroupfs driver: docker: \"exec-opts\": "
			     "[\"native.cgroupdriver=cgroupfs\"]; podman: "
			     "--cgroup-manager=cgroupfs; containerd: SystemdCgroup = false");
}

/* The cgroup below which systemd keeps its units: where itself is, less init.scope. */
static int find_root(char **root, struct err *err)
{
	AUTO(buf_done) struct buf text = { 0 };
	const char *line = NULL;
	size_t len;

	if (fd_read_file(AT_FDCWD, "/proc/1/cgroup", PID1_MAX_BYTES, &text, err))
		return err_wrap(err, "find systemd's cgroup");
	if (text.p)
		line = str_starts(text.p, "0::/") ? text.p : strstr(text.p, "\n0::/");
	if (!line)
		return refuse("the first process is in no cgroup of v2", err);
	line = strchr(line, '/');
	len = strcspn(line, "\n");
	*root = xasprintf("%.*s", (int)len, line);
	if (str_ends(*root, INIT_SCOPE) || !strcmp(*root, INIT_SCOPE))
		(*root)[len - strlen(INIT_SCOPE)] = '\0';
	else if (!strcmp(*root, "/"))
		(*root)[0] = '\0';
	return 0;
}

int cgroup_locate_unit(const char *cgroups_path, const char *id, struct cgroup *cg, struct err *err)
{
	AUTO(cgroup_hierarchies_done) struct cgroup_hierarchies hs = { 0 };
	AUTO(systemd_unit_done) struct systemd_unit unit = { 0 };
	auto_free char *root = NULL;

	if (systemd_unit_parse(cgroups_path, id, &unit, err))
		return -1;
	if (access(BOOTED, F_OK))
		return refuse("this host wasn't booted by systemd (" BOOTED " isn't there)", err);
	if (cgroup_hierarchies_read(&hs, err))
		return -1;
	if (cgroup_layout_of(&hs) != CGROUP_V2)
		return refuse("only where cgroup v2 is alone, and this host has v1", err);
	if (find_root(&root, err))
		return -1;
	cg->unit = take_ptr(&unit.name);
	cg->path = xasprintf("%s%s", root, unit.path);
	cg->v = xcalloc(1, sizeof(*cg->v));
	cg->v[0] = (struct cgroup_dir){
		.controllers = xstrdup(""),
		.dir = xasprintf("%s%s", hs.v[0].root, cg->path),
		.root = xstrdup(hs.v[0].root),
	};
	cg->n = 1;
	return 0;
}

/* --- calls ---------------------------------------------------------------------------------------*/

static struct dbus_call to_manager(const char *member, const char *signature,
				   const struct dbus_writer *body)
{
	return (struct dbus_call){ .destination = DBUS_SYSTEMD_BUS_NAME,
				   .path = "/org/freedesktop/systemd1",
				   .interface = MANAGER,
				   .member = member,
				   .signature = signature,
				   .body = body };
}

/* A call that gives a job, and how that ends. */
static int run_job(struct dbus *bus, const struct dbus_call *call, struct dbus_reply *reply,
		   char **result, struct err *err)
{
	const char *job;

	if (dbus_call(bus, call, reply, err))
		return -1;
	if (dbus_get_string(&reply->body, &job))
		return err_set(err, ERR_INVALID, "systemd: %s gave no job", call->member);
	return dbus_wait_job(bus, job, result, err);
}

static int call_by_name(struct dbus *bus, const char *member, const char *unit, struct err *err)
{
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
	struct dbus_call call = to_manager(member, "s", &body);

	dbus_put_string(&body, unit);
	return dbus_call(bus, &call, NULL, err);
}

/* --- starting ------------------------------------------------------------------------------------*/

static void wait_to_be_killed(pid_t parent)
{
	proc_reset_signals();
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	if (fd_close_others(0, NULL, 0, NULL) || prctl(PR_SET_PDEATHSIG, SIGKILL) ||
	    getppid() != parent)
		_exit(0);
	for (;;)
		pause();
}

static int start_keeper(struct cgroup *cg, struct err *err)
{
	pid_t self = getpid();

	cg->keeper = fork();
	if (cg->keeper == 0)
		wait_to_be_killed(self);
	if (cg->keeper > 0)
		return 0;
	cg->keeper = 0;
	return err_sys(err, "fork");
}

void cgroup_let_go(struct cgroup *cg)
{
	if (!cg->keeper)
		return;
	proc_reap(&cg->keeper);
	cg->keeper = 0;
}

static int start_once(struct dbus *bus, const struct dbus_call *call, bool *exists, char **result,
		      struct err *err)
{
	AUTO(dbus_reply_done) struct dbus_reply reply = { 0 };
	int ret = run_job(bus, call, &reply, result, err);

	*exists = ret && str_eq(reply.error_name, ERROR_EXISTS);
	return ret;
}

static int start_scope(struct dbus *bus, const struct cgroup *cg, const struct dbus_writer *body,
		       struct err *err)
{
	struct dbus_call call = to_manager("StartTransientUnit", SYSTEMD_START_SIGNATURE, body);
	auto_free char *result = NULL;
	bool exists = false;
	int ret = start_once(bus, &call, &exists, &result, err);

	/* one that has failed stays loaded until somebody says that he has seen it */
	if (exists && !call_by_name(bus, "ResetFailedUnit", cg->unit, NULL))
		ret = start_once(bus, &call, &exists, &result, err);
	if (exists) {
		err_set(err, ERR_EXISTS, "systemd has a unit %s already", cg->unit);
		return err_hint(err,
				"systemctl stop it, or give the container another cgroupsPath");
	}
	if (ret)
		return err_wrap(err, "start %s", cg->unit);
	if (strcmp(result, "done")) {
		err_set(err, ERR_STATE, "systemd could not start %s: %s", cg->unit, result);
		return err_hint(err, "systemctl status %s and the journal say more", cg->unit);
	}
	if (!access(cg->v[0].dir, F_OK))
		return 0;
	return err_set(err, ERR_STATE, "systemd made %s, but not the cgroup %s", cg->unit,
		       cg->v[0].dir);
}

/* "/a.slice/a-b.slice/x.scope": "a-b.slice"; right below systemd's root it is "-.slice" */
static char *slice_of(const char *path)
{
	auto_free char *above = xasprintf("%.*s", (int)(strrchr(path, '/') - path), path);
	const char *last = str_last_part(above);

	return xstrdup(str_ends(last, ".slice") ? last : "-.slice");
}

int cgroup_start_unit(struct cgroup *cg, const struct spec_pairs *annotations, struct err *err)
{
	AUTO(dbus_done) struct dbus bus = DBUS_NONE;
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
	auto_free char *slice = slice_of(cg->path);
	struct systemd_scope scope = { .name = cg->unit,
				       .slice = slice,
				       .annotations = annotations };

	if (dbus_open_systemd(&bus, err) || start_keeper(cg, err))
		return -1;
	scope.pid = (uint32_t)cg->keeper;
	if (systemd_scope_start(&scope, &body, err) || start_scope(&bus, cg, &body, err)) {
		cgroup_let_go(cg);
		return -1;
	}
	cgroup_v2_enable_all(&cg->v[0]);
	return 0;
}

/* --- limits, and the end -------------------------------------------------------------------------*/

/* A unit of that name, if there is one, is somebody else's then: in another slice. */
static bool has_ended(const struct cgroup *cg)
{
	return access(cg->v[0].dir, F_OK) && errno == ENOENT;
}

int cgroup_limit_unit(const struct cgroup *cg, const struct spec_resources *res, struct err *err)
{
	AUTO(dbus_done) struct dbus bus = DBUS_NONE;
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
	struct dbus_call call = to_manager("SetUnitProperties", SYSTEMD_LIMIT_SIGNATURE, &body);
	size_t n = 0;

	if (has_ended(cg))
		return err_set(err, ERR_NOT_FOUND, "%s has ended: cgroup %s does not exist",
			       cg->unit, cg->v[0].dir);
	if (systemd_scope_limits(cg->unit, res, &body, &n, err))
		return -1;
	if (!n)
		return 0;
	if (dbus_open_systemd(&bus, err) || dbus_call(&bus, &call, NULL, err))
		return err_wrap(err, "limit %s", cg->unit);
	return 0;
}

void cgroup_stop_unit(const struct cgroup *cg)
{
	AUTO(dbus_done) struct dbus bus = DBUS_NONE;
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
	AUTO(dbus_reply_done) struct dbus_reply reply = { 0 };
	struct dbus_call call = to_manager("StopUnit", "ss", &body);
	auto_free char *result = NULL;
	struct err err = { 0 };

	dbus_put_string(&body, cg->unit);
	dbus_put_string(&body, "replace");
	if (dbus_open_systemd(&bus, &err)) {
		log_warn("stop %s: %s", cg->unit, err.msg);
		return;
	}
	if (!has_ended(cg) && run_job(&bus, &call, &reply, &result, &err) &&
	    !str_eq(reply.error_name, ERROR_NO_UNIT))
		log_warn("stop %s: %s", cg->unit, err.msg);
	call_by_name(&bus, "ResetFailedUnit", cg->unit, NULL);
}
