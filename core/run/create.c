/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/linux/console.h"
#include "core/linux/limits.h"
#include "core/linux/lsm.h"
#include "core/linux/namespaces.h"
#include "core/linux/rootfs.h"
#include "core/run/control.h"
#include "core/run/create.h"
#include "core/run/hooks.h"
#include "core/run/init.h"
#include "core/run/record.h"
#include "core/run/seccomp_notify.h"
#include "core/run/spawn.h"
#include "core/run/store.h"
#include "core/run/sync.h"

struct creation {
	struct init_args init;
	pid_t pid;
	int master;	/* of the terminal, when the caller wants it */
	bool ran_hooks; /* so poststop hooks have something to take down */
};

static int listen_for_start(const struct container *c, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	auto_fd int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return err_sys(err, "make a socket");
	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/" CONTAINER_START_NEW,
		 c->dir_fd);
	if (bind(sock, (struct sockaddr *)&sa, sizeof(sa)) || listen(sock, 4))
		return err_sys(err, "make the start socket of container %s", c->id);
	return take_fd(&sock);
}

static int run_runtime_hooks(struct creation *cr, struct err *err)
{
	const struct spec *spec = cr->init.req->seed.spec;
	const struct spec_hooks *prestart = &spec->hooks[SPEC_HOOK_PRESTART];
	const struct spec_hooks *runtime = &spec->hooks[SPEC_HOOK_CREATE_RUNTIME];
	auto_free char *state = NULL;

	cr->ran_hooks = true;
	if (!prestart->n && !runtime->n)
		return 0;
	state = container_state_json(cr->init.c, CONTAINER_CREATING);
	if (hooks_run(prestart, "prestart", state, spec->bundle, err))
		return -1;
	return hooks_run(runtime, "createRuntime", state, spec->bundle, err);
}

static int on_mounted(struct creation *cr, struct err *err)
{
	if (limits_apply(cr->pid, &cr->init.req->seed.spec->process, err))
		return -1;
	if (run_runtime_hooks(cr, err))
		return -1;
	return sync_send(cr->init.socks[0], SYNC_GO_ON, err);
}

static int on_console(struct creation *cr, struct err *err)
{
	const struct create_request *req = cr->init.req;
	auto_fd int master = fd_recv(cr->init.socks[0], err);

	if (master < 0)
		return err_wrap(err, "receive the terminal");
	if (req->console_socket)
		return console_send(req->console_socket, master, err);
	if (req->wants_master)
		cr->master = take_fd(&master);
	return 0;
}

static int on_seccomp(struct creation *cr, struct err *err)
{
	auto_fd int listener = fd_recv(cr->init.socks[0], err);

	if (listener < 0)
		return -1;
	if (seccomp_notify_send(cr->init.req->seed.spec->seccomp, cr->init.c, cr->pid, listener,
				err))
		return -1;
	return sync_send(cr->init.socks[0], SYNC_GO_ON, err);
}

/* The child has said nothing of why: all that is known is how it ended. */
static int explain_end(struct creation *cr, struct err *err)
{
	pid_t pid = cr->pid;
	int status = 0;

	cr->pid = -1;
	if (proc_wait(pid, &status, err))
		return -1;
	err_set(err, ERR_SYS,
		"the container's first process ended with status %d while it was made", status);
	if (status == 128 + SIGKILL)
		return err_hint(err,
				"somebody killed it: the kernel does if linux.resources.memory "
				"leaves it too little");
	return -1;
}

/* Answer the child until it is ready. */
static int serve_child(struct creation *cr, struct err *err)
{
	for (;;) {
		int got = sync_recv(cr->init.socks[0], NULL, err);
		int ret = 0;

		if (got == SYNC_READY)
			return 0;
		if (got == 0)
			return explain_end(cr, err);
		if (got == SYNC_MOUNTED)
			ret = on_mounted(cr, err);
		else if (got == SYNC_CONSOLE)
			ret = on_console(cr, err);
		else if (got == SYNC_SECCOMP)
			ret = on_seccomp(cr, err);
		else if (got > 0)
			ret = err_set(err, ERR_INVALID, "unexpected message %d", got);
		if (got < 0 || ret)
			return -1;
	}
}

/* What must be true of the child before it takes its first step. */
static int place_child(struct creation *cr, struct err *err)
{
	const struct spec *spec = cr->init.req->seed.spec;
	struct container *c = cr->init.c;

	if (container_set_pid(c, cr->pid, err))
		return -1;
	if (cr->init.spawn->needs_attach && cgroup_attach(&c->cgroup, cr->pid, err))
		return -1;
	cgroup_let_go(&c->cgroup);
	if (spec->ns[SPEC_NS_USER].present && !spec->ns[SPEC_NS_USER].path &&
	    namespaces_write_id_maps(cr->pid, &spec->uid_maps, &spec->gid_maps, err))
		return -1;
	return init_waits_for_go(&cr->init) ? sync_send(cr->init.socks[0], SYNC_GO, err) : 0;
}

