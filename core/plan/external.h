/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external.h - external mounts as values: what a checkpoint gives a key and a restore a source
 *
 * Out      struct external_plan, filled by external_dump.c or external_restore.c
 * Effects  none
 * Source   criu(8) --external mnt[KEY]:VAL; criu's mount.c, try_resolve_ext_mount and get_mp_root
 *
 * An external mount is one that CRIU can't make from its images alone: its content lives on the
 * host. On a checkpoint it gets a key, which CRIU writes into the image; on a restore each key gets
 * the path of a directory or file on the host.
 */
#ifndef KEDGE_CORE_PLAN_EXTERNAL_H
#define KEDGE_CORE_PLAN_EXTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/str.h"
#include "core/plan/criu_request.h"

/* How a mount came into the container, which also says where its source is to be had. */
enum external_origin {
	EXTERNAL_CONFIG,   /* an entry of config.json's mounts */
	EXTERNAL_SUBMOUNT, /* came along with a recursive bind, or was propagated below one */
	EXTERNAL_MASK,	   /* the host's /dev/null over a masked path */
	EXTERNAL_CGROUP,   /* a view of the container's own cgroup without cgroup namespace */
	EXTERNAL_DEVICE,   /* a device of the host bound into /dev */
	EXTERNAL_AUTO,	   /* found on the host by mnt[]: same path again */
	EXTERNAL_USER,	   /* only the user's --external names it */
	EXTERNAL_UNKNOWN,  /* refused: nobody says where it comes from */
	EXTERNAL_ORIGINS,
};

/* What is mounted. The plan is pure and leaves UNKNOWN; who has the mount open fills it in. */
enum external_kind {
	EXTERNAL_KIND_UNKNOWN,
	EXTERNAL_KIND_DIRECTORY,
	EXTERNAL_KIND_FILE, /* regular */
	EXTERNAL_KIND_SOCKET,
	EXTERNAL_KIND_FIFO,
	EXTERNAL_KIND_DEVICE,
};

/* How a mount takes part in mounts and unmounts elsewhere (mount_namespaces(7)). */
enum external_propagation {
	EXTERNAL_PRIVATE,
	EXTERNAL_SLAVE,	       /* of a peer group of the host */
	EXTERNAL_SHARED,       /* a peer of the host's mount, in the host's group */
	EXTERNAL_SLAVE_SHARED, /* a slave of the host's group, shared with others in the container */
	EXTERNAL_OWN_GROUP, /* what peers and masters it has are all in the container: CRIU's job */
	EXTERNAL_PROPAGATIONS,
};

struct external_mount {
	unsigned int id;     /* mount id on the host that dumped */
	unsigned int parent; /* mount id of what it is mounted on */
	const char *mountpoint;
	const char *key;       /* NULL: refused before it got one */
	const char *criu_path; /* the mountpoint as CRIU spells it; NULL: no key for CRIU there */
	const char *source;    /* path on the host; on a checkpoint NULL when it can't be told */
	enum external_origin origin;
	enum external_kind kind;
	size_t mount_index;  /* CONFIG and SUBMOUNT: which of the spec's mounts; else SIZE_MAX */
	const char *below;   /* SUBMOUNT: path below that mount, "" if it lies on top of it */
	const char *fstype;  /* on a restore NULL: the image knows only some */
	const char *root;    /* what part of its file system, on the host that dumped */
	unsigned long flags; /* MS_…; on a restore those that it shall have */
	enum external_propagation propagation; /* on a restore the one that it shall have */
	unsigned int shared;		       /* peer group ids of the host that dumped */
	unsigned int master;
	bool is_idmapped;
	bool is_deleted;     /* the source was unlinked */
	bool is_user_mapped; /* --external decided the key or the source */
	bool is_added; /* restore: config.json has it, the image hasn't; attached from inside */
	const char *problem; /* why checkpoint or restore refuses it, and nothing else; or NULL */
	const char *note;    /* what the user may want to know of it; or NULL */
};

/* A zeroed struct is an empty plan. All memory belongs to `arena` and `warnings`. */
struct external_plan {
	struct arena arena;
	struct external_mount *v; /* in the order of mountinfo or of the image */
	size_t n;
	bool is_auto; /* CRIU shall find external mounts on the host itself (mnt[]) */
	bool allows_shared;
	bool allows_slave;
	struct strv passed_on; /* other external resources, for CRIU as they are */
	struct strv warnings;  /* for the caller to log */
};

/* "config", "submount", "mask", "cgroup", "device", "auto", "user", "unknown" */
const char *external_origin_name(enum external_origin origin);

/* "unknown", "directory", "file", "socket", "fifo", "device" */
const char *external_kind_name(enum external_kind kind);

/* "private", "slave", "shared", "slave,shared", "own" */
const char *external_propagation_name(enum external_propagation propagation);

/* Give back the memory; the plan is empty afterwards. */
void external_plan_done(struct external_plan *plan);

/* Copy all strings of the rows into the plan, so that it outlives what it was made of. */
void external_plan_own(struct external_plan *plan);

/*
 * Write the plan into a request: ext_mnt, external, and the auto flags. On a checkpoint the pairs
 * are (criu_path, key), on a restore (key, source), each key once. Longest first: CRIU compares
 * prefixes and looks at what was added last. The strings stay the plan's.
 */
void external_plan_request(const struct external_plan *plan, bool is_restore,
			   struct criu_request *req);

/* Append one line per row for --debug and `kedge plan`. */
void external_plan_print(const struct external_plan *plan, struct buf *out);

#endif
