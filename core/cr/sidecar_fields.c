/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cr/sidecar_fields.h"

static const char *origin_word(unsigned int v)
{
	return external_origin_name((enum external_origin)v);
}

static const char *kind_word(unsigned int v)
{
	return external_kind_name((enum external_kind)v);
}

static const char *propagation_word(unsigned int v)
{
	return external_propagation_name((enum external_propagation)v);
}

static const char *state_word(unsigned int v)
{
	return checkpoint_source_name((enum checkpoint_source)v);
}

#define TOP(field)	 offsetof(struct checkpoint_info, field)
#define MOUNT(field)	 offsetof(struct checkpoint_mount, field)
#define UNMOUNTED(field) offsetof(struct checkpoint_unmounted, field)

const struct sidecar_field sidecar_top[SIDECAR_TOP_FIELDS] = {
	{ "version", SIDECAR_NUMBER, TOP(version), true, NULL, 0 },
	{ "engine", SIDECAR_TEXT, TOP(engine), false, NULL, 0 },
	{ "criu", SIDECAR_TEXT, TOP(criu), false, NULL, 0 },
	{ "kernel", SIDECAR_TEXT, TOP(kernel), false, NULL, 0 },
	{ "host", SIDECAR_TEXT, TOP(host), false, NULL, 0 },
	{ "boot_id", SIDECAR_TEXT, TOP(boot_id), false, NULL, 0 },
	{ "id", SIDECAR_TEXT, TOP(id), false, NULL, 0 },
	{ "created", SIDECAR_TEXT, TOP(created), false, NULL, 0 },
};

const struct sidecar_field sidecar_mount[SIDECAR_MOUNT_FIELDS] = {
	{ "id", SIDECAR_NUMBER, MOUNT(id), true, NULL, 0 },
	{ "parent", SIDECAR_NUMBER, MOUNT(parent), false, NULL, 0 },
	{ "mountpoint", SIDECAR_TEXT, MOUNT(mountpoint), true, NULL, 0 },
	{ "key", SIDECAR_TEXT, MOUNT(key), false, NULL, 0 },
	{ "origin", SIDECAR_WORD, MOUNT(origin), false, origin_word, EXTERNAL_ORIGINS },
	{ "kind", SIDECAR_WORD, MOUNT(kind), false, kind_word, EXTERNAL_KIND_DEVICE + 1 },
	{ "entry", SIDECAR_INDEX, MOUNT(mount_index), false, NULL, 0 },
	{ "destination", SIDECAR_TEXT, MOUNT(destination), false, NULL, 0 },
	{ "written", SIDECAR_TEXT, MOUNT(written), false, NULL, 0 },
	{ "type", SIDECAR_TEXT, MOUNT(type), false, NULL, 0 },
	{ "options", SIDECAR_TEXT, MOUNT(options), false, NULL, 0 },
	{ "config_source", SIDECAR_TEXT, MOUNT(config_source), false, NULL, 0 },
	{ "below", SIDECAR_TEXT, MOUNT(below), false, NULL, 0 },
	{ "source", SIDECAR_TEXT, MOUNT(source), false, NULL, 0 },
	{ "source_state", SIDECAR_WORD, MOUNT(source_state), false, state_word,
	  CHECKPOINT_SOURCES },
	{ "major", SIDECAR_NUMBER, MOUNT(major), false, NULL, 0 },
	{ "minor", SIDECAR_NUMBER, MOUNT(minor), false, NULL, 0 },
	{ "inode", SIDECAR_BIG, MOUNT(inode), false, NULL, 0 },
	{ "fstype", SIDECAR_TEXT, MOUNT(fstype), false, NULL, 0 },
	{ "root", SIDECAR_TEXT, MOUNT(root), false, NULL, 0 },
	{ "fs_source", SIDECAR_TEXT, MOUNT(fs_source), false, NULL, 0 },
	{ "flags", SIDECAR_FLAGS, MOUNT(flags), false, NULL, 0 },
	{ "propagation", SIDECAR_WORD, MOUNT(propagation), false, propagation_word,
	  EXTERNAL_PROPAGATIONS },
	{ "shared", SIDECAR_NUMBER, MOUNT(shared), false, NULL, 0 },
	{ "master", SIDECAR_NUMBER, MOUNT(master), false, NULL, 0 },
	{ "idmapped", SIDECAR_TRUTH, MOUNT(is_idmapped), false, NULL, 0 },
	{ "unbindable", SIDECAR_TRUTH, MOUNT(is_unbindable), false, NULL, 0 },
	{ "deleted", SIDECAR_TRUTH, MOUNT(is_deleted), false, NULL, 0 },
	{ "moved", SIDECAR_TRUTH, MOUNT(is_moved), false, NULL, 0 },
};

const struct sidecar_field sidecar_unmounted[SIDECAR_UNMOUNTED_FIELDS] = {
	{ "entry", SIDECAR_INDEX, UNMOUNTED(mount_index), true, NULL, 0 },
	{ "destination", SIDECAR_TEXT, UNMOUNTED(destination), false, NULL, 0 },
	{ "written", SIDECAR_TEXT, UNMOUNTED(written), false, NULL, 0 },
};
