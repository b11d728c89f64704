/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_test.h - what the tests of config.json's readers share
 *
 * In       documents in which ' stands for ", for the reader's sake
 * Out      a parsed spec, or an assertion about the error
 * Effects  none
 */
#ifndef KEDGE_OCI_CONFIG_TEST_H
#define KEDGE_OCI_CONFIG_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "oci/config.h"

/* The smallest config, with more members behind. */
#define CONFIG(members) "{'ociVersion':'1.0.2','root':{'path':'rootfs'}" members "}"
/* The smallest config with a process, with more members in it. */
#define PROCESS(members) CONFIG(",'process':{'args':['sh'],'cwd':'/'" members "}")
/* The smallest config with these members in `linux`. */
#define LINUX(members) CONFIG(",'linux':{" members "}")
/* The smallest config with these members in `linux.resources`. */
#define RESOURCES(members) LINUX("'resources':{" members "}")

/* `doc` with double quotes, in `arena`. */
static inline char *config_test_text(struct arena *arena, const char *doc)
{
	char *text = arena_strdup(arena, doc);

	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	return text;
}

/* Parse what must be right; spec_done() frees it. */
static inline struct spec config_test_parse(const char *doc)
{
	AUTO(arena_done) struct arena arena = { 0 };
	char *text = config_test_text(&arena, doc);
	struct err err = { 0 };
	struct spec spec;

	if (oci_config_parse(text, strlen(text), &spec, &err))
		fail_msg("%s", err.msg);
	return spec;
}

/* A document and the whole message it must give, behind "config.json: "; NULL: none. */
struct config_test_row {
	const char *doc;
	const char *message;
};

/* Parse one row's document and compare. A failure must leave the spec alone. */
static inline void config_test_row(const struct config_test_row *row)
{
	static const char prefix[] = "config.json: ";
	AUTO(arena_done) struct arena arena = { 0 };
	char *text = config_test_text(&arena, row->doc);
	struct spec spec = { .cgroups_path = text };
	struct err err = { 0 };
	int rc = oci_config_parse(text, strlen(text), &spec, &err);

	if (!row->message) {
		if (rc)
			fail_msg("%s\n%s", row->doc, err.msg);
		spec_done(&spec);
		return;
	}
	if (!rc)
		fail_msg("no finding in %s", row->doc);
	assert_ptr_equal(spec.cgroups_path, text);
	assert_int_equal(strncmp(err.msg, prefix, sizeof(prefix) - 1), 0);
	assert_string_equal(err.msg + sizeof(prefix) - 1, row->message);
}

/* All rows of a table. */
#define CONFIG_TEST_ROWS(rows)                                        \
	do {                                                          \
		for (size_t row_ = 0; row_ < ARRAY_LEN(rows); row_++) \
			config_test_row(&(rows)[row_]);               \
	} while (0)

#endif
