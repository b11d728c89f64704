/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>

#include "oci/config_parts.h"

const struct json_word config_namespace_types[] = {
	{ "cgroup", SPEC_NS_CGROUP }, { "ipc", SPEC_NS_IPC }, { "mount", SPEC_NS_MOUNT },
	{ "network", SPEC_NS_NET },   { "pid", SPEC_NS_PID }, { "time", SPEC_NS_TIME },
	{ "user", SPEC_NS_USER },     { "uts", SPEC_NS_UTS }, { 0 },
};

/* A path is absolute; Go's empty string is no path. */
static void read_ns_path(const struct json_node *at, void *out)
{
	const char *text = json_text(at);

	if (text && *text)
		json_read_path(at, out);
}

/* config-linux.md#namespaces: a type that comes twice MUST be an error. */
static void read_namespace(const struct json_node *at, struct spec_namespace *all)
{
	struct json_node type, path;
	uint64_t kind;

	if (!json_want(at, JSON_OBJECT))
		return;
	type = json_member(at, "type");
	path = json_member(at, "path");
	if (!type.v) {
		json_find(&type, "is missing");
		return;
	}
	if (!json_word(&type, config_namespace_types, &kind))
		return;
	if (all[kind].present)
		json_find(&type, "the type %s comes twice", json_string_value(type.v));
	all[kind].present = true;
	if (path.v)
		read_ns_path(&path, &all[kind].path);
}

static void read_namespaces(const struct json_node *at, void *out)
{
	struct spec *spec = out;

	if (!json_want(at, JSON_ARRAY))
		return;
	for (size_t i = 0; i < json_array_size(at->v); i++) {
		struct json_node element = json_element(at, i);

		read_namespace(&element, spec->ns);
	}
}

static void read_nanosecs(const struct json_node *at, void *out)
{
	uint64_t v;

	if (json_uint(at, 999999999, &v))
		*(uint32_t *)out = (uint32_t)v;
}

static const struct json_field offset_fields[] = {
	JSON_FIELD("secs", json_read_i64, spec_time_offset, secs),
	JSON_FIELD("nanosecs", read_nanosecs, spec_time_offset, nanosecs),
	{ 0 },
};

static void read_offset(const struct json_node *at, void *out)
{
	struct spec_time_offset *offset = out;

	offset->set = true;
	json_read_object(at, offset_fields, offset);
}

/* config-linux.md#offset-for-time-namespace; time_namespaces(7) knows these two clocks */
static const struct json_field time_fields[] = {
	JSON_FIELD("monotonic", read_offset, spec, monotonic),
	JSON_FIELD("boottime", read_offset, spec, boottime),
	{ 0 },
};

static void read_time_offsets(const struct json_node *at, void *out)
{
	json_read_object(at, time_fields, out);
}

/* "u" is an unbuffered character device: the same to the kernel, mknod(1). */
static const struct json_word device_types[] = {
	{ "c", 'c' }, { "u", 'c' }, { "b", 'b' }, { "p", 'p' }, { 0 },
};

static void read_device_type(const struct json_node *at, void *out)
{
	uint64_t v;

	if (json_word(at, device_types, &v))
		*(char *)out = (char)v;
}

/* The kernel's dev_t has 12 bits for the major and 20 for the minor. */
static void read_major(const struct json_node *at, void *out)
{
	uint64_t v;

	if (json_uint(at, 0xfff, &v))
		*(uint32_t *)out = (uint32_t)v;
}

static void read_minor(const struct json_node *at, void *out)
{
	uint64_t v;

	if (json_uint(at, 0xfffff, &v))
		*(uint32_t *)out = (uint32_t)v;
}

/* Docker up to 20.10 leaves the file type's bits in, 0020660 for 0660. */
static void read_file_mode(const struct json_node *at, void *out)
{
	struct spec_device *device = out;
	uint64_t v;

	if (!json_uint(at, UINT32_MAX, &v))
		return;
	device->mode = (mode_t)v & 07777;
	device->has_mode = true;
}

static const struct json_field device_fields[] = {
	JSON_NEEDED("type", read_device_type, spec_device, type),
	JSON_NEEDED("path", json_read_path, spec_device, path),
	JSON_FIELD("major", read_major, spec_device, major),
	JSON_FIELD("minor", read_minor, spec_device, minor),
	JSON_WHOLE("fileMode", read_file_mode),
	JSON_FIELD("uid", json_read_u32, spec_device, uid),
	JSON_FIELD("gid", json_read_u32, spec_device, gid),
	{ 0 },
};

