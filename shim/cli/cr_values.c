/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/version.h"
#include "shim/cli/cr_values.h"

#define CR(field) CLI_AT(struct cr_values, cr.field)

const struct cli_option cr_shared_options[] = {
	{ CR(work_path), 0, "work-path", "DIR",
	  "where logs and statistics go (default: with the images)" },
	{ CR(ext_mount_map), 0, "ext-mount-map", "A:B",
	  "old form of --external mnt[A]:B (repeatable)" },
	{ CR(tcp_established), 0, "tcp-established", NULL, "with open TCP connections" },
	{ CR(ext_unix_sk), 0, "ext-unix-sk", NULL, "with unix sockets that lead outside" },
	{ CR(file_locks), 0, "file-locks", NULL, "with file locks" },
	{ CR(shell_job), 0, "shell-job", NULL, "with a terminal of the caller" },
	{ CR(link_remap), 0, "link-remap", NULL, "with open files that have been deleted" },
	{ CR(empty_ns), 0, "empty-ns", "NAMESPACE",
	  "leave the inside of this namespace out: network" },
	{ CR(network_lock), 0, "network-lock", "iptables|nftables|skip",
	  "how the network is held still meanwhile" },
	{ CR(manage_cgroups), 0, "manage-cgroups-mode", "soft|full|strict|ignore",
	  "what CRIU does to cgroups (default: ignore, kedge does it)" },
	{ CR(auto_dedup), 0, "auto-dedup", NULL, "keep each page in one image only" },
	{ CR(lazy_pages), 0, "lazy-pages", NULL, "fetch memory pages when they are used" },
	{ CLI_AT(struct cr_values, stats), 0, "stats", "FILE",
	  "write times and sizes as JSON to FILE (-: stdout)" },
	{ CLI_AT(struct cr_values, format), 0, "format", "table|json",
	  "form of what --dry-run shows (default: table)" },
	{ CR(timeout_s), 0, "timeout", "SECONDS", "give up after this time" },
	{ CR(criu), 0, "criu", "PATH", "CRIU's binary" },
	{ CR(criu_config), 0, "criu-config", "FILE", "a configuration file for CRIU" },
	{ 0 },
};

struct cr_options cr_values_options(const struct cli *cli)
{
	const struct cr_values *v = cli->values;
	struct cr_options opts = v->cr;

	if (!opts.criu)
		opts.criu = cli->globals.criu;
	opts.engine = version_engine();
	return opts;
}
