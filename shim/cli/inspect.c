/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "oci/inspection.h"
#include "shim/cli/commands.h"
#include "shim/cli/inspect_text.h"

#define MAX_PROBLEMS 20

struct inspect_values {
	const char *format;
	const char *work_path;
};

static const struct cli_option inspect_options[] = {
	{ CLI_AT(struct inspect_values, format), 'f', "format", "table|tree|json|dot",
	  "form of the output (default: table)" },
	{ CLI_AT(struct inspect_values, work_path), 0, "work-path", "DIR",
	  "where the checkpoint's log and statistics are (default: with the images)" },
	{ 0 },
};

static void print(const char *format, const struct inspection *in,
		  const struct oci_archive *archive, struct buf *out)
{
	if (str_eq(format, "json")) {
		auto_free char *text = oci_inspection(in, archive);

		buf_str(out, text);
	} else if (str_eq(format, "dot")) {
		inspect_text_dot(in, out);
	} else if (str_eq(format, "tree")) {
		inspect_text_tree(in, archive, out);
	} else {
		inspect_text_table(in, archive, out);
	}
}

/* All in one message, as far as it fits. */
static int verdict(const struct inspection *in, struct err *err)
{
	size_t n = in->problems.n < MAX_PROBLEMS ? in->problems.n : MAX_PROBLEMS;

	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++)
		err_add(err, ERR_INVALID, "%s", in->problems.v[i]);
	if (in->problems.n > n)
		err_add(err, ERR_INVALID, "and %zu more", in->problems.n - n);
	return err_wrap(err, "image directory %s", in->dir);
}

static int run_inspect(const struct cli *cli, struct err *err)
{
	const struct inspect_values *v = cli->values;
	AUTO(inspection_done) struct inspection in = { .dir_fd = -1, .images_fd = -1 };
	AUTO(oci_archive_done) struct oci_archive archive = { 0 };
	AUTO(buf_done) struct buf b = { 0 };

	if (inspect_images(cli->args[0], v->work_path, &in, err))
		return -1;
	if (in.is_archive)
		oci_archive_read(in.dir_fd, &archive, &in.problems);
	print(v->format, &in, &archive, &b);
	if (fd_write_all(STDOUT_FILENO, b.p, b.n, err))
		return -1;
	return verdict(&in, err);
}

const struct cli_command command_inspect = {
	.name = "inspect",
	.group = "Checkpoint and restore",
	.summary = "show what lies in a directory of images",
	.args = "DIR",
	.details =
		"DIR holds images of kedge, runc, crun, Docker or containerd, or is an unpacked\n"
		"archive of Podman or CRI-O. Shown are the mounts with their keys, the processes,\n"
		"sizes and times. Nothing is changed. What can't be read is named, the rest is\n"
		"shown all the same, and the exit status is 1.\n\n"
		"Examples:\n"
		"  kedge inspect /var/ck/web\n"
		"  kedge inspect --format tree /var/ck/web\n"
		"  kedge inspect --format dot /var/ck/web | dot -Tsvg >mounts.svg\n",
	.min_args = 1,
	.max_args = 1,
	.options = inspect_options,
	.values_bytes = sizeof(struct inspect_values),
	.run = run_inspect,
};
