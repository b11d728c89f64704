/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/err.h"

#define FULL(s) (sizeof(s) - 1) /* the longest string that a member holds */

static void errno_decides_the_kind(void **state)
{
	static const struct {
		int e;
		enum err_kind kind;
	} rows[] = {
		{ ENOENT, ERR_NOT_FOUND },  { ESRCH, ERR_NOT_FOUND }, { EEXIST, ERR_EXISTS },
		{ EACCES, ERR_DENIED },	    { EPERM, ERR_DENIED },    { ENOSYS, ERR_UNSUPPORTED },
		{ ETIMEDOUT, ERR_TIMEOUT }, { EIO, ERR_SYS },	      { EINVAL, ERR_SYS },
		{ ENOTDIR, ERR_SYS },	    { ENOSPC, ERR_SYS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = { 0 };

		errno = rows[i].e;
		assert_int_equal(err_sys(&err, "open"), -1);
		assert_int_equal(err.kind, rows[i].kind);
		assert_int_equal(err.sys, rows[i].e);
	}
}

static void a_system_error_ends_with_what_the_system_says(void **state)
{
	struct err err = { 0 };

	(void)state;
	errno = ENOENT;
	err_sys(&err, "open %s", "/a");
	assert_string_equal(err.msg, "open /a: No such file or directory");
	assert_string_equal(err.hint, "");
}

static void errno_outlives_a_system_error(void **state)
{
	struct err err = { 0 };

	(void)state;
	errno = ENOTDIR;
	err_sys(&err, "open");
	assert_int_equal(errno, ENOTDIR);
}

static void a_rule_that_was_broken_has_no_errno(void **state)
{
	struct err err = { .kind = ERR_SYS, .sys = EIO, .msg = "old", .hint = "old" };

	(void)state;
	errno = EIO;
	assert_int_equal(err_set(&err, ERR_LIMIT, "at most %d", 3), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(err.sys, 0);
	assert_string_equal(err.msg, "at most 3");
	assert_string_equal(err.hint, "");
}

static void wrapping_puts_words_in_front_and_keeps_the_rest(void **state)
{
	struct err err = { 0 };

	(void)state;
	errno = EACCES;
	err_sys(&err, "open x");
	err_hint(&err, "ask %s", "root");
	assert_int_equal(err_wrap(&err, "mount %d", 3), -1);
	assert_string_equal(err.msg, "mount 3: open x: Permission denied");
	assert_int_equal(err.kind, ERR_DENIED);
	assert_int_equal(err.sys, EACCES);
	assert_string_equal(err.hint, "ask root");
}

static void a_new_error_drops_the_old_hint(void **state)
{
	struct err err = { 0 };

	(void)state;
	err_set(&err, ERR_INVALID, "a");
	assert_int_equal(err_hint(&err, "do b"), -1);
	assert_string_equal(err.hint, "do b");
	errno = EIO;
	err_sys(&err, "c");
	assert_string_equal(err.hint, "");
}

static void findings_are_listed_and_the_first_sets_the_kind(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(err_add(&err, ERR_INVALID, "one %d", 1), -1);
	assert_int_equal(err_add(&err, ERR_UNSUPPORTED, "two"), -1);
	assert_int_equal(err_add(&err, ERR_LIMIT, "three"), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, "one 1; two; three");
}

static void nobody_needs_to_listen(void **state)
{
	(void)state;
	errno = EIO;
	assert_int_equal(err_sys(NULL, "a"), -1);
	assert_int_equal(err_set(NULL, ERR_INVALID, "a"), -1);
	assert_int_equal(err_wrap(NULL, "a"), -1);
	assert_int_equal(err_hint(NULL, "a"), -1);
	assert_int_equal(err_add(NULL, ERR_INVALID, "a"), -1);
}

static void what_is_too_long_is_cut_and_ends_in_nul(void **state)
{
	struct err err = { 0 };
	char text[sizeof(err.msg) + 100];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	errno = EIO;
	err_sys(&err, "%s", text);
	assert_int_equal(strlen(err.msg), FULL(err.msg));
	err_wrap(&err, "front");
	assert_memory_equal(err.msg, "front: xxx", 10);
	assert_int_equal(strlen(err.msg), FULL(err.msg));
	err_wrap(&err, "%s", text);
	assert_int_equal(strlen(err.msg), FULL(err.msg));
	err_hint(&err, "%s", text);
	assert_int_equal(strlen(err.hint), FULL(err.hint));
	for (int i = 0; i < 10; i++)
		err_add(&err, ERR_INVALID, "%s", text);
	assert_int_equal(strlen(err.msg), FULL(err.msg));
}

static void a_percent_sign_in_a_message_stays_one(void **state)
{
	struct err err = { 0 };

	(void)state;
	err_add(&err, ERR_INVALID, "%s", "100%n");
	err_add(&err, ERR_INVALID, "%s", "%s");
	err_wrap(&err, "%s", "%d");
	assert_string_equal(err.msg, "%d: 100%n; %s");
}

static void clearing_makes_it_no_error(void **state)
{
	struct err err = { 0 };

	(void)state;
	errno = EIO;
	err_sys(&err, "a");
	err_hint(&err, "b");
	err_clear(&err);
	assert_int_equal(err.kind, ERR_NONE);
	assert_int_equal(err.sys, 0);
	assert_string_equal(err.msg, "");
	assert_string_equal(err.hint, "");
	err_add(&err, ERR_LIMIT, "c");
	assert_string_equal(err.msg, "c");
	assert_int_equal(err.kind, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errno_decides_the_kind),
		cmocka_unit_test(a_system_error_ends_with_what_the_system_says),
		cmocka_unit_test(errno_outlives_a_system_error),
		cmocka_unit_test(a_rule_that_was_broken_has_no_errno),
		cmocka_unit_test(wrapping_puts_words_in_front_and_keeps_the_rest),
		cmocka_unit_test(a_new_error_drops_the_old_hint),
		cmocka_unit_test(findings_are_listed_and_the_first_sets_the_kind),
		cmocka_unit_test(nobody_needs_to_listen),
		cmocka_unit_test(what_is_too_long_is_cut_and_ends_in_nul),
		cmocka_unit_test(a_percent_sign_in_a_message_stays_one),
		cmocka_unit_test(clearing_makes_it_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
