/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/stat.h>

#include "core/cr/restored_ns.h"
#include "core/cr/strays.h"

static const struct {
	enum spec_ns kind;
	const char *file;
	const char *what;
} kinds[] = {
	{ SPEC_NS_PID, "pid", "process" },	{ SPEC_NS_NET, "net", "network" },
	{ SPEC_NS_IPC, "ipc", "IPC" },		{ SPEC_NS_UTS, "uts", "hostname" },
	{ SPEC_NS_MOUNT, "mnt", "mount" },	{ SPEC_NS_USER, "user", "user" },
	{ SPEC_NS_CGROUP, "cgroup", "cgroup" }, { SPEC_NS_TIME, "time", "time" },
};

static const char *name_of(enum spec_ns kind)
{
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(kinds) && kinds[i].kind != kind)
		i++;
	return kinds[i].what;
}

/* Whether the task is where we are. One that has ended meanwhile isn't. */
static bool shares_ours(pid_t pid, const char *file)
{
	char theirs[64], ours[64];
	struct stat a, b;

	snprintf(theirs, sizeof(theirs), "/proc/%d/ns/%s", (int)pid, file);
	snprintf(ours, sizeof(ours), "/proc/self/ns/%s", file);
	return !stat(theirs, &a) && !stat(ours, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int hint(struct err *err)
{
	return err_hint(err, "if the checkpoint was made that way and may be trusted, take that "
			     "namespace out of config.json");
}

int restored_ns_foresee(const struct image_inventory *inventory, const struct spec *spec,
			struct err *err)
{
	/* the cgroup namespace is CRIU's own, which we make; no image tells of the time one */
	const struct {
		enum spec_ns kind;
		bool is_there;
	} found[] = {
		{ SPEC_NS_PID, inventory->has_pid_ns },	  { SPEC_NS_NET, inventory->has_net_ns },
		{ SPEC_NS_IPC, inventory->has_ipc_ns },	  { SPEC_NS_UTS, inventory->has_uts_ns },
		{ SPEC_NS_USER, inventory->has_user_ns },
	};

	for (size_t i = 0; i < ARRAY_LEN(found); i++) {
		const struct spec_namespace *ns = &spec->ns[found[i].kind];

		if (!ns->present || ns->path || found[i].is_there)
			continue;
		err_set(err, ERR_INVALID,
			"ids-%u.img: the image puts the container into the host's %s namespace, but "
			"config.json asks for a new one",
			inventory->root_pid, name_of(found[i].kind));
		return hint(err);
	}
	return 0;
}

static int check_task(pid_t pid, const struct spec *spec, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct spec_namespace *ns = &spec->ns[kinds[i].kind];

		if (!ns->present || ns->path || !shares_ours(pid, kinds[i].file))
			continue;
		err_set(err, ERR_INVALID,
			"the image puts process %d into the host's %s namespace, but config.json "
			"asks for a new one",
			(int)pid, kinds[i].what);
		return hint(err);
	}
	return 0;
}

int restored_ns_check(const struct container *c, pid_t root, const struct spec *spec,
		      struct err *err)
{
	auto_free struct stray_task *tasks = NULL;
	bool has_root = false;
	size_t n = 0;

	if (strays_list(c, &tasks, &n, err) || check_task(root, spec, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		has_root |= tasks[i].pid == root;
	if (!has_root)
		return err_set(err, ERR_STATE, "the restored process %d isn't in its cgroup",
			       (int)root);
	/* CRIU is in that cgroup as well */
	for (size_t i = 0; i < n; i++)
		if (strays_descends(tasks, n, tasks[i].pid, root) &&
		    check_task(tasks[i].pid, spec, err))
			return -1;
	return 0;
}
