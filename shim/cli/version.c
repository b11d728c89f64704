/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/version.h"
#include "core/linux/seccomp.h"
#include "oci/features.h"
#include "shim/cli/commands.h"
#include "shim/cli/version.h"

int version_print(struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };

	buf_addf(&b, "kedge version %s\ncommit: %s\nspec: %s\nlibseccomp: %s\n", version_number(),
		 version_commit(), OCI_VERSION_MAX, seccomp_library_version());
	return fd_write_all(STDOUT_FILENO, b.p, b.n, err);
}

static int run_version(const struct cli *cli, struct err *err)
{
	(void)cli;
	return version_print(err);
}

const struct cli_command command_version = {
	.name = "version",
	.group = "About kedge",
	.summary = "print the versions of kedge, the runtime-spec and libseccomp",
	.args = "",
	.run = run_version,
};
