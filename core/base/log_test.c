/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/log.h"

#define WHEN "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"

/* The log goes into a pipe; what came out of it is the text of the test. */
static int pipe_fds[2];

static int set_up(void **state)
{
	(void)state;
	return pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK);
}

static int tear_down(void **state)
{
	(void)state;
	log_setup(-1, LOG_TEXT, false);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return 0;
}

static void take(char *text, size_t size)
{
	ssize_t n = read(pipe_fds[0], text, size - 1);

	text[n < 0 ? 0 : n] = '\0';
}

static void expect(const char *pattern)
{
	char text[4096];
	regex_t re;

	take(text, sizeof(text));
	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0))
		fail_msg("\"%s\" is not like %s", text, pattern);
	regfree(&re);
}

static void a_text_line_has_time_level_and_message(void **state)
{
	(void)state;
	log_setup(pipe_fds[1], LOG_TEXT, false);
	log_warn("%d of %s", 3, "them");
	expect("^time=\"" WHEN "\" level=warning msg=\"3 of them\"\n$");
	log_error("e");
	expect(" level=error msg=\"e\"\n$");
	log_info("i");
	expect(" level=info msg=\"i\"\n$");
}

static void a_json_line_is_one_object(void **state)
{
	(void)state;
	log_setup(pipe_fds[1], LOG_JSON, false);
	log_error("no such \"thing\"");
	expect("^[{]\"level\":\"error\",\"msg\":\"no such \\\\\"thing\\\\\"\",\"time\":\"" WHEN
	       "\"[}]\n$");
}

static void what_a_container_says_stays_within_its_line(void **state)
{
	static const enum log_format formats[] = { LOG_TEXT, LOG_JSON };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		char text[512];

		log_setup(pipe_fds[1], formats[i], false);
		log_warn("%s", "a\" level=info\nb\x1b[2J\xff");
		take(text, sizeof(text));
		assert_non_null(strstr(text, "a\\\" level=info\\nb\\u001b[2J\\ufffd"));
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	}
}

static void debug_lines_come_only_when_asked_for(void **state)
{
	char text[512];

	(void)state;
	log_setup(pipe_fds[1], LOG_TEXT, false);
	assert_false(log_is_debug());
	log_debug("quiet");
	log_line(LOG_DEBUG, "quiet");
	take(text, sizeof(text));
	assert_string_equal(text, "");
	log_setup(pipe_fds[1], LOG_TEXT, true);
	assert_true(log_is_debug());
	log_debug("loud");
	expect(" level=debug msg=\"loud\"\n$");
}

static void a_long_line_is_written_at_once_and_whole(void **state)
{
	char want[3001], text[4096];

	(void)state;
	memset(want, 'x', sizeof(want) - 1);
	want[sizeof(want) - 1] = '\0';
	log_setup(pipe_fds[1], LOG_TEXT, false);
	log_info("%s", want);
	take(text, sizeof(text));
	assert_non_null(strstr(text, want));
}

static void logging_keeps_errno(void **state)
{
	(void)state;
	log_setup(pipe_fds[1], LOG_TEXT, false);
	errno = ENOTDIR;
	log_warn("a");
	assert_int_equal(errno, ENOTDIR);
}

static void the_log_is_stderr_until_it_is_set(void **state)
{
	(void)state;
	log_setup(-1, LOG_TEXT, false);
	assert_int_equal(log_fd(), STDERR_FILENO);
	log_setup(pipe_fds[1], LOG_TEXT, false);
	assert_int_equal(log_fd(), pipe_fds[1]);
}

static void a_log_that_is_full_is_given_up_for_stderr(void **state)
{
	auto_fd int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	log_setup(full, LOG_TEXT, false);
	errno = ENOTDIR;
	log_warn("this line is lost");
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(log_fd(), STDERR_FILENO);
}

#define PIPED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIPED(a_text_line_has_time_level_and_message),
		PIPED(a_json_line_is_one_object),
		PIPED(what_a_container_says_stays_within_its_line),
		PIPED(debug_lines_come_only_when_asked_for),
		PIPED(a_long_line_is_written_at_once_and_whole),
		PIPED(logging_keeps_errno),
		PIPED(the_log_is_stderr_until_it_is_set),
		PIPED(a_log_that_is_full_is_given_up_for_stderr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