int create_write_pid_file(const char *path, pid_t pid, struct err *err)
{
	char text[16];

	if (!path)
		return 0;
	snprintf(text, sizeof(text), "%d", (int)pid);
	if (fd_replace_text(AT_FDCWD, path, text, 0644, err))
		return err_wrap(err, "pid file");
	return 0;
}

/* From here on it is "created". */
static int announce(const struct container *c, struct err *err)
{
	if (renameat(c->dir_fd, CONTAINER_START_NEW, c->dir_fd, CONTAINER_START))
		return err_sys(err, "container %s: rename its start socket", c->id);
	return 0;
}

static int spawn_init(struct creation *cr, struct err *err)
{
	const struct create_request *req = cr->init.req;
	struct spawn spawn = { .spec = req->seed.spec,
			       .cgroup = &cr->init.c->cgroup,
			       .child = init_run,
			       .arg = &cr->init };

	cr->init.spawn = &spawn;
	cr->pid = spawn_child(&spawn, err);
	fd_close(&cr->init.socks[1]);
	fd_close(&cr->init.start_fd);
	if (cr->pid < 0)
		return -1;
	if (place_child(cr, err) || serve_child(cr, err))
		return -1;
	if (create_write_pid_file(req->pid_file, cr->pid, err))
		return -1;
	record_mounts(cr->init.c, req->seed.spec, cr->pid, NULL);
	return announce(cr->init.c, err);
}

/* Everything that can be refused is, before there is a process. */
static int prepare(struct creation *cr, struct mount_plan *plan, struct seccomp_filter *filter,
		   struct err *err)
{
	const struct spec *spec = cr->init.req->seed.spec;
	struct container *c = cr->init.c;

	if (mount_plan_build(spec, plan, err) ||
	    lsm_check(spec->process.apparmor_profile, spec->process.selinux_label, err))
		return -1;
	if (spec->seccomp) {
		auto_free char *cache = xasprintf("%s/" STORE_CACHE, c->store->root);

		if (seccomp_compile(spec->seccomp, cache, filter, err))
			return err_wrap(err, "config.json: /linux/seccomp");
		cr->init.filter = filter;
	}
	if (cgroup_apply(&c->cgroup, &spec->resources, err) ||
	    rootfs_open_sources(spec, plan, &cr->init.source_fds, err))
		return -1;
	cr->init.start_fd = listen_for_start(c, err);
	if (cr->init.start_fd < 0)
		return -1;
	return sync_pair(cr->init.socks, err);
}

static void creation_done(struct creation *cr, bool failed)
{
	int status;

	fd_close(&cr->init.socks[0]);
	fd_close(&cr->init.socks[1]);
	fd_close(&cr->init.start_fd);
	rootfs_close_sources(cr->init.source_fds, cr->init.plan);
	if (!failed)
		return;
	fd_close(&cr->master);
	if (cr->pid > 0) {
		kill(cr->pid, SIGKILL);
		cgroup_set_frozen(&cr->init.c->cgroup, false, NULL);
		proc_wait(cr->pid, &status, NULL);
	}
}

/* The container's root takes the place of the old one, for all who are in the namespace. */
static int check_mount_ns(const struct spec *spec, struct err *err)
{
	const struct spec_namespace *ns = &spec->ns[SPEC_NS_MOUNT];
	struct stat given, own;

	if (!ns->present) {
		err_set(err, ERR_UNSUPPORTED,
			"config.json: /linux/namespaces: a container without a mount namespace of "
			"its own would change the host's mounts");
		return err_hint(err, "add {\"type\": \"mount\"} to /linux/namespaces");
	}
	if (!ns->path || stat(ns->path, &given) || stat("/proc/self/ns/mnt", &own) ||
	    given.st_ino != own.st_ino || given.st_dev != own.st_dev)
		return 0;
	err_set(err, ERR_UNSUPPORTED,
		"config.json: /linux/namespaces: mount namespace %s is kedge's own: the container "
		"would take the host's root away",
		ns->path);
	return err_hint(err, "leave the path out for a namespace of its own");
}

static int check_request(const struct create_request *req, struct err *err)
{
	const struct spec *spec = req->seed.spec;

	if (!spec->has_process)
		return err_set(err, ERR_INVALID,
			       "config.json: /process is missing: nothing to run");
	return check_mount_ns(spec, err);
}

int create_container(const struct create_request *req, struct container *c, int *master,
		     struct err *err)
{
	AUTO(mount_plan_done) struct mount_plan plan = { 0 };
	AUTO(seccomp_filter_done) struct seccomp_filter filter = { 0 };
	struct creation cr = {
		.init = { .req = req, .c = c, .plan = &plan, .socks = { -1, -1 }, .start_fd = -1 },
		.pid = -1,
		.master = -1
	};
	int ret;

	if (check_request(req, err) || container_begin(&req->seed, c, err))
		return -1;
	ret = prepare(&cr, &plan, &filter, err);
	ret = ret || spawn_init(&cr, err);
	creation_done(&cr, ret);
	if (ret) {
		control_abandon(c, cr.ran_hooks ? req->seed.spec : NULL, NULL);
		container_done(c);
		return -1;
	}
	*master = cr.master;
	return 0;
}
