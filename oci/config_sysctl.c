/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/stat.h>

#include "oci/config_parts.h"

/*
 * The key of a sysctl as a path below /proc/sys. The separator that comes first decides, as in
 * sysctl(8): "net.ipv4.conf.eth0/100.forwarding" and "net/ipv4/conf/eth0.100/forwarding" are one.
 */
static char *path_of_key(struct arena *arena, const char *key)
{
	const char *separator = strpbrk(key, "./");
	char *path = arena_strdup(arena, key);

	if (!separator || *separator == '/')
		return path;
	for (char *c = path; *c; c++)
		if (*c == '.' || *c == '/')
			*c = *c == '.' ? '/' : '.';
	return path;
}

/* Whether every part of the path is a name: no "", "." and "..", with which it could leave net/. */
static bool is_plain_path(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (!n || !strncmp(path, ".", n) || (n == 2 && !strncmp(path, "..", n)))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

static void read_one(const struct json_node *at, struct spec_pair *pair)
{
	const char *value = json_text(at);

	pair->key = path_of_key(at->doc->arena, at->key);
	if (!is_plain_path(pair->key))
		json_find(at, "the key must be a sysctl's name such as net.ipv4.ip_forward");
	if (value && strchr(value, '\n'))
		json_find(at, "the value must be one line");
	pair->value = arena_strdup(at->doc->arena, value);
}

void config_read_sysctl(const struct json_node *at, void *out)
{
	struct spec_pairs *pairs = out;
	const char *key;
	json_t *v;

	if (!json_want(at, JSON_OBJECT) || !json_object_size(at->v))
		return;
	pairs->v = arena_array(at->doc->arena, json_object_size(at->v), sizeof(*pairs->v));
	json_object_foreach(at->v, key, v)
	{
		struct json_node value = { .doc = at->doc, .up = at, .key = key, .v = v };

		if (!json_is_null(v))
			read_one(&value, &pairs->v[pairs->n++]);
	}
}

/* Which sysctls belong to which namespace; runc's list. A path with "/" behind is a directory. */
static const struct {
	const char *path;
	enum spec_ns ns;
	const char *ns_type;
} namespaced[] = {
	{ "net/", SPEC_NS_NET, "network" },
	{ "fs/mqueue/", SPEC_NS_IPC, "ipc" },
	{ "kernel/msgmax", SPEC_NS_IPC, "ipc" },
	{ "kernel/msgmnb", SPEC_NS_IPC, "ipc" },
	{ "kernel/msgmni", SPEC_NS_IPC, "ipc" },
	{ "kernel/sem", SPEC_NS_IPC, "ipc" },
	{ "kernel/shmall", SPEC_NS_IPC, "ipc" },
	{ "kernel/shmmax", SPEC_NS_IPC, "ipc" },
	{ "kernel/shmmni", SPEC_NS_IPC, "ipc" },
	{ "kernel/shm_rmid_forced", SPEC_NS_IPC, "ipc" },
	{ "kernel/domainname", SPEC_NS_UTS, "uts" },
};

static bool matches(const char *path, const char *row)
{
	return row[strlen(row) - 1] == '/' ? str_starts(path, row) : !strcmp(path, row);
}

/* Whether `path` leads to our own network namespace; one that can't be read fails when joined. */
static bool is_own_net(const char *path)
{
	struct stat ours, theirs;

	if (!path || stat("/proc/self/ns/net", &ours) || stat(path, &theirs))
		return false;
	return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/*
 * /proc/sys is namespaced in part only: what isn't would change the host (CVE-2022-0811 reached
 * kernel.core_pattern).
 */
static void check_one(const struct json_node *at, const char *path, const struct spec *spec)
{
	for (size_t i = 0; i < ARRAY_LEN(namespaced); i++) {
		const struct spec_namespace *ns = &spec->ns[namespaced[i].ns];

		if (!matches(path, namespaced[i].path))
			continue;
		if (!ns->present)
			json_find(at, "needs a namespace of type %s in /linux/namespaces",
				  namespaced[i].ns_type);
		else if (namespaced[i].ns == SPEC_NS_NET && is_own_net(ns->path))
			json_find(at, "would change the host: /linux/namespaces gives the host's "
				      "network namespace");
		return;
	}
	if (!strcmp(path, "kernel/hostname"))
		json_find(at, "must not be set here, /hostname is for it");
	else
		json_find(at, "would change the host: it belongs to no namespace");
}

void config_check_sysctl(const struct json_node *linux_node, const struct spec *spec)
{
	struct json_node at = json_member(linux_node, "sysctl");
	size_t i = 0;
	const char *key;
	json_t *v;

	if (!spec->sysctl.n)
		return;
	json_object_foreach(at.v, key, v)
	{
		struct json_node value = { .doc = at.doc, .up = &at, .key = key, .v = v };

		if (json_is_null(v))
			continue;
		if (is_plain_path(spec->sysctl.v[i].key))
			check_one(&value, spec->sysctl.v[i].key, spec);
		i++;
	}
}
