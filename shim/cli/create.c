/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fd.h"
#include "core/run/control.h"
#include "core/run/create.h"
#include "shim/cli/commands.h"
#include "shim/cli/launch.h"

struct create_values {
	const char *bundle;
	const char *console_socket;
	const char *pidfd_socket;
	const char *pid_file;
	unsigned int preserve_fds;
	bool no_pivot;
	bool no_new_keyring;
	/* run alone */
	bool detach;
	bool keep;
	bool no_subreaper;
};

#define AT(field) CLI_AT(struct create_values, field)

/* What `create` and `run` have in common. */
static const struct cli_option create_options[] = {
	{ AT(bundle), 'b', "bundle", "DIR", "directory of config.json (default: .)" },
	{ AT(console_socket), 0, "console-socket", "PATH",
	  "unix socket that is sent the terminal's master end" },
	{ AT(pidfd_socket), 0, "pidfd-socket", "PATH",
	  "unix socket that is sent a pidfd on the first process" },
	{ AT(pid_file), 0, "pid-file", "FILE", "write the first process's pid to FILE" },
	{ AT(no_pivot), 0, "no-pivot", NULL, "do without pivot_root (a root on a ramdisk)" },
	{ AT(no_new_keyring), 0, "no-new-keyring", NULL, "keep the caller's session keyring" },
	{ AT(preserve_fds), 0, "preserve-fds", "N", "pass on N fds, from 3 on" },
	{ 0 },
};

static const struct cli_option run_options[] = {
	{ AT(detach), 'd', "detach", NULL, "return when the container has been started" },
	{ AT(keep), 0, "keep", NULL, "do not delete the container when it has ended" },
	{ AT(no_subreaper), 0, "no-subreaper", NULL, "do not adopt the container's orphans" },
	{ 0 },
};

/* Bring the container up to the state "created". */
static int create(const struct cli *cli, const struct launch *launch, struct stored *l, int *master,
		  struct err *err)
{
	const struct create_values *v = cli->values;
	struct create_request req = {
		.seed.store = &l->store,
		.seed.id = cli->args[0],
		.seed.spec = &l->spec,
		.seed.config = l->config.p,
		.console_socket = v->console_socket,
		.pid_file = v->pid_file,
		.preserve_fds = v->preserve_fds,
		.listen_fds = launch->listen_fds,
		.no_pivot = v->no_pivot,
		.no_new_keyring = v->no_new_keyring,
		.wants_master = l->spec.process.terminal && !launch->detach,
	};

	if (create_container(&req, &l->c, master, err))
		return -1;
	if (launch_send_pidfd(l->c.pid, v->pidfd_socket, err))
		return launch_undo(l, err);
	return 0;
}

static int run_create(const struct cli *cli, struct err *err)
{
	const struct create_values *v = cli->values;
	AUTO(stored_done) struct stored l = STORED_EMPTY;
	struct launch launch = {
		.detach = true,
		.console_socket = v->console_socket,
		.listen_fds = launch_listen_fds(),
		.preserve_fds = v->preserve_fds,
	};
	int master = -1;

	if (load_bundle(cli, v->bundle, &l, err) ||
	    launch_check(&launch, l.spec.process.terminal, err))
		return -1;
	return create(cli, &launch, &l, &master, err);
}

static int run_run(const struct cli *cli, struct err *err)
{
	const struct create_values *v = cli->values;
	AUTO(stored_done) struct stored l = STORED_EMPTY;
	AUTO(attach_done) struct attach attach = { .signal_fd = -1 };
	struct launch launch = {
		.detach = v->detach,
		.no_subreaper = v->no_subreaper,
		.console_socket = v->console_socket,
		.listen_fds = launch_listen_fds(),
		.preserve_fds = v->preserve_fds,
	};
	auto_fd int master = -1;

	if (load_bundle(cli, v->bundle, &l, err) ||
	    launch_check(&launch, l.spec.process.terminal, err) ||
	    launch_begin(&launch, &attach, err))
		return -1;
	if (!v->detach)
		attach_take_size(&l.spec.process);
	if (create(cli, &launch, &l, &master, err))
		return -1;
	if (control_start(&l.c, &l.spec, err))
		return launch_undo(&l, err);
	return v->detach ? 0 : launch_wait(&attach, &l, take_fd(&master), v->keep, err);
}

const struct cli_command command_create = {
	.name = "create",
	.group = "Containers",
	.summary = "create a container; its program waits for `start`",
	.args = "ID",
	.min_args = 1,
	.max_args = 1,
	.shared = create_options,
	.values_bytes = sizeof(struct create_values),
	.is_sealed = true,
	.run = run_create,
};

const struct cli_command command_run = {
	.name = "run",
	.group = "Containers",
	.summary = "create and start a container, wait for it, delete it",
	.details = "Examples:\n"
		   "  kedge run -b /srv/web web          in the foreground\n"
		   "  kedge run -d -b /srv/web web       in the background\n",
	.args = "ID",
	.min_args = 1,
	.max_args = 1,
	.options = run_options,
	.shared = create_options,
	.values_bytes = sizeof(struct create_values),
	.is_sealed = true,
	.run = run_run,
};
