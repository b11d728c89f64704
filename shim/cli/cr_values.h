/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cr_values.h - the options of `checkpoint` and `restore`
 *
 * In       the command line
 * Out      struct cr_options (core/cr/cr.h), and what else restore takes
 * Source   runc-checkpoint(8), runc-restore(8); criu(8) for --external and --ext-mount-map
 */
#ifndef KEDGE_SHIM_CLI_CR_VALUES_H
#define KEDGE_SHIM_CLI_CR_VALUES_H

#include "core/cr/cr.h"
#include "shim/cli/cli.h"

struct cr_values {
	struct cr_options cr;
	const char *format; /* of what dry_run shows */
	const char *stats;  /* FILE, or "-" */
	bool dry_run;
	/* restore alone */
	const char *bundle;
	const char *console_socket;
	const char *pid_file;
	bool detach;
	bool no_subreaper;
	bool no_pivot;
};

/* The rows that both tables show early, among their own. */
#define CR_IMAGE_PATH_OPTION                                                     \
	{                                                                        \
		CLI_AT(struct cr_values, cr.image_path), 0, "image-path", "DIR", \
			"directory of the images (default: ./checkpoint)"        \
	}
#define CR_EXTERNAL_OPTION                                                         \
	{                                                                          \
		CLI_AT(struct cr_values, cr.external), 0, "external", "RES",       \
			"where a mount comes from or goes, see below (repeatable)" \
	}

#define CR_DRY_RUN_OPTION                                              \
	{                                                              \
		CLI_AT(struct cr_values, dry_run), 0, "dry-run", NULL, \
			"show what would be done, and do nothing"      \
	}

/* What else both commands have in common; ends with a row without name. */
extern const struct cli_option cr_shared_options[];

/* The options for core/cr: those of the command line, with the global --criu where it has none. */
struct cr_options cr_values_options(const struct cli *cli);

#endif
