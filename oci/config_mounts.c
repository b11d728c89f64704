/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/config_parts.h"

static const struct json_field id_map_fields[] = {
	JSON_NEEDED("containerID", json_read_u32, spec_id_map, container_id),
	JSON_NEEDED("hostID", json_read_u32, spec_id_map, host_id),
	JSON_NEEDED("size", json_read_u32, spec_id_map, size),
	{ 0 },
};

/* user_namespaces(7): an extent has a size, and neither side runs past the last id. */
static void read_id_map(const struct json_node *at, void *out)
{
	struct spec_id_map *map = out;
	uint32_t start;

	json_read_object(at, id_map_fields, map);
	start = map->container_id > map->host_id ? map->container_id : map->host_id;
	if (!map->size && json_is_integer(json_member(at, "size").v))
		json_find(at, "size must be above 0");
	else if (map->size > UINT32_MAX - start)
		json_find(at, "the ids %u to %llu run past the last id, 4294967294", start,
			  (unsigned long long)start + map->size - 1);
}

void config_read_id_maps(const struct json_node *at, void *out)
{
	struct spec_id_maps *maps = out;

	maps->v = json_read_array(at, read_id_map, sizeof(*maps->v), &maps->n);
}

/* "relative" is what bundles of runtime-spec 0.x have; runc too warns and puts a "/" in front. */
static void read_destination(const struct json_node *at, void *out)
{
	const char *text = json_text(at);
	char quoted[JSON_QUOTE_BYTES];

	if (!text)
		return;
	if (!*text) {
		json_find(at, "must not be empty");
		return;
	}
	if (*text == '/') {
		json_read_path(at, out);
		return;
	}
	json_warn(at, "%s is a relative path, taken as relative to /", json_quote(quoted, text));
	*(char **)out = arena_printf(at->doc->arena, "/%s", text);
}

static const struct json_field mount_fields[] = {
	JSON_NEEDED("destination", read_destination, spec_mount, destination),
	JSON_FIELD("type", json_read_string, spec_mount, type),
	JSON_FIELD("source", json_read_string, spec_mount, source),
	JSON_FIELD("options", json_read_strings, spec_mount, options),
	JSON_FIELD("uidMappings", config_read_id_maps, spec_mount, uid_maps),
	JSON_FIELD("gidMappings", config_read_id_maps, spec_mount, gid_maps),
	{ 0 },
};

/* config.md#posix-platform-mounts: an id-mapped mount maps users and groups. */
static void read_mount(const struct json_node *at, void *out)
{
	struct spec_mount *mount = out;

	json_read_object(at, mount_fields, mount);
	if (!mount->uid_maps.n != !mount->gid_maps.n)
		json_find(at, "uidMappings and gidMappings need one another");
}

void config_read_mounts(const struct json_node *at, void *out)
{
	struct spec_mounts *mounts = out;

	mounts->v = json_read_array(at, read_mount, sizeof(*mounts->v), &mounts->n);
}
