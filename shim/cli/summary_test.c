/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "shim/cli/summary.h"

static const struct oci_cr checkpoint = { "checkpoint", "web", "/var/ck/web" };
static const struct oci_cr restore = { "restore", "web", NULL };

static void expect(const struct oci_cr *about, const struct cr_report *report, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };

	summary_line(about, report, &b);
	assert_string_equal(b.p, text);
}

static void the_line_has_times_bytes_and_mounts(void **state)
{
	const struct oci_cr pre_dump = { "pre-dump", "web", NULL };

	(void)state;
	expect(&checkpoint,
	       &(struct cr_report){
		       .total_us = 84400, .frozen_us = 9550, .bytes = 1258291, .n_external = 9 },
	       "checkpoint of web: 84 ms, frozen 9.6 ms, 1.2 MiB, 9 external mounts");
	expect(&restore, &(struct cr_report){ .total_us = 12345678, .n_external = 1 },
	       "restored web: 12.3 s, 1 external mount");
	expect(&restore, &(struct cr_report){ .total_us = 99500, .n_external = 4, .n_repairs = 2 },
	       "restored web: 100 ms, 4 external mounts, 2 of them put right");
	expect(&pre_dump, &(struct cr_report){ .total_us = 1000 },
	       "pre-dump of web: 1.0 ms, 0 external mounts");
}

/* A directory with an open log, to see what goes where. */
struct place {
	char path[64];
	char stats[96];
	int fd;
	int log;
};

static void place_done(struct place *p)
{
	log_setup(-1, LOG_TEXT, false);
	close(p->log);
	close(p->fd);
	fd_remove_tree(AT_FDCWD, p->path, NULL);
}

static void place_init(struct place *p)
{
	*p = (struct place){ .path = "/tmp/kedge-summary-XXXXXX" };
	assert_non_null(mkdtemp(p->path));
	snprintf(p->stats, sizeof(p->stats), "%s/stats", p->path);
	p->fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p->log = openat(p->fd, "log", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	log_setup(p->log, LOG_JSON, false);
}

static void expect_file(const struct place *p, const char *name, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };

	assert_int_equal(fd_read_file(p->fd, name, 1 << 20, &b, NULL), 0);
	if (!strstr(b.p, text))
		fail_msg("no \"%s\" in: %s", text, b.p);
}

static void statistics_replace_a_file_in_one_step(void **state)
{
	AUTO(place_done) struct place p;
	const struct cr_report report = { .total_us = 7, .n_external = 3, .skipped_lock = true };
	struct stat old, new;

	(void)state;
	place_init(&p);
	assert_int_equal(fd_replace_text(p.fd, "stats", "old", 0600, NULL), 0);
	assert_int_equal(stat(p.stats, &old), 0);
	summary_print(&checkpoint, &report, p.stats);
	assert_int_equal(stat(p.stats, &new), 0);
	assert_true(old.st_ino != new.st_ino);
	expect_file(&p, "stats", "\"operation\": \"checkpoint\"");
	expect_file(&p, "stats", "\"totalUs\": 7,");
	expect_file(&p, "stats", "\"skippedNetworkLock\": true");
	/* the line itself is in the log when that is a file */
	expect_file(&p, "log", "{\"level\":\"info\",\"msg\":\"checkpoint of web: 0.0 ms, 3 ");
}

static void a_fifo_stays_one_and_what_cannot_be_written_is_a_warning(void **state)
{
	AUTO(place_done) struct place p;
	const struct cr_report report = { .total_us = 7 };
	auto_fd int reader = -1;
	struct stat st;
	char text[16] = "";

	(void)state;
	place_init(&p);
	assert_int_equal(mkfifo(p.stats, 0600), 0);
	reader = open(p.stats, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	summary_print(&restore, &report, p.stats);
	assert_int_equal(read(reader, text, 2), 2);
	assert_string_equal(text, "{\n");
	assert_true(!stat(p.stats, &st) && S_ISFIFO(st.st_mode));
	summary_print(&restore, &report, "/nonexistent/stats");
	expect_file(&p, "log", "\"level\":\"warning\",\"msg\":\"--stats /nonexistent/stats: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_has_times_bytes_and_mounts),
		cmocka_unit_test(statistics_replace_a_file_in_one_step),
		cmocka_unit_test(a_fifo_stays_one_and_what_cannot_be_written_is_a_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
