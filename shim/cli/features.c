/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "oci/features_self.h"
#include "shim/cli/commands.h"

static int run_features(const struct cli *cli, struct err *err)
{
	auto_free char *text = oci_features_self();

	(void)cli;
	return fd_write_all(STDOUT_FILENO, text, strlen(text), err);
}

const struct cli_command command_features = {
	.name = "features",
	.group = "About kedge",
	.summary = "print what kedge implements, as JSON (runtime-spec features.md)",
	.args = "",
	.run = run_features,
};
