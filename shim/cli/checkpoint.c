/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/log.h"
#include "core/cr/checkpoint.h"
#include "core/run/control.h"
#include "shim/cli/commands.h"
#include "shim/cli/cr_values.h"
#include "shim/cli/load.h"

#define CR(field) CLI_AT(struct cr_values, cr.field)

static const struct cli_option checkpoint_options[] = {
	CR_IMAGE_PATH_OPTION,
	CR_EXTERNAL_OPTION,
	{ CR(leave_running), 0, "leave-running", NULL, "let the container run on" },
	{ CR(pre_dump), 0, "pre-dump", NULL,
	  "memory only, the container runs on; for a later checkpoint" },
	{ CR(parent_path), 0, "parent-path", "DIR", "earlier pre-dump, relative to --image-path" },
	{ CR(tcp_skip_in_flight), 0, "tcp-skip-in-flight", NULL,
	  "without TCP connections that are being made" },
	{ CR(page_server), 0, "page-server", "ADDRESS:PORT",
	  "send memory pages to this CRIU page server" },
	{ CR(status_fd), 0, "status-fd", "FD", "CRIU writes a NUL to FD when it is ready" },
	{ 0 },
};

static int run_checkpoint(const struct cli *cli, struct err *err)
{
	AUTO(loaded_done) struct loaded l = LOADED_EMPTY;
	struct cr_options opts = cr_values_options(cli);
	struct err cleanup = { 0 };

	/* absolute, the link to the parent would break as soon as the images are moved */
	if (opts.parent_path && opts.parent_path[0] == '/')
		return err_set(err, ERR_INVALID,
			       "--parent-path %s: it must be relative to --image-path",
			       opts.parent_path);
	if (load_container_spec(cli, &l, err) ||
	    checkpoint_container(&l.c, &l.spec, &opts, NULL, err))
		return -1;
	if (opts.leave_running || opts.pre_dump)
		return 0;
	/* the images are complete, so what is left behind is no failure of the checkpoint */
	if (control_delete(&l.c, &l.spec, true, &cleanup))
		log_warn("%s", cleanup.msg);
	return 0;
}

const struct cli_command command_checkpoint = {
	.name = "checkpoint",
	.group = "Checkpoint and restore",
	.summary = "write a running container to image files and delete it",
	.args = "ID",
	.details =
		"What is mounted from outside the container's root (volumes, files of the host)\n"
		"is recorded under a key: its path in the container, unless --external gives it\n"
		"another. `kedge restore` says by these keys where each mount comes from.\n"
		"  --external mnt[MOUNTPOINT]:KEY   the mount at MOUNTPOINT gets KEY\n"
		"  --external mnt[]:sm              also mounts that are shared with the host (s)\n"
		"                                   or slaves of it (m)\n\n"
		"Examples:\n"
		"  kedge checkpoint --image-path /var/ck/web web\n"
		"  kedge checkpoint --image-path /var/ck/web --external 'mnt[/data]:data' web\n"
		"  kedge checkpoint --image-path /var/ck/web --leave-running web\n",
	.min_args = 1,
	.max_args = 1,
	.options = checkpoint_options,
	.shared = cr_shared_options,
	.values_bytes = sizeof(struct cr_values),
	.run = run_checkpoint,
};
