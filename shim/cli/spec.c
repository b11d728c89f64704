/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/fd.h"
#include "oci/spec_default.h"
#include "shim/cli/commands.h"

struct spec_values {
	const char *bundle;
	bool rootless;
};

static const struct cli_option spec_options[] = {
	{ CLI_AT(struct spec_values, bundle), 'b', "bundle", "DIR",
	  "where config.json goes (default: .)" },
	{ CLI_AT(struct spec_values, rootless), 0, "rootless", NULL,
	  "for a user without privileges" },
	{ 0 },
};

static int run_spec(const struct cli *cli, struct err *err)
{
	const struct spec_values *v = cli->values;
	auto_free char *path = v->bundle ? xasprintf("%s/config.json", v->bundle)
					 : xstrdup("config.json");
	auto_free char *text = NULL;
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0 && errno == EEXIST)
		return err_set(err, ERR_EXISTS, "File %s exists. Remove it first", path);
	if (fd < 0)
		return err_sys(err, "create %s", path);
	text = oci_spec_default(v->rootless);
	if (fd_write_all(fd, text, strlen(text), err))
		return err_wrap(err, "%s", path);
	return 0;
}

const struct cli_command command_spec = {
	.name = "spec",
	.group = "About kedge",
	.summary = "write a config.json to begin with",
	.args = "",
	.details = "Example: a bundle from a Docker image\n"
		   "  mkdir -p web/rootfs && cd web\n"
		   "  docker export $(docker create busybox) | tar -C rootfs -xf -\n"
		   "  kedge spec && kedge run web\n",
	.options = spec_options,
	.values_bytes = sizeof(struct spec_values),
	.run = run_spec,
};
