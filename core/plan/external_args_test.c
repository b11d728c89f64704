/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/external_args.h"

/* Parse words, "old:" in front meaning --ext-mount-map; a NULL ends them. */
static int parse(enum external_side side, const char *const *words, struct external_args *args,
		 struct err *err)
{
	AUTO(strv_done) struct strv external = { 0 };
	AUTO(strv_done) struct strv old = { 0 };

	for (; *words; words++) {
		if (str_starts(*words, "old:"))
			strv_add(&old, *words + 4);
		else
			strv_add(&external, *words);
	}
	return external_args_parse(side, &external, &old, args, err);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct external_args good(enum external_side side, const char *const *words)
{
	struct external_args args = { 0 };
	struct err err = { 0 };

	if (parse(side, words, &args, &err))
		fail_msg("%s", err.msg);
	return args;
}

static void refuse(enum external_side side, const char *word, const char *message)
{
	struct external_args args = { 0 };
	struct err err = { 0 };

	assert_int_equal(parse(side, WORDS(word), &args, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, message);
}

static void one(const struct external_args *args, const char *from, const char *to)
{
	assert_int_equal(args->n, 1);
	assert_string_equal(args->v[0].from, from);
	assert_string_equal(args->v[0].to, to);
}

static void a_checkpoint_names_a_mountpoint_and_its_key(void **state)
{
	AUTO(external_args_done)
	struct external_args a = good(EXTERNAL_CHECKPOINT, WORDS("mnt[/data]:vol:1"));

	(void)state;
	one(&a, "/data", "vol:1");
	assert_false(a.is_auto);
	assert_false(a.has_old_spelling);
	assert_string_equal(external_args_find(&a, "/data")->to, "vol:1");
	assert_null(external_args_find(&a, "/dat"));
}

static void a_mountpoint_is_brought_into_normal_form(void **state)
{
	AUTO(external_args_done)
	struct external_args a = good(EXTERNAL_CHECKPOINT, WORDS("mnt[//a/./b//]:k"));

	(void)state;
	one(&a, "/a/b", "k");
}

static void a_mountpoint_may_contain_brackets_and_colons(void **state)
{
	AUTO(external_args_done)
	struct external_args a = good(EXTERNAL_CHECKPOINT, WORDS("mnt[/a[1]b:c]:k"));

	(void)state;
	one(&a, "/a[1]b:c", "k");
}

static void a_restore_names_a_key_and_a_host_path(void **state)
{
	AUTO(external_args_done)
	struct external_args a = good(EXTERNAL_RESTORE, WORDS("mnt[vol]:/mnt/b]:/c"));

	(void)state;
	one(&a, "vol", "/mnt/b]:/c");
}

static void a_key_of_a_foreign_image_may_contain_the_mark(void **state)
{
	AUTO(external_args_done)
	struct external_args a = good(EXTERNAL_RESTORE, WORDS("mnt[a]:b]:/mnt"));

	(void)state;
	one(&a, "a]:b", "/mnt");
}

static void the_auto_form_takes_both_letters_in_any_order(void **state)
{
	static const struct {
		const char *word;
		bool shared, slave;
	} forms[] = {
		{ "mnt[]", false, false },  { "mnt[]:s", true, false },
		{ "mnt[]:m", false, true }, { "mnt[]:sm", true, true },
		{ "mnt[]:ms", true, true }, { "old:auto", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		AUTO(external_args_done)
		struct external_args a = good(EXTERNAL_CHECKPOINT, WORDS(forms[i].word));

		assert_true(a.is_auto);
		assert_int_equal(a.allows_shared, forms[i].shared);
		assert_int_equal(a.allows_slave, forms[i].slave);
		assert_int_equal(a.n, 0);
	}
}

static void letters_of_two_words_add_up(void **state)
{
	AUTO(external_args_done)
	struct external_args a = good(EXTERNAL_RESTORE, WORDS("mnt[]:s", "mnt[]:m"));

	(void)state;
	assert_true(a.allows_shared && a.allows_slave);
}

static void the_old_spelling_means_the_same_and_is_noted(void **state)
{
	AUTO(external_args_done)
	struct external_args dump = good(EXTERNAL_CHECKPOINT, WORDS("old:/data:vol:1"));
	AUTO(external_args_done)
	struct external_args restore = good(EXTERNAL_RESTORE, WORDS("old:a:b:/mnt:/b"));

	(void)state;
	assert_true(dump.has_old_spelling);
	one(&dump, "/data", "vol:1");
	one(&restore, "a:b", "/mnt:/b");
}

static void other_resources_are_passed_on_as_they_are(void **state)
{
	AUTO(external_args_done)
	struct external_args a =
		good(EXTERNAL_CHECKPOINT, WORDS("net[4026532]:extRootNetNS", "unix[77]",
						"file[9c:ab]", "tty[1:2]", "dev[8/1]:disk"));

	(void)state;
	assert_int_equal(a.n, 0);
	assert_int_equal(a.passed_on.n, 5);
	assert_string_equal(a.passed_on.v[0], "net[4026532]:extRootNetNS");
	assert_string_equal(a.passed_on.v[4], "dev[8/1]:disk");
}

static void malformed_words_are_refused_by_name(void **state)
{
	(void)state;
	refuse(EXTERNAL_CHECKPOINT, "mnt[/a",
	       "--external 'mnt[/a': it has to be mnt[MOUNTPOINT]:KEY");
	refuse(EXTERNAL_CHECKPOINT, "mnt[/a]",
	       "--external 'mnt[/a]': it has to be mnt[MOUNTPOINT]:KEY");
	refuse(EXTERNAL_CHECKPOINT, "mnt[/a]:", "--external 'mnt[/a]:': the key is empty");
	refuse(EXTERNAL_CHECKPOINT, "mnt[a]:k",
	       "--external 'mnt[a]:k': the mountpoint must be an absolute path inside the "
	       "container");
	refuse(EXTERNAL_CHECKPOINT, "mnt[/a/../b]:k",
	       "--external 'mnt[/a/../b]:k': the mountpoint must not contain \"..\"");
	refuse(EXTERNAL_CHECKPOINT, "mnt[//]:k",
	       "--external 'mnt[//]:k': the root comes from the bundle and takes no key");
	refuse(EXTERNAL_CHECKPOINT, "mnt[/a]:x]:y",
	       "--external 'mnt[/a]:x]:y': a key can't contain \"]:\" or control characters");
	refuse(EXTERNAL_CHECKPOINT, "mnt[/a]:CRIU:AUTOGENERATED",
	       "--external 'mnt[/a]:CRIU:AUTOGENERATED': keys that begin with \"CRIU:\" are "
	       "CRIU's own");
	refuse(EXTERNAL_CHECKPOINT, "mnt",
	       "--external 'mnt': CRIU knows mnt[], dev[], file[], "
	       "macvlan[], net[], pid[], tty[], unix[] and veth[]");
	refuse(EXTERNAL_CHECKPOINT, "net[1",
	       "--external 'net[1': it has to be KIND[ID] or "
	       "KIND[ID]:NAME");
	refuse(EXTERNAL_CHECKPOINT, "old:data",
	       "--ext-mount-map 'data': it has to be MOUNTPOINT:KEY or auto");
	refuse(EXTERNAL_RESTORE, "mnt[vol]:data",
	       "--external 'mnt[vol]:data': the host path must be absolute");
	refuse(EXTERNAL_RESTORE, "mnt[vol]",
	       "--external 'mnt[vol]': it has to be "
	       "mnt[KEY]:HOSTPATH");
	refuse(EXTERNAL_RESTORE, "old:vol:data",
	       "--ext-mount-map 'vol:data': the host path must be absolute");
}

static void letters_that_criu_does_not_have_are_refused(void **state)
{
	static const char *const words[] = { "mnt[]:x", "mnt[]:ss", "mnt[]:s/", "mnt[]:/mnt" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct external_args args = { 0 };
		struct err err = { 0 };

		assert_int_equal(parse(EXTERNAL_RESTORE, WORDS(words[i]), &args, &err), -1);
		assert_non_null(strstr(err.msg, "\"s\" (shared), \"m\" (slaves) or both"));
	}
}

static void all_wrong_words_are_in_one_message(void **state)
{
	struct external_args args = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(parse(EXTERNAL_CHECKPOINT, WORDS("mnt[/a", "mnt[/b]:k", "foo[1]"), &args,
			       &err),
			 -1);
	assert_non_null(strstr(err.msg, "'mnt[/a'"));
	assert_non_null(strstr(err.msg, "'foo[1]'"));
	assert_null(strstr(err.msg, "'mnt[/b]:k'"));
	assert_int_equal(args.n, 0);
}

static void one_mountpoint_with_two_keys_is_refused_and_a_repeat_is_not(void **state)
{
	struct external_args bad = { 0 };
	struct err err = { 0 };
	AUTO(external_args_done)
	struct external_args a = good(EXTERNAL_CHECKPOINT, WORDS("mnt[/a]:k", "mnt[/a/]:k"));

	(void)state;
	one(&a, "/a", "k");
	assert_int_equal(parse(EXTERNAL_CHECKPOINT, WORDS("mnt[/a]:k", "mnt[/a]:l"), &bad, &err),
			 -1);
	assert_string_equal(err.msg, "--external 'mnt[/a]:l': the same one is mapped to something "
				     "else as well");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_checkpoint_names_a_mountpoint_and_its_key),
		cmocka_unit_test(a_mountpoint_is_brought_into_normal_form),
		cmocka_unit_test(a_mountpoint_may_contain_brackets_and_colons),
		cmocka_unit_test(a_restore_names_a_key_and_a_host_path),
		cmocka_unit_test(a_key_of_a_foreign_image_may_contain_the_mark),
		cmocka_unit_test(the_auto_form_takes_both_letters_in_any_order),
		cmocka_unit_test(letters_of_two_words_add_up),
		cmocka_unit_test(the_old_spelling_means_the_same_and_is_noted),
		cmocka_unit_test(other_resources_are_passed_on_as_they_are),
		cmocka_unit_test(malformed_words_are_refused_by_name),
		cmocka_unit_test(letters_that_criu_does_not_have_are_refused),
		cmocka_unit_test(all_wrong_words_are_in_one_message),
		cmocka_unit_test(one_mountpoint_with_two_keys_is_refused_and_a_repeat_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
