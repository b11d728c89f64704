/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "shim/task/cr_words.h"

static const char *in_clients_words(enum cr_way way, struct err *err, const char *hint)
{
	*err = (struct err){ 0 };
	err_set(err, ERR_INVALID, "no");
	err_hint(err, "%s", hint);
	cr_words_for_clients(way, err);
	return err->hint;
}

static void an_option_becomes_the_annotation_of_its_name(void **state)
{
	struct err err;

	(void)state;
	assert_string_equal(in_clients_words(CR_RESTORE, &err,
					     "use --external 'mnt[KEY]:PATH' or --map OLD=NEW"),
			    "use annotation dev.kedge.restore.external 'mnt[KEY]:PATH' or "
			    "annotation dev.kedge.restore.map OLD=NEW");
	assert_string_equal(in_clients_words(CR_CHECKPOINT, &err, "--tcp-established"),
			    "annotation dev.kedge.checkpoint.tcp-established");
}

static void what_annotations_do_not_say_stays(void **state)
{
	static const char *const hints[] = { "", "name it with --criu or $KEDGE_CRIU", "--",
					     "a -- b", "--map is for restores" };
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hints); i++)
		assert_string_equal(in_clients_words(CR_CHECKPOINT, &err, hints[i]), hints[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_option_becomes_the_annotation_of_its_name),
		cmocka_unit_test(what_annotations_do_not_say_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
