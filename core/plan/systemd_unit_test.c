/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/plan/systemd_unit.h"

static void expect(const char *path, const char *name, const char *slice, const char *at)
{
	AUTO(systemd_unit_done) struct systemd_unit unit = { 0 };
	struct err err = { 0 };

	assert_int_equal(systemd_unit_parse(path, "c1", &unit, &err), 0);
	assert_string_equal(unit.name, name);
	assert_string_equal(unit.slice, slice);
	assert_string_equal(unit.path, at);
}

static void expect_refused(const char *path, enum err_kind kind, const char *word)
{
	struct systemd_unit unit = { 0 };
	struct err err = { 0 };

	assert_int_equal(systemd_unit_parse(path, "c1", &unit, &err), -1);
	assert_int_equal(err.kind, kind);
	assert_non_null(strstr(err.msg, word));
	assert_null(unit.name);
	assert_null(unit.path);
}

static void a_scope_lies_in_its_slices(void **state)
{
	(void)state;
	expect("system.slice:docker:4f", "docker-4f.scope", "system.slice",
	       "/system.slice/docker-4f.scope");
	expect("kubepods-besteffort-pod1_2.slice:cri-containerd:4f", "cri-containerd-4f.scope",
	       "kubepods-besteffort-pod1_2.slice",
	       "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice/"
	       "cri-containerd-4f.scope");
	expect("-.slice:a:b", "a-b.scope", "-.slice", "/a-b.scope");
}

static void what_is_left_out_has_a_default(void **state)
{
	(void)state;
	expect(NULL, "kedge-c1.scope", "system.slice", "/system.slice/kedge-c1.scope");
	expect("", "kedge-c1.scope", "system.slice", "/system.slice/kedge-c1.scope");
	expect(":runc:x", "runc-x.scope", "system.slice", "/system.slice/runc-x.scope");
}

static void other_forms_are_refused(void **state)
{
	static const char *const forms[] = { "/a/b", "a", "a.slice:b", "a.slice:b:c:d",
					     "/a.slice:b:c" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		expect_refused(forms[i], ERR_INVALID, "slice:prefix:name");
		assert_false(systemd_unit_is_form(forms[i]));
	}
	assert_false(systemd_unit_is_form(NULL));
	assert_true(systemd_unit_is_form("system.slice:docker:4f"));
}

static void names_that_cannot_be_are_refused(void **state)
{
	char longer[300];

	(void)state;
	expect_refused("a:b:c", ERR_INVALID, "must end in .slice");
	expect_refused(".slice:b:c", ERR_INVALID, "must end in .slice");
	expect_refused("a--b.slice:b:c", ERR_INVALID, "\"a--b.slice\"");
	expect_refused("-a.slice:b:c", ERR_INVALID, "\"-a.slice\"");
	expect_refused("a-.slice:b:c", ERR_INVALID, "\"a-.slice\"");
	expect_refused("--.slice:b:c", ERR_INVALID, "\"--.slice\"");
	expect_refused("a.slice:b:", ERR_INVALID, "names no unit");
	expect_refused("a.slice:b:c d", ERR_INVALID, "\"b-c d.scope\"");
	expect_refused("_a.slice:b:c", ERR_INVALID, "begins with \"_\"");
	expect_refused("a.slice:.b:c", ERR_INVALID, "begins with \".\"");
	expect_refused("a.slice:memory.b:c", ERR_INVALID, "begins with \"memory.\"");
	expect_refused("a.slice:b:c.slice", ERR_UNSUPPORTED, "c.slice");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	memcpy(longer, "::", 2);
	expect_refused(longer, ERR_INVALID, "255 bytes");
}

static void cpus_become_bits(void **state)
{
	static const struct {
		const char *list;
		size_t n;
		uint8_t bytes[3];
	} rows[] = {
		{ "0", 1, { 0x01 } },	    { "0-3,7", 1, { 0x8f } },
		{ "8", 2, { 0x00, 0x01 } }, { "1,15-16\n", 3, { 0x02, 0x80, 0x01 } },
		{ "", 0, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(buf_done) struct buf mask = { 0 };

		assert_int_equal(systemd_cpu_mask(rows[i].list, &mask, NULL), 0);
		assert_int_equal(mask.n, rows[i].n);
		assert_memory_equal(mask.p ? mask.p : "", rows[i].bytes, mask.n);
	}
}

static void lists_that_are_none_are_refused(void **state)
{
	static const char *const lists[] = { "a", "3-1", "1-", "-1", "8192", "1-2-3" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		AUTO(buf_done) struct buf mask = { 0 };
		struct err err = { 0 };

		assert_int_equal(systemd_cpu_mask(lists[i], &mask, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scope_lies_in_its_slices),
		cmocka_unit_test(what_is_left_out_has_a_default),
		cmocka_unit_test(other_forms_are_refused),
		cmocka_unit_test(names_that_cannot_be_are_refused),
		cmocka_unit_test(cpus_become_bits),
		cmocka_unit_test(lists_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
