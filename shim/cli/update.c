/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "oci/config.h"
#include "shim/cli/commands.h"
#include "shim/cli/load.h"

#define RESOURCES_MAX_BYTES (16U << 20)

struct update_values {
	const char *file;
	struct spec_resources res;
};

#define AT(field)    CLI_AT(struct update_values, res.field)
#define BYTES(field) CLI_BYTES_AT(struct update_values, res.field)

static const struct cli_option update_options[] = {
	{ CLI_AT(struct update_values, file), 'r', "resources", "FILE",
	  "take the limits from this JSON (the spec's linux.resources), - is stdin; the other "
	  "flags do not count then" },
	{ BYTES(memory.limit), 0, "memory", "BYTES", "memory limit; -1 for none" },
	{ BYTES(memory.reservation), 0, "memory-reservation", "BYTES", "soft memory limit" },
	{ BYTES(memory.swap), 0, "memory-swap", "BYTES", "limit of memory and swap together" },
	{ AT(cpu.period_us), 0, "cpu-period", "USEC", "period of the CPU quota" },
	{ AT(cpu.quota_us), 0, "cpu-quota", "USEC", "CPU time per period; -1 for no limit" },
	{ AT(cpu.burst_us), 0, "cpu-burst", "USEC", "unused quota that may be saved up" },
	{ AT(cpu.shares), 0, "cpu-share", "N", "weight against other containers" },
	{ AT(cpu.rt_period_us), 0, "cpu-rt-period", "USEC", "period for realtime processes" },
	{ AT(cpu.rt_runtime_us), 0, "cpu-rt-runtime", "USEC", "CPU time of realtime processes" },
	{ AT(cpu.idle), 0, "cpu-idle", "0|1", "run when nothing else wants to" },
	{ AT(cpu.cpus), 0, "cpuset-cpus", "LIST", "CPUs to run on, like 0-3,7" },
	{ AT(cpu.mems), 0, "cpuset-mems", "LIST", "memory nodes to use" },
	{ AT(pids_limit), 0, "pids-limit", "N", "most processes; -1 for no limit" },
	{ AT(blkio.weight), 0, "blkio-weight", "N", "block I/O weight, 10 to 1000" },
	{ BYTES(memory.kernel), 0, "kernel-memory", "BYTES", NULL },
	{ BYTES(memory.kernel_tcp), 0, "kernel-memory-tcp", "BYTES", NULL },
	{ 0 },
};

/* The limits of a JSON document, on the spec's own arena. */
static int read_resources(const char *file, struct arena *arena, struct spec_resources *res,
			  struct err *err)
{
	AUTO(buf_done) struct buf text = { 0 };
	int ret = strcmp(file, "-") ? fd_read_file(AT_FDCWD, file, RESOURCES_MAX_BYTES, &text, err)
				    : fd_read_all(STDIN_FILENO, RESOURCES_MAX_BYTES, &text, err);

	if (ret)
		return -1;
	if (oci_resources_parse(text.p, text.n, arena, res, err))
		return err_wrap(err, "--resources %s", file);
	return 0;
}

static int run_update(const struct cli *cli, struct err *err)
{
	const struct update_values *v = cli->values;
	AUTO(stored_done) struct stored l = STORED_EMPTY;
	struct spec_resources res = v->res;

	if (load_container(cli, &l, err) ||
	    (v->file && read_resources(v->file, &l.spec.arena, &res, err)))
		return -1;
	return cgroup_update(&l.c.cgroup, &res, err);
}

const struct cli_command command_update = {
	.name = "update",
	.group = "Running containers",
	.summary = "change the limits of a container",
	.args = "ID",
	.details = "Sizes may have a unit: 64M, 1G. What is not given stays as it is.\n",
	.min_args = 1,
	.max_args = 1,
	.options = update_options,
	.values_bytes = sizeof(struct update_values),
	.run = run_update,
};
