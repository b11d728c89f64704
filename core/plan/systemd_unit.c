/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plan/systemd_unit.h"

#include <limits.h>
#include <string.h>

#define SLICE	       ".slice"
#define UNIT_MAX_BYTES 255  /* systemd.unit(5) */
#define CPU_MAX	       8191 /* CONFIG_NR_CPUS goes as far */

void systemd_unit_done(struct systemd_unit *unit)
{
	free(unit->name);
	free(unit->slice);
	free(unit->path);
	*unit = (struct systemd_unit){ 0 };
}

bool systemd_unit_is_form(const char *cgroups_path)
{
	const char *first = cgroups_path ? strchr(cgroups_path, ':') : NULL;
	const char *second = first ? strchr(first + 1, ':') : NULL;

	return second && !strchr(second + 1, ':') && !strchr(cgroups_path, '/');
}

/* "a-b.slice" lies in "a.slice": the dashes are the tree. */
static int add_slice(const char *slice, struct buf *path, struct err *err)
{
	size_t end = strlen(slice) - strlen(SLICE), at = 0;

	if (!strcmp(slice, "-" SLICE))
		return 0;
	while (at < end) {
		size_t part = strcspn(slice + at, "-");

		if (at + part > end)
			part = end - at;
		if (!part || at + part + 1 == end)
			return err_set(err, ERR_INVALID,
				       "cgroupsPath: \"%s\" is no name of a slice", slice);
		at += part;
		buf_addf(path, "/%.*s" SLICE, (int)at, slice);
		at++;
	}
	return 0;
}

static int check_name(const char *name, struct err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789:-_.\\@";
	static const char *const taken[] = { "_",	 ".",	    "cgroup.", "cpu.",
					     "cpuacct.", "cpuset.", "io.",     "blkio.",
					     "pids.",	 "memory.", "devices." };

	if (strlen(name) > UNIT_MAX_BYTES)
		return err_set(err, ERR_INVALID,
			       "cgroupsPath: systemd takes no unit's name of over %d bytes: %s",
			       UNIT_MAX_BYTES, name);
	if (name[strspn(name, allowed)] || name[0] == '@')
		return err_set(err, ERR_INVALID, "cgroupsPath: systemd takes no unit named \"%s\"",
			       name);
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (str_starts(name, taken[i]))
			return err_set(err, ERR_INVALID,
				       "cgroupsPath: \"%s\" begins with \"%s\", which is for the "
				       "kernel's files: systemd would call the cgroup otherwise",
				       name, taken[i]);
	return 0;
}

/* `parts` has SLICE, PREFIX and NAME */
static int fill(char *const parts[3], struct systemd_unit *unit, struct err *err)
{
	AUTO(buf_done) struct buf path = { 0 };

	unit->slice = xstrdup(*parts[0] ? parts[0] : "system" SLICE);
	unit->name = xasprintf("%s-%s.scope", parts[1], parts[2]);
	if (!str_ends(unit->slice, SLICE))
		return err_set(err, ERR_INVALID, "cgroupsPath: the slice \"%s\" must end in " SLICE,
			       unit->slice);
	if (check_name(unit->slice, err) || check_name(unit->name, err) ||
	    add_slice(unit->slice, &path, err))
		return -1;
	buf_addf(&path, "/%s", unit->name);
	unit->path = take_ptr(&path.p);
	return 0;
}

int systemd_unit_parse(const char *cgroups_path, const char *id, struct systemd_unit *unit,
		       struct err *err)
{
	bool is_given = cgroups_path && *cgroups_path;
	auto_free char *copy = is_given ? xstrdup(cgroups_path) : xasprintf(":kedge:%s", id);
	char *rest = copy, *parts[3];

	if (is_given && !systemd_unit_is_form(cgroups_path)) {
		err_set(err, ERR_INVALID,
			"expected cgroupsPath to be of format \"slice:prefix:name\" for systemd "
			"cgroups, got \"%s\" instead",
			cgroups_path);
		return err_hint(err, "give it that form, or go without --systemd-cgroup "
				     "(containerd: SystemdCgroup)");
	}
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		parts[i] = strsep(&rest, i < 2 ? ":" : "");
	if (!*parts[2])
		return err_set(err, ERR_INVALID, "cgroupsPath \"%s\" names no unit", copy);
	if (str_ends(parts[2], SLICE))
		return err_set(err, ERR_UNSUPPORTED,
			       "cgroupsPath: a slice (%s) holds other units; a container needs a "
			       "scope of its own",
			       parts[2]);
	if (!fill(parts, unit, err))
		return 0;
	systemd_unit_done(unit);
	return -1;
}

/* --- CPUs ----------------------------------------------------------------------------------------*/

static void set_bits(struct buf *mask, unsigned long long from, unsigned long long to)
{
	while (mask->n <= to / CHAR_BIT)
		buf_add(mask, "", 1);
	for (; from <= to; from++)
		mask->p[from / CHAR_BIT] =
			(char)((unsigned char)mask->p[from / CHAR_BIT] | 1U << from % CHAR_BIT);
}

int systemd_cpu_mask(const char *list, struct buf *mask, struct err *err)
{
	auto_free char *copy = xstrdup(list);
	char *rest = copy, *item;

	while ((item = strsep(&rest, ", \n"))) {
		unsigned long long from, to;
		char *dash = strchr(item, '-');

		if (!*item)
			continue;
		if (dash)
			*dash++ = '\0';
		if (str_to_u64(item, CPU_MAX, &from) ||
		    str_to_u64(dash ? dash : item, CPU_MAX, &to) || from > to)
			return err_set(err, ERR_INVALID, "\"%s\" is no list like 0-3,7", list);
		set_bits(mask, from, to);
	}
	return 0;
}
