/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mount.h>

#include "core/plan/mount_plan.h"

/* Add a mount; `options` is a comma-separated list, "" in type or source is "absent". */
static struct spec_mount *add(struct spec *spec, const char *to, const char *type,
			      const char *source, const char *options)
{
	char *words = arena_strdup(&spec->arena, options), *word;
	struct spec_mount *v, *m;

	v = arena_array(&spec->arena, spec->mounts.n + 1, sizeof(*v));
	if (spec->mounts.n)
		memcpy(v, spec->mounts.v, spec->mounts.n * sizeof(*v));
	spec->mounts.v = v;
	m = &v[spec->mounts.n++];
	m->destination = arena_strdup(&spec->arena, to);
	m->type = *type ? arena_strdup(&spec->arena, type) : NULL;
	m->source = *source ? arena_strdup(&spec->arena, source) : NULL;
	m->options.v = arena_array(&spec->arena, strlen(options) + 2, sizeof(char *));
	while (*options && (word = strsep(&words, ",")))
		m->options.v[m->options.n++] = word;
	return m;
}

static void build(const struct spec *spec, struct mount_plan *plan)
{
	struct err err = { 0 };
	int ret = mount_plan_build(spec, plan, &err);

	assert_string_equal(err.msg, "");
	assert_int_equal(ret, 0);
}

/* The message that one mount alone gives. */
static void check_refused(const char *to, const char *type, const char *source, const char *options,
			  const char *want)
{
	AUTO(mount_plan_done) struct mount_plan plan = { 0 };
	AUTO(spec_done) struct spec spec = { 0 };
	struct err err = { 0 };

	add(&spec, to, type, source, options);
	assert_int_equal(mount_plan_build(&spec, &plan, &err), -1);
	assert_string_equal(err.msg, want);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(plan.n, 0);
	assert_null(plan.arena.head);
}

static void rows_keep_the_order_of_the_config(void **state)
{
	AUTO(mount_plan_done) struct mount_plan plan = { 0 };
	AUTO(spec_done) struct spec spec = { 0 };
	static const struct {
		const char *to;
		enum mount_kind kind;
	} want[] = {
		{ "/proc", MOUNT_PROC },
		{ "/dev", MOUNT_TMPFS },
		{ "/dev/pts", MOUNT_FS },
		{ "/sys", MOUNT_PROC },
		{ "/sys/fs/cgroup", MOUNT_CGROUP },
		{ "/data", MOUNT_BIND },
	};

	(void)state;
	add(&spec, "/proc", "proc", "proc", "");
	add(&spec, "/dev/", "tmpfs", "tmpfs", "nosuid,mode=755");
	add(&spec, "//dev/./pts", "devpts", "devpts", "gid=5");
	add(&spec, "/x/../sys", "sysfs", "sysfs", "ro");
	add(&spec, "/sys/fs/cgroup", "cgroup", "cgroup", "ro");
	add(&spec, "data", "none", "/srv", "rbind,ro");
	build(&spec, &plan);
	assert_int_equal(plan.n, ARRAY_LEN(want));
	for (size_t i = 0; i < plan.n; i++) {
		assert_int_equal(plan.v[i].index, i);
		assert_string_equal(plan.v[i].destination, want[i].to);
		assert_int_equal(plan.v[i].kind, want[i].kind);
	}
	assert_string_equal(plan.v[2].opts.data, "gid=5");
	assert_string_equal(plan.v[5].type, "bind");
	assert_true(plan.makes_dev);
}

static void a_relative_bind_source_is_below_the_bundle(void **state)
{
	AUTO(mount_plan_done) struct mount_plan plan = { 0 };
	AUTO(spec_done) struct spec spec = { 0 };

	(void)state;
	spec.bundle = arena_strdup(&spec.arena, "/run/b");
	add(&spec, "/a", "", "data/x", "bind");
	add(&spec, "/b", "", "/data/x", "bind");
	add(&spec, "/c", "tmpfs", "shm", "");
	build(&spec, &plan);
	assert_string_equal(plan.v[0].source, "/run/b/data/x");
	assert_string_equal(plan.v[1].source, "/data/x");
	assert_string_equal(plan.v[2].source, "shm");
}