/* config-linux.md#devices: numbers are needed unless the device is a fifo. */
static void read_device(const struct json_node *at, void *out)
{
	struct spec_device *device = out;
	bool has_numbers = json_member(at, "major").v && json_member(at, "minor").v;

	json_read_object(at, device_fields, device);
	if ((device->type == 'c' || device->type == 'b') && !has_numbers)
		json_find(at, "major and minor are missing");
}

static void read_devices(const struct json_node *at, void *out)
{
	struct spec *spec = out;

	spec->devices = json_read_array(at, read_device, sizeof(*spec->devices), &spec->n_devices);
}

/* config-linux.md#rootfs-mount-propagation */
static const struct json_word propagations[] = {
	{ "shared", MS_SHARED },
	{ "rshared", MS_SHARED | MS_REC },
	{ "slave", MS_SLAVE },
	{ "rslave", MS_SLAVE | MS_REC },
	{ "private", MS_PRIVATE },
	{ "rprivate", MS_PRIVATE | MS_REC },
	{ "unbindable", MS_UNBINDABLE },
	{ "runbindable", MS_UNBINDABLE | MS_REC },
	{ 0 },
};

static void read_propagation(const struct json_node *at, void *out)
{
	const char *text = json_text(at);
	uint64_t v;

	if (text && *text && json_word(at, propagations, &v))
		*(unsigned long *)out = v;
}

/* config-linux.md#personality */
static const struct json_word domains[] = {
	{ "LINUX", PER_LINUX },
	{ "LINUX32", PER_LINUX32 },
	{ 0 },
};

static void read_domain(const struct json_node *at, void *out)
{
	struct spec *spec = out;
	uint64_t v;

	if (!json_word(at, domains, &v))
		return;
	spec->personality = v;
	spec->has_personality = true;
}

/* "Currently no flag values are supported." */
static void read_no_flags(const struct json_node *at, void *out)
{
	(void)out;
	if (json_want(at, JSON_ARRAY) && json_array_size(at->v))
		json_find(at, "must be empty: the runtime-spec knows no flag");
}

static const struct json_field personality_fields[] = {
	{ "domain", read_domain, 0, true },
	JSON_WHOLE("flags", read_no_flags),
	{ 0 },
};

static void read_personality(const struct json_node *at, void *out)
{
	json_read_object(at, personality_fields, out);
}

/* What asks for nothing ({}) may stay; what asks for more would be dropped in silence. */
static void read_unsupported(const struct json_node *at, void *out)
{
	(void)out;
	if (json_want(at, JSON_OBJECT) && json_object_size(at->v))
		json_find_unsupported(at, "kedge doesn't support %s yet; take it out", at->key);
}

static const struct json_field linux_fields[] = {
	JSON_WHOLE("namespaces", read_namespaces),
	JSON_FIELD("uidMappings", config_read_id_maps, spec, uid_maps),
	JSON_FIELD("gidMappings", config_read_id_maps, spec, gid_maps),
	JSON_WHOLE("timeOffsets", read_time_offsets),
	JSON_WHOLE("devices", read_devices),
	JSON_FIELD("cgroupsPath", json_read_string, spec, cgroups_path),
	JSON_FIELD("resources", config_read_resources, spec, resources),
	JSON_FIELD("rootfsPropagation", read_propagation, spec, rootfs_propagation),
	JSON_FIELD("seccomp", config_read_seccomp, spec, seccomp),
	JSON_FIELD("maskedPaths", json_read_paths, spec, masked_paths),
	JSON_FIELD("readonlyPaths", json_read_paths, spec, readonly_paths),
	JSON_FIELD("mountLabel", json_read_string, spec, mount_label),
	JSON_FIELD("sysctl", config_read_sysctl, spec, sysctl),
	JSON_WHOLE("personality", read_personality),
	JSON_WHOLE("intelRdt", read_unsupported),
	JSON_WHOLE("memoryPolicy", read_unsupported),
	JSON_WHOLE("netDevices", read_unsupported),
	{ 0 },
};

void config_read_linux(const struct json_node *at, void *out)
{
	json_read_object(at, linux_fields, out);
}
