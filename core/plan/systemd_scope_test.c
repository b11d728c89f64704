/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/plan/systemd_scope.h"

#define NAME "docker-4.f.scope"

/* On the arena, as the parser leaves them. */
static void add_pair(struct arena *arena, struct spec_pairs *pairs, const char *key,
		     const char *value)
{
	struct spec_pair *v = arena_array(arena, pairs->n + 1, sizeof(*v));

	if (pairs->n)
		memcpy(v, pairs->v, pairs->n * sizeof(*v));
	v[pairs->n].key = arena_strdup(arena, key);
	v[pairs->n++].value = arena_strdup(arena, value);
	pairs->v = v;
}

static void assert_same(const struct dbus_writer *a, const struct dbus_writer *b)
{
	assert_null(a->bad);
	assert_int_equal(a->bytes.n, b->bytes.n);
	assert_memory_equal(a->bytes.p, b->bytes.p, a->bytes.n);
}

static void a_scope_is_delegated_accounted_and_begins_with_a_process(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 }, expected = { 0 };
	AUTO(arena_done) struct arena arena = { 0 };
	struct spec_pairs annotations = { 0 };
	struct systemd_scope scope = { NAME, "system.slice", &annotations, 4711 };
	size_t array;

	(void)state;
	add_pair(&arena, &annotations, "other", "x");
	add_pair(&arena, &annotations, "org.systemd.property.CollectMode", "'inactive'");
	dbus_put_string(&expected, NAME);
	dbus_put_string(&expected, "replace");
	array = dbus_open_array(&expected, 8);
	dbus_property_string(&expected, "Description", "kedge container docker-4.f");
	dbus_property_string(&expected, "Slice", "system.slice");
	dbus_property_bool(&expected, "Delegate", true);
	dbus_property_bool(&expected, "MemoryAccounting", true);
	dbus_property_bool(&expected, "CPUAccounting", true);
	dbus_property_bool(&expected, "IOAccounting", true);
	dbus_property_bool(&expected, "TasksAccounting", true);
	dbus_property_bool(&expected, "DefaultDependencies", false);
	dbus_property_u32s(&expected, "PIDs", &scope.pid, 1);
	dbus_property_string(&expected, "CollectMode", "inactive");
	dbus_close_array(&expected, array);
	array = dbus_open_array(&expected, 8);
	dbus_close_array(&expected, array);
	assert_int_equal(systemd_scope_start(&scope, &body, NULL), 0);
	assert_same(&body, &expected);
}