static void a_bound_dev_gets_no_devices(void **state)
{
	AUTO(mount_plan_done) struct mount_plan plan = { 0 };
	AUTO(spec_done) struct spec spec = { 0 };

	(void)state;
	add(&spec, "/dev/", "none", "/dev", "rbind");
	build(&spec, &plan);
	assert_false(plan.makes_dev);
}

static void read_only_is_put_off_where_we_still_write(void **state)
{
	AUTO(mount_plan_done) struct mount_plan plan = { 0 };
	AUTO(spec_done) struct spec spec = { 0 };

	(void)state;
	add(&spec, "/tmp", "tmpfs", "tmpfs", "ro,nodev");
	add(&spec, "/dev", "tmpfs", "tmpfs", "rro");
	add(&spec, "/mnt", "ext4", "/dev/sdx", "ro");
	add(&spec, "/data", "", "/srv", "bind,ro");
	add(&spec, "/dev", "", "/dev", "rbind,rro");
	build(&spec, &plan);
	assert_true(plan.v[0].is_ro_at_end);
	assert_int_equal(plan.v[0].opts.flags, MS_NODEV);
	assert_int_equal(plan.v[0].opts.attr_set, MOUNT_ATTR_NODEV);
	assert_true(plan.v[1].is_ro_at_end);
	assert_int_equal(plan.v[1].opts.rec_set, 0);
	assert_false(plan.v[2].is_ro_at_end);
	assert_int_equal(plan.v[2].opts.flags, MS_RDONLY);
	assert_false(plan.v[3].is_ro_at_end);
	assert_int_equal(plan.v[3].opts.attr_set, MOUNT_ATTR_RDONLY);
	assert_false(plan.v[4].is_ro_at_end);
	assert_int_equal(plan.v[4].opts.rec_set, MOUNT_ATTR_RDONLY);
}

static void proc_is_guarded(void **state)
{
	AUTO(mount_plan_done) struct mount_plan plan = { 0 };
	AUTO(spec_done) struct spec spec = { 0 };

	(void)state;
	check_refused("/proc", "tmpfs", "tmpfs", "",
		      "mount 0 (/proc): only proc may be mounted on /proc, not tmpfs");
	check_refused("/proc/self/attr", "", "/srv", "bind",
		      "mount 0 (/proc/self/attr): nothing may be mounted inside /proc");
	check_refused("/x/../proc//sys/", "tmpfs", "tmpfs", "",
		      "mount 0 (/proc/sys): nothing may be mounted inside /proc");
	check_refused("/proc/acpi", "proc", "proc", "",
		      "mount 0 (/proc/acpi): nothing may be mounted inside /proc");
	add(&spec, "/proc", "", "/proc", "rbind");
	add(&spec, "/proc/uptime", "", "/srv/uptime", "bind");
	add(&spec, "/proc/sys/kernel/ns_last_pid", "", "/srv/pid", "bind");
	add(&spec, "/host/proc", "proc", "proc", "");
	add(&spec, "/procfs", "tmpfs", "tmpfs", "");
	build(&spec, &plan);
	assert_int_equal(plan.n, 5);
}

static void what_cannot_be_mounted_is_refused(void **state)
{
	(void)state;
	check_refused("/a", "none", "", "bind", "mount 0 (/a): a bind mount needs a source");
	check_refused("/a", "", "x", "ro",
		      "mount 0 (/a): it needs a type, or the option \"bind\" or \"rbind\"");
	check_refused("/a/..", "tmpfs", "tmpfs", "",
		      "mount 0 (/): nothing can be mounted over the root itself");
	check_refused("/a", "", "/srv", "bind,tmpcopyup",
		      "mount 0 (/a): option \"tmpcopyup\" is for tmpfs only");
}

static void all_findings_come_at_once(void **state)
{
	AUTO(mount_plan_done) struct mount_plan plan = { 0 };
	AUTO(spec_done) struct spec spec = { 0 };
	struct err err = { 0 };

	(void)state;
	add(&spec, "/ok", "tmpfs", "tmpfs", "");
	add(&spec, "/a", "", "", "bind");
	add(&spec, "/data", "", "/srv", "bind,idmap");
	assert_int_equal(mount_plan_build(&spec, &plan, &err), -1);
	assert_string_equal(err.msg, "mount 1 (/a): a bind mount needs a source; "
				     "mount 2 (/data): option \"idmap\" needs uidMappings; "
				     "mount 2 (/data): option \"idmap\" needs gidMappings");
}

