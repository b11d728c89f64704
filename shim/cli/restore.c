/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/base/fd.h"
#include "core/cr/restore.h"
#include "core/run/store.h"
#include "oci/config.h"
#include "shim/cli/commands.h"
#include "shim/cli/cr_values.h"
#include "shim/cli/launch.h"
#include "shim/cli/plan.h"
#include "shim/cli/progress.h"
#include "shim/cli/summary.h"

#define AT(field) CLI_AT(struct cr_values, field)

static const struct cli_option restore_options[] = {
	{ AT(bundle), 'b', "bundle", "DIR", "directory of config.json (default: .)" },
	{ AT(detach), 'd', "detach", NULL, "return when the container runs again" },
	CR_IMAGE_PATH_OPTION,
	CR_EXTERNAL_OPTION,
	{ AT(cr.map), 0, "map", "OLD=NEW",
	  "sources below the directory OLD are below NEW now (repeatable)" },
	CR_DRY_RUN_OPTION,
	{ AT(console_socket), 0, "console-socket", "PATH",
	  "unix socket that is sent the terminal's master end" },
	{ AT(pid_file), 0, "pid-file", "FILE", "write the first process's pid to FILE" },
	{ AT(no_subreaper), 0, "no-subreaper", NULL, "do not adopt the container's orphans" },
	{ AT(no_pivot), 0, "no-pivot", NULL, "do without pivot_root (a root on a ramdisk)" },
	{ AT(cr.tcp_close), 0, "tcp-close", NULL, "close the TCP connections that were open" },
	{ AT(cr.allow_unsafe_images), 0, "allow-unsafe-images", NULL,
	  "also images that other users may write to" },
	{ AT(cr.lsm_profile), 0, "lsm-profile", "TYPE:NAME",
	  "another AppArmor or SELinux profile (TYPE apparmor, selinux)" },
	{ AT(cr.lsm_mount_context), 0, "lsm-mount-context", "CONTEXT",
	  "another SELinux context for mounts" },
	{ 0 },
};

static struct launch launch_of(const struct cr_values *v)
{
	return (struct launch){
		.detach = v->detach,
		.no_subreaper = v->no_subreaper,
		.console_socket = v->console_socket,
	};
}

static struct create_request request(const struct cr_values *v, const struct stored *l,
				     const char *id)
{
	return (struct create_request){
		.seed.store = &l->store,
		.seed.id = id,
		.seed.spec = &l->spec,
		.seed.config = l->config.p,
		.console_socket = v->console_socket,
		.pid_file = v->pid_file,
		.no_pivot = v->no_pivot,
		.wants_master = l->spec.process.terminal && !v->detach,
	};
}

/* The id is in the names of cgroups alone; a plan without one takes the bundle's name. */
static const char *id_for_plan(const struct cli *cli, const struct spec *spec)
{
	const char *slash = strrchr(spec->bundle, '/');

	if (cli->n_args)
		return cli->args[0];
	return slash && !store_check_id(slash + 1, NULL) ? slash + 1 : "container";
}

/* The store isn't opened: that would make its directory. */
static int run_plan(const struct cli *cli, struct err *err)
{
	const struct cr_values *v = cli->values;
	AUTO(stored_done) struct stored l = STORED_EMPTY;
	AUTO(external_plan_done) struct external_plan plan = { 0 };
	struct cr_options opts = cr_values_options(cli);
	struct launch launch = launch_of(v);
	struct oci_cr about = { "restore", cli->args[0], opts.image_path };
	struct create_request req;

	if (load_config(cli, v->bundle, &l, err) ||
	    launch_check(&launch, l.spec.process.terminal, err))
		return -1;
	req = request(v, &l, id_for_plan(cli, &l.spec));
	/* a refusal is printed with the plan, and by cli_main() */
	if (!restore_plan(&req, &opts, &plan, err) && cli->n_args &&
	    store_check_free(cli->globals.root, cli->args[0], err))
		err_wrap(err, "container %s", cli->args[0]);
	return plan_print(&about, str_eq(v->format, "json"), &plan, err);
}

static int run_restore(const struct cli *cli, struct err *err)
{
	const struct cr_values *v = cli->values;
	AUTO(stored_done) struct stored l = STORED_EMPTY;
	AUTO(attach_done) struct attach attach = { .signal_fd = -1 };
	AUTO(progress_end) struct progress progress = { 0 };
	struct cr_options opts = cr_values_options(cli);
	struct launch launch = launch_of(v);
	struct oci_cr about = { "restore", cli->args[0], opts.image_path };
	struct cr_report report = { 0 };
	struct restore_outcome out = { .master = -1, .report = &report };
	auto_free char *line = NULL;
	struct create_request req;

	if (v->dry_run)
		return run_plan(cli, err);
	if (v->format)
		return err_set(err, ERR_INVALID, "--format: it is for --dry-run");
	if (load_bundle(cli, v->bundle, &l, err) ||
	    launch_check(&launch, l.spec.process.terminal, err) ||
	    launch_begin(&launch, &attach, err))
		return -1;
	req = request(v, &l, cli->args[0]);
	line = xasprintf("restore of %s", about.id);
	progress_begin(&progress, line, NULL);
	if (restore_container(&req, &opts, &l.c, &out, err))
		return -1;
	progress_end(&progress);
	summary_print(&about, &report, v->stats);
	return v->detach ? 0 : launch_wait(&attach, &l, out.master, false, err);
}

const struct cli_command command_restore = {
	.name = "restore",
	.group = "Checkpoint and restore",
	.summary = "make a running container from image files",
	.args = "ID",
	.details =
		"The bundle's config.json says what the container is; the images say how it goes\n"
		"on. Each mount that came from outside has a key (see `kedge checkpoint --help`)\n"
		"and comes from where config.json has that destination, or from where you say:\n"
		"  --external mnt[KEY]:HOSTPATH     the mount with KEY comes from HOSTPATH\n"
		"  --external mnt[]                 what has no source: the same path here\n"
		"  --map /srv=/mnt/b                sources below /srv come from below /mnt/b\n"
		"`kedge plan restore` shows the mounts and their sources beforehand.\n\n"
		"Examples:\n"
		"  kedge restore -b /srv/web --image-path /var/ck/web web\n"
		"  kedge restore -d -b /srv/web --image-path /var/ck/web \\\n"
		"      --external 'mnt[/data]:/mnt/b' --external 'mnt[logs]:/var/log/web2' web2\n",
	.min_args = 1,
	.max_args = 1,
	.options = restore_options,
	.shared = cr_shared_options,
	.values_bytes = sizeof(struct cr_values),
	.is_sealed = true,
	.run = run_restore,
};

const struct cli_command command_plan_restore = {
	.name = "plan restore",
	.group = "Checkpoint and restore",
	.summary = "show the external mounts of images and where each would come from",
	.args = "[ID]",
	.details =
		"It takes every option of `kedge restore`. Example:\n"
		"  kedge plan restore -b /srv/web --image-path /var/ck/web --map /srv/a=/mnt/b\n",
	.max_args = 1,
	.options = restore_options,
	.shared = cr_shared_options,
	.values_bytes = sizeof(struct cr_values),
	.run = run_plan,
};
