/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "shim/task/overlay.h"

#define PAGE_BYTES 4096
#define LOWER	   "lowerdir="

bool overlay_is_long(char *const *options, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += strlen(options[i]) + 1;
	return bytes > PAGE_BYTES;
}

/* How long the part up to the last slash is, of the first `n` bytes. */
static size_t up_to_slash(const char *path, size_t n)
{
	while (n && path[n - 1] != '/')
		n--;
	return n;
}

/* The length of the directory that all of the list are in, with its slash; 0 for none. */
static size_t common_dir(const char *list)
{
	size_t n = up_to_slash(list, strcspn(list, ":"));

	for (const char *item = strchr(list, ':'); item && n; item = strchr(item, ':')) {
		item++;
		while (n && strncmp(item, list, n) != 0)
			n = up_to_slash(list, n - 1);
	}
	return n;
}

static char *relative(const char *list, size_t dir_bytes)
{
	char *out = xmalloc(strlen(LOWER) + strlen(list) + 1), *at = stpcpy(out, LOWER);

	for (size_t n; *list; list += n) {
		n = strcspn(list, ":");
		n += list[n] == ':';
		at = mempcpy(at, list + dir_bytes, n - dir_bytes);
	}
	*at = '\0';
	return out;
}

bool overlay_shorten(char *const *options, size_t n, struct overlay_short *out)
{
	auto_free char *shorter = NULL;
	const char *list = NULL;
	size_t dir_bytes;

	for (size_t i = 0; i < n; i++)
		if (str_starts(options[i], LOWER))
			list = options[i] + strlen(LOWER);
	if (!list || !strchr(list, ':') || strchr(list, '\\'))
		return false;
	dir_bytes = common_dir(list);
	if (dir_bytes < 2)
		return false;
	out->dir = xasprintf("%.*s", (int)dir_bytes, list);
	shorter = relative(list, dir_bytes);
	for (size_t i = 0; i < n; i++)
		strv_add(&out->options, options[i] + strlen(LOWER) == list ? shorter : options[i]);
	return true;
}

void overlay_short_done(struct overlay_short *s)
{
	free(s->dir);
	s->dir = NULL;
	strv_done(&s->options);
}