static void an_idmapped_mount_takes_its_own_mappings(void **state)
{
	AUTO(mount_plan_done) struct mount_plan plan = { 0 };
	AUTO(spec_done) struct spec spec = { 0 };
	struct spec_id_map map = { 0, 1000, 1 }, other = { 0, 2000, 1 };
	struct spec_mount *m = add(&spec, "/data", "", "/srv", "bind,ridmap");

	(void)state;
	m->uid_maps = (struct spec_id_maps){ &map, 1 };
	m->gid_maps = (struct spec_id_maps){ &map, 1 };
	spec.ns[SPEC_NS_USER].present = true;
	spec.uid_maps = (struct spec_id_maps){ &other, 1 };
	build(&spec, &plan);
	assert_ptr_equal(plan.v[0].uid_maps->v, &map);
	assert_null(plan.v[0].idmap_userns);
}

static void an_idmapped_mount_may_take_the_namespaces_mappings(void **state)
{
	AUTO(mount_plan_done) struct mount_plan plan = { 0 }, by_path = { 0 };
	AUTO(spec_done) struct spec spec = { 0 };
	struct spec_id_map map = { 0, 1000, 1 };

	(void)state;
	add(&spec, "/data", "", "/srv", "bind,idmap");
	spec.ns[SPEC_NS_USER].present = true;
	spec.uid_maps = (struct spec_id_maps){ &map, 1 };
	spec.gid_maps = (struct spec_id_maps){ &map, 1 };
	build(&spec, &plan);
	assert_ptr_equal(plan.v[0].uid_maps->v, &map);
	spec.ns[SPEC_NS_USER].path = arena_strdup(&spec.arena, "/proc/7/ns/user");
	build(&spec, &by_path);
	assert_string_equal(by_path.v[0].idmap_userns, "/proc/7/ns/user");
	mount_plan_done(&by_path);
}

static void idmap_is_for_binds(void **state)
{
	AUTO(mount_plan_done) struct mount_plan plan = { 0 };
	AUTO(spec_done) struct spec spec = { 0 };
	struct spec_id_map map = { 0, 1000, 1 };
	struct err err = { 0 };
	struct spec_mount *m;

	(void)state;
	check_refused("/t", "tmpfs", "tmpfs", "ridmap",
		      "mount 0 (/t): option \"ridmap\" is for bind mounts only");
	m = add(&spec, "/t", "tmpfs", "tmpfs", "");
	m->uid_maps = (struct spec_id_maps){ &map, 1 };
	assert_int_equal(mount_plan_build(&spec, &plan, &err), -1);
}

static void a_remount_needs_neither_type_nor_source(void **state)
{
	AUTO(mount_plan_done) struct mount_plan plan = { 0 };
	AUTO(spec_done) struct spec spec = { 0 };

	(void)state;
	add(&spec, "/proc", "", "", "remount,ro");
	add(&spec, "/sys", "", "", "bind,remount,ro");
	build(&spec, &plan);
	assert_int_equal(plan.v[0].kind, MOUNT_REMOUNT);
	assert_int_equal(plan.v[1].kind, MOUNT_REMOUNT);
	assert_true(plan.v[1].opts.is_bind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_keep_the_order_of_the_config),
		cmocka_unit_test(a_relative_bind_source_is_below_the_bundle),
		cmocka_unit_test(a_bound_dev_gets_no_devices),
		cmocka_unit_test(read_only_is_put_off_where_we_still_write),
		cmocka_unit_test(proc_is_guarded),
		cmocka_unit_test(what_cannot_be_mounted_is_refused),
		cmocka_unit_test(all_findings_come_at_once),
		cmocka_unit_test(an_idmapped_mount_takes_its_own_mappings),
		cmocka_unit_test(an_idmapped_mount_may_take_the_namespaces_mappings),
		cmocka_unit_test(idmap_is_for_binds),
		cmocka_unit_test(a_remount_needs_neither_type_nor_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
