/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/log.h"
#include "core/cr/checkpoint.h"
#include "core/cr/wired.h"
#include "core/run/control.h"
#include "shim/cli/commands.h"
#include "shim/cli/cr_values.h"
#include "shim/cli/load.h"
#include "shim/cli/plan.h"
#include "shim/cli/progress.h"
#include "shim/cli/summary.h"

#define CR(field) CLI_AT(struct cr_values, cr.field)

static const struct cli_option checkpoint_options[] = {
	CR_IMAGE_PATH_OPTION,
	CR_EXTERNAL_OPTION,
	CR_DRY_RUN_OPTION,
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

static int check_options(const struct cr_options *opts, struct err *err)
{
	/* absolute, the link to the parent would break as soon as the images are moved */
	if (!opts->parent_path || opts->parent_path[0] != '/')
		return 0;
	return err_set(err, ERR_INVALID, "--parent-path %s: it must be relative to --image-path",
		       opts->parent_path);
}

/* What is known about the call, for plan, summary and statistics. */
static struct oci_cr about(const struct cli *cli, const struct cr_options *opts)
{
	return (struct oci_cr){ .operation = opts->pre_dump ? "pre-dump" : "checkpoint",
				.id = cli->args[0],
				.images = opts->image_path };
}

static int run_plan(const struct cli *cli, struct err *err)
{
	const struct cr_values *v = cli->values;
	AUTO(stored_done) struct stored l = STORED_EMPTY;
	AUTO(external_plan_done) struct external_plan plan = { 0 };
	struct cr_options opts = cr_values_options(cli);
	struct oci_cr what = about(cli, &opts);

	if (check_options(&opts, err) || load_container_spec(cli, &l, err))
		return -1;
	/* a refusal is printed with the plan, and by cli_main() */
	checkpoint_plan(&l.c, &l.spec, &opts, &plan, err);
	for (size_t i = 0; i < plan.warnings.n; i++)
		log_warn("%s", plan.warnings.v[i]);
	return plan_print(&what, str_eq(v->format, "json"), &plan, err);
}

/* Behind runc's shim Docker's hooks wire it: what they made is theirs to make again. */
static void leave_out_wires(const struct stored *l, struct strv *empty_ns, struct cr_options *opts)
{
	if (opts->empty_ns.n || opts->pre_dump || !wired_by_hooks(&l->c, &l->spec))
		return;
	strv_add(empty_ns, "network");
	opts->empty_ns = *empty_ns;
}

static int run_checkpoint(const struct cli *cli, struct err *err)
{
	const struct cr_values *v = cli->values;
	AUTO(stored_done) struct stored l = STORED_EMPTY;
	AUTO(progress_end) struct progress progress = { 0 };
	AUTO(strv_done) struct strv empty_ns = { 0 };
	struct cr_options opts = cr_values_options(cli);
	struct oci_cr what = about(cli, &opts);
	struct cr_report report = { 0 };
	auto_free char *line = NULL;
	struct err cleanup = { 0 };

	if (v->dry_run)
		return run_plan(cli, err);
	if (v->format)
		return err_set(err, ERR_INVALID, "--format: it is for --dry-run");
	line = xasprintf("%s of %s", what.operation, what.id);
	progress_begin(&progress, line, opts.image_path ? opts.image_path : CR_DEFAULT_IMAGE_PATH);
	if (check_options(&opts, err) || load_container_spec(cli, &l, err))
		return -1;
	leave_out_wires(&l, &empty_ns, &opts);
	if (checkpoint_container(&l.c, &l.spec, &opts, &report, err))
		return -1;
	progress_end(&progress);
	summary_print(&what, &report, v->stats);
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
		"                                   or slaves of it (m)\n"
		"`kedge plan checkpoint ID` shows the mounts and their keys beforehand.\n\n"
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

const struct cli_command command_plan_checkpoint = {
	.name = "plan checkpoint",
	.group = "Checkpoint and restore",
	.summary = "show the external mounts of a container and the keys they would get",
	.args = "ID",
	.details = "It takes every option of `kedge checkpoint`. Example:\n"
		   "  kedge plan checkpoint --external 'mnt[/data]:data' web\n",
	.min_args = 1,
	.max_args = 1,
	.options = checkpoint_options,
	.shared = cr_shared_options,
	.values_bytes = sizeof(struct cr_values),
	.run = run_plan,
};
