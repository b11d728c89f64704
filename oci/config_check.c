/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "oci/config_parts.h"

/* The longest name that sethostname(2) and setdomainname(2) take. */
#define UTS_NAME_BYTES_MAX 64

static void check_uts_name(const struct json_node *root, const char *key, const char *name,
			   const struct spec *spec)
{
	struct json_node at = json_member(root, key);

	if (name && !spec->ns[SPEC_NS_UTS].present)
		json_find(&at, "needs a uts namespace in /linux/namespaces");
	if (name && strlen(name) > UTS_NAME_BYTES_MAX)
		json_find(&at, "must not be longer than %d bytes, has %zu", UTS_NAME_BYTES_MAX,
			  strlen(name));
}

/* A new user namespace without maps would leave the container without a single user. */
static void check_maps(const struct json_node *linux_node, const char *key,
		       const struct spec_id_maps *maps, const struct spec_namespace *user)
{
	struct json_node at = json_member(linux_node, key);

	if (maps->n && !user->present)
		json_find(&at, "needs a user namespace in /linux/namespaces");
	else if (!at.v && user->present && !user->path)
		json_find(&at, "is missing: a new user namespace needs it");
}

static void check_time(const struct json_node *linux_node, const struct spec *spec)
{
	struct json_node at = json_member(linux_node, "timeOffsets");

	if ((spec->monotonic.set || spec->boottime.set) && !spec->ns[SPEC_NS_TIME].present)
		json_find(&at, "needs a time namespace in /linux/namespaces");
}

/* Without a mount namespace the masks would be laid over the host's own files. */
static void check_paths(const struct json_node *linux_node, const char *key,
			const struct spec_strings *paths, const struct spec *spec)
{
	struct json_node at = json_member(linux_node, key);

	if (paths->n && !spec->ns[SPEC_NS_MOUNT].present)
		json_find(&at, "needs a mount namespace in /linux/namespaces");
}

/* The rules that need /linux/namespaces; if that couldn't be read at all, they would mislead. */
static void check_namespaces(const struct json_node *root, const struct spec *spec)
{
	struct json_node linux_node = json_member(root, "linux");
	struct json_node list = json_member(&linux_node, "namespaces");

	if ((linux_node.v && !json_is_object(linux_node.v)) || (list.v && !json_is_array(list.v)))
		return;
	check_uts_name(root, "hostname", spec->hostname, spec);
	check_uts_name(root, "domainname", spec->domainname, spec);
	check_maps(&linux_node, "uidMappings", &spec->uid_maps, &spec->ns[SPEC_NS_USER]);
	check_maps(&linux_node, "gidMappings", &spec->gid_maps, &spec->ns[SPEC_NS_USER]);
	check_time(&linux_node, spec);
	check_paths(&linux_node, "maskedPaths", &spec->masked_paths, spec);
	check_paths(&linux_node, "readonlyPaths", &spec->readonly_paths, spec);
	config_check_sysctl(&linux_node, spec);
}

/* config.md#platform-specific-configuration: another platform's object, and none for Linux. */
static void check_platform(const struct json_node *root)
{
	static const char *const others[] = { "windows", "solaris", "vm", "zos", "freebsd" };

	if (json_member(root, "linux").v)
		return;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct json_node at = json_member(root, others[i]);

		if (at.v)
			json_find(&at, "this is not a config for Linux: it has no /linux");
	}
}

void config_check(const struct json_node *root, const struct spec *spec)
{
	check_namespaces(root, spec);
	check_platform(root);
}