static void an_annotation_that_is_no_value_is_named(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
	AUTO(arena_done) struct arena arena = { 0 };
	struct spec_pairs annotations = { 0 };
	struct systemd_scope scope = { NAME, "system.slice", &annotations, 4711 };
	struct err err = { 0 };

	(void)state;
	add_pair(&arena, &annotations, "org.systemd.property.CollectMode", "inactive");
	assert_int_equal(systemd_scope_start(&scope, &body, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_non_null(strstr(err.msg, "org.systemd.property.CollectMode"));
}

static void an_annotation_does_not_move_the_scope(void **state)
{
	static const char *const keys[] = { "org.systemd.property.Slice",
					    "org.systemd.property.PIDs" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
		AUTO(arena_done) struct arena arena = { 0 };
		struct spec_pairs annotations = { 0 };
		struct systemd_scope scope = { NAME, "system.slice", &annotations, 4711 };
		struct err err = { 0 };

		add_pair(&arena, &annotations, keys[i], "'b.slice'");
		assert_int_equal(systemd_scope_start(&scope, &body, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_non_null(strstr(err.msg, keys[i]));
		assert_non_null(strstr(err.hint, "cgroupsPath"));
	}
}

/* What `res` becomes, against the properties in `expected`, which is n of them. */
static void expect_limits(const struct spec_resources *res, const struct dbus_writer *expected,
			  size_t n)
{
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
	size_t found = 0;

	assert_int_equal(systemd_scope_limits(NAME, res, &body, &found, NULL), 0);
	assert_int_equal(found, n);
	assert_same(&body, expected);
}

static size_t begin(struct dbus_writer *w)
{
	dbus_put_string(w, NAME);
	dbus_put_bool(w, true);
	return dbus_open_array(w, 8);
}

static void every_limit_has_its_property(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer expected = { 0 };
	struct spec_resources res = { 0 };
	char cpus[] = "0-3,7", mems[] = "0";
	size_t array = begin(&expected);

	(void)state;
	res.memory.limit.v = 64 << 20;
	res.memory.reservation.v = 32 << 20;
	res.memory.swap.v = 96 << 20;
	res.cpu.shares.v = 1024;
	res.cpu.quota_us.v = 12345;
	res.cpu.period_us.v = 50000;
	res.pids_limit.v = 100;
	res.blkio.weight.v = 10;
	res.cpu.cpus = cpus;
	res.cpu.mems = mems;
	dbus_property_u64(&expected, "MemoryMax", 64 << 20);
	dbus_property_u64(&expected, "MemoryLow", 32 << 20);
	dbus_property_u64(&expected, "MemorySwapMax", 32 << 20);
	dbus_property_u64(&expected, "CPUWeight", 100);
	dbus_property_u64(&expected, "CPUQuotaPeriodUSec", 50000);
	dbus_property_u64(&expected, "CPUQuotaPerSecUSec", 250000); /* 246900, in steps of 10 ms */
	dbus_property_u64(&expected, "TasksMax", 100);
	dbus_property_u64(&expected, "IOWeight", 1);
	dbus_property_bytes(&expected, "AllowedCPUs", "\x8f", 1);
	dbus_property_bytes(&expected, "AllowedMemoryNodes", "\x01", 1);
	dbus_close_array(&expected, array);
	expect_limits(&res, &expected, 10);
}

static void no_limit_is_said_and_what_is_not_asked_for_is_not(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer none = { 0 }, expected = { 0 };
	struct spec_resources res = { 0 };
	size_t array = begin(&none);

	(void)state;
	dbus_close_array(&none, array);
	expect_limits(&res, &none, 0);
	array = begin(&expected);
	res.memory.limit.v = -1;
	res.cpu.quota_us.v = -1;
	res.pids_limit.v = -1;
	dbus_property_u64(&expected, "MemoryMax", UINT64_MAX);
	dbus_property_u64(&expected, "MemorySwapMax", UINT64_MAX);
	dbus_property_u64(&expected, "CPUQuotaPerSecUSec", UINT64_MAX);
	dbus_property_u64(&expected, "TasksMax", UINT64_MAX);
	dbus_close_array(&expected, array);
	expect_limits(&res, &expected, 4);
}

static void files_of_v2_that_systemd_knows_are_said_too(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer expected = { 0 };
	static const char *const files[][2] = {
		{ "memory.high", "1048576" },  { "memory.max", "max" },
		{ "cpu.max", "50000 100000" }, { "cpuset.cpus", "1" },
		{ "io.max", "8:0 rbps=1" },    { "pids.max", "x" },
	};
	AUTO(arena_done) struct arena arena = { 0 };
	struct spec_resources res = { 0 };
	size_t array = begin(&expected);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		add_pair(&arena, &res.unified, files[i][0], files[i][1]);
	dbus_property_u64(&expected, "MemoryHigh", 1048576);
	dbus_property_u64(&expected, "MemoryMax", UINT64_MAX);
	dbus_property_u64(&expected, "CPUQuotaPeriodUSec", 100000);
	dbus_property_u64(&expected, "CPUQuotaPerSecUSec", 500000);
	dbus_property_bytes(&expected, "AllowedCPUs", "\x02", 1);
	dbus_close_array(&expected, array);
	expect_limits(&res, &expected, 5);
}

static void a_list_of_cpus_that_is_none_is_refused(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
	struct spec_resources res = { 0 };
	struct err err = { 0 };
	char cpus[] = "one";
	size_t n;

	(void)state;
	res.cpu.cpus = cpus;
	assert_int_equal(systemd_scope_limits(NAME, &res, &body, &n, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_non_null(strstr(err.msg, "\"one\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scope_is_delegated_accounted_and_begins_with_a_process),
		cmocka_unit_test(an_annotation_that_is_no_value_is_named),
		cmocka_unit_test(an_annotation_does_not_move_the_scope),
		cmocka_unit_test(every_limit_has_its_property),
		cmocka_unit_test(no_limit_is_said_and_what_is_not_asked_for_is_not),
		cmocka_unit_test(files_of_v2_that_systemd_knows_are_said_too),
		cmocka_unit_test(a_list_of_cpus_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
