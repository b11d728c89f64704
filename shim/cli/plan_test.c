/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mount.h>

#include "shim/cli/plan.h"

static struct external_mount mounts[] = {
	{ .mountpoint = "/c",
	  .key = "/c",
	  .source = "/sys/fs/cgroup/pids",
	  .origin = EXTERNAL_CGROUP },
	{ .mountpoint = "/data",
	  .key = "/data",
	  .source = "/srv/a",
	  .origin = EXTERNAL_CONFIG,
	  .kind = EXTERNAL_KIND_DIRECTORY,
	  .flags = MS_RDONLY | MS_NOSUID,
	  .propagation = EXTERNAL_SLAVE },
	{ .mountpoint = "/data/\x1b[2Jsub",
	  .key = "k0001",
	  .origin = EXTERNAL_SUBMOUNT,
	  .problem = "its source /srv/a/sub is a file, not a directory" },
	{ .mountpoint = "/log",
	  .key = "log",
	  .source = "/var/log",
	  .origin = EXTERNAL_USER,
	  .kind = EXTERNAL_KIND_FILE,
	  .note = "replaced since the checkpoint" },
};
static const struct external_plan plan = { .v = mounts, .n = ARRAY_LEN(mounts) };
static const struct oci_cr about = { "restore", NULL, "/var/ck" };

static void what_is_refused_comes_first_and_cgroups_last(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	plan_table(&plan, &b);
	assert_string_equal(
		b.p,
		"DESTINATION       ORIGIN    KEY    SOURCE               KIND       FLAGS      "
		"PROPAGATION  VERDICT\n"
		"/data/\\x1b[2Jsub  submount  k0001  ?                    unknown    rw         "
		"private      refused: its source /srv/a/sub is a file, not a directory\n"
		"/data             config    /data  /srv/a               directory  ro,nosuid  "
		"slave        ok\n"
		"/log              user      log    /var/log             file       rw         "
		"private      ok, but: replaced since the checkpoint\n"
		"/c                cgroup    /c     /sys/fs/cgroup/pids  unknown    rw         "
		"private      ok\n");
}

static void expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %s", part, text);
}

static void json_has_the_refusal_and_every_row(void **state)
{
	const struct err refusal = { .kind = ERR_INVALID, .msg = "no", .hint = "do" };
	auto_free char *refused = oci_cr_plan(&about, &plan, &refusal);
	auto_free char *fine =
		oci_cr_plan(&about, &(struct external_plan){ .v = mounts + 1, .n = 1 }, NULL);

	(void)state;
	expect(refused, "{\n  \"operation\": \"restore\",\n  \"images\": \"/var/ck\",\n"
			"  \"verdict\": \"refused\",\n  \"error\": \"no\",\n  \"hint\": \"do\",\n");
	expect(refused, "\"destination\": \"/data/\\u001b[2Jsub\"");
	expect(refused, "\"problem\": \"its source /srv/a/sub is a file, not a directory\"");
	expect(refused, "\"note\": \"replaced since the checkpoint\"");
	expect(fine, "  \"verdict\": \"ok\",\n  \"mounts\": [\n    {\n"
		     "      \"destination\": \"/data\",\n      \"origin\": \"config\",\n"
		     "      \"key\": \"/data\",\n      \"source\": \"/srv/a\",\n"
		     "      \"kind\": \"directory\",\n      \"flags\": \"ro,nosuid\",\n"
		     "      \"propagation\": \"slave\",\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused_comes_first_and_cgroups_last),
		cmocka_unit_test(json_has_the_refusal_and_every_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
