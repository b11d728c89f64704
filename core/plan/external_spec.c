/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/base/path.h"
#include "core/plan/external_spec.h"

/* config-linux.md#default-devices, as far as they are nodes of the host */
static const struct {
	const char *path;
	struct external_device device;
} default_devices[] = {
	{ "/dev/null", { 'c', 1, 3 } },	   { "/dev/zero", { 'c', 1, 5 } },
	{ "/dev/full", { 'c', 1, 7 } },	   { "/dev/random", { 'c', 1, 8 } },
	{ "/dev/urandom", { 'c', 1, 9 } }, { "/dev/tty", { 'c', 5, 0 } },
};

static bool has_option(const struct spec_mount *mount, const char *word)
{
	for (size_t i = 0; i < mount->options.n; i++)
		if (str_eq(mount->options.v[i], word))
			return true;
	return false;
}

char *external_spec_normal_path(struct arena *arena, const char *path)
{
	char *out = arena_alloc(arena, strlen(path) + 2), *to = out;

	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 2 && !strncmp(path, "..", 2))
			return NULL;
		if (n && !(n == 1 && *path == '.')) {
			*to++ = '/';
			memcpy(to, path, n);
			to += n;
		}
		path += n;
	}
	if (to == out)
		*to++ = '/';
	*to = '\0';
	return out;
}

bool external_spec_is_bind(const struct spec_mount *mount)
{
	return str_eq(mount->type, "bind") || has_option(mount, "bind") ||
	       has_option(mount, "rbind");
}

bool external_spec_is_remount(const struct spec_mount *mount)
{
	return has_option(mount, "remount");
}

static bool find_device(const struct spec *spec, const char *path, struct external_device *device)
{
	for (size_t i = 0; i < spec->n_devices; i++) {
		const struct spec_device *d = &spec->devices[i];

		if (!str_eq(path, d->path))
			continue;
		*device = (struct external_device){ d->type, d->major, d->minor };
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(default_devices); i++)
		if (str_eq(path, default_devices[i].path)) {
			*device = default_devices[i].device;
			return true;
		}
	return false;
}

bool external_spec_device(const struct spec *spec, const char *path, struct external_device *device)
{
	struct external_device found;

	if (!find_device(spec, path, &found))
		return false;
	if (device)
		*device = found;
	return true;
}

const char *external_spec_destination(struct arena *arena, const struct spec *spec, size_t i,
				      const char *const *resolved)
{
	auto_free char *clean = NULL;

	if (resolved && resolved[i])
		return resolved[i];
	clean = path_normalize(spec->mounts.v[i].destination);
	return arena_strdup(arena, clean);
}

const char *external_spec_source(struct arena *arena, const struct spec *spec, size_t i)
{
	const struct spec_mount *mount = &spec->mounts.v[i];

	if (!external_spec_is_bind(mount) || !mount->source || !*mount->source)
		return NULL;
	if (*mount->source == '/')
		return mount->source;
	return arena_printf(arena, "%s/%s", spec->bundle, mount->source);
}
