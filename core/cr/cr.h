/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cr.h - what the command line and the shim ask of checkpoint and restore
 *
 * In       struct cr_options, filled from flags (or from the shim's options)
 * Out      images in a directory; a restored container
 * Effects  cr_dirs_open makes directories; checkpoint.h and restore.h act
 * Source   runc-checkpoint(8), runc-restore(8); criu(8)
 */
#ifndef KEDGE_CORE_CR_CR_H
#define KEDGE_CORE_CR_CR_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/plan/criu_request.h"

/* Where images are without an image_path: runc's, below the working directory. */
#define CR_DEFAULT_IMAGE_PATH "checkpoint"

/* Options of both directions. Zeroed: runc's defaults. Strings are borrowed. */
struct cr_options {
	const char *image_path;	    /* directory; NULL: ./checkpoint as in runc */
	const char *work_path;	    /* directory for logs and stats; NULL: in the image directory */
	const char *parent_path;    /* earlier pre-dump, relative to image_path */
	const char *criu;	    /* CRIU's binary; NULL: $KEDGE_CRIU, then PATH */
	const char *criu_config;    /* CRIU configuration file, or NULL */
	const char *manage_cgroups; /* soft full strict ignore, "" or NULL: ignore */
	const char *network_lock;   /* iptables nftables skip, or NULL: CRIU's default */
	const char *page_server;    /* "ADDRESS:PORT", or NULL */
	const char *status_fd;	    /* number of an open fd, or NULL */
	const char *lsm_profile;    /* restore: "apparmor:NAME" or "selinux:NAME" */
	const char *lsm_mount_context; /* restore */
	const char *engine;	       /* "kedge 0.1.0", for the sidecar; or NULL */
	struct strv external;	       /* --external, as given */
	struct strv ext_mount_map;     /* --ext-mount-map, as given */
	struct strv map;	       /* restore: --map OLD=NEW, as given */
	struct strv empty_ns;	       /* "network" */
	unsigned int timeout_s;	       /* whole operation; 0: none */
	bool leave_running;
	bool tcp_established;
	bool tcp_skip_in_flight;
	bool tcp_close; /* restore */
	bool ext_unix_sk;
	bool shell_job;
	bool file_locks;
	bool link_remap;
	bool lazy_pages;
	bool pre_dump;
	bool auto_dedup;
	bool allow_unsafe_images; /* restore: also images that other users may write to */
};

/* What one operation works in. An empty value has -1 fds. */
struct cr_dirs {
	int images_fd;
	int work_fd;
	char *images; /* absolute paths, for messages */
	char *work;
	char *page_server; /* the address part of --page-server, for the request */
	bool is_made;	   /* the image directory was made for this */
	bool is_empty;	   /* or had nothing but logs in it */
	bool keeps_images; /* set by the caller after a success: else they go */
	bool has_own_work; /* the work directory was made because the images are read-only */
	bool keeps_work;   /* set by the caller after a failure: the log stays */
};

/*
 * Open the image and work directories; with `make` create them (0700) when they are missing.
 * Errors: ERR_NOT_FOUND, ERR_INVALID for what is no directory, ERR_SYS; the path named.
 */
int cr_dirs_open(const struct cr_options *opts, bool make, struct cr_dirs *dirs, struct err *err);

/*
 * Close and free; a work directory of our own goes, unless it is to be kept and has something. What
 * a failed dump has written goes, except for logs; but only from a directory that had nothing else.
 */
void cr_dirs_done(struct cr_dirs *dirs);

/*
 * Write the options that both directions share into the request, whose verb is set. The strings
 * stay the options' and the directories'. For a restore from images in a read-only place, without a
 * work directory, one is made below $TMPDIR or /tmp: nothing else can take the log.
 * Errors: ERR_INVALID for a word that isn't one, naming the option.
 */
int cr_fill_request(const struct cr_options *opts, struct cr_dirs *dirs, struct criu_request *req,
		    struct err *err);

#endif
