/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/linux/sealed.h"

/* main() of this program plays kedge: with this argument it seals itself and tells how it went. */
#define PLAY "play-kedge"

static const int all_seals[] = { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE };

static void a_memory_file_is_safe_with_every_seal_and_not_with_fewer(void **state)
{
	(void)state;
	for (size_t left_out = 0; left_out <= ARRAY_LEN(all_seals); left_out++) {
		auto_fd int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		int seals = 0;

		for (size_t i = 0; i < ARRAY_LEN(all_seals); i++)
			seals |= i == left_out ? 0 : all_seals[i];
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
		assert_int_equal(sealed_is_safe(fd), left_out == ARRAY_LEN(all_seals));
	}
}

static void a_file_that_can_be_written_is_not_safe(void **state)
{
	char path[] = "/tmp/sealed_test.XXXXXX";
	auto_fd int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_false(sealed_is_safe(fd));
}

/* Exit statuses of the play, each telling what is wrong. */
enum { GOOD, NOT_SEALED, WRITABLE, WRONG_ARGV, MARK_LEFT, ENV_LOST, WRONG_NAME };

static int play(char **argv, char **envp)
{
	AUTO(buf_done) struct buf name = { 0 };
	struct err err = { 0 };

	if (sealed_self_exec(argv, envp, &err))
		return NOT_SEALED;
	/* A binary that only is busy because it runs gives ETXTBSY. */
	if (!truncate("/proc/self/exe", 1) || (errno != EROFS && errno != EPERM))
		return WRITABLE;
	if (strcmp(argv[0], "/odd/kedge-name") || strcmp(argv[1], PLAY) || argv[2])
		return WRONG_ARGV;
	if (getenv("_KEDGE_SEALED"))
		return MARK_LEFT;
	if (!getenv("LAST") || strcmp(getenv("LAST"), "3"))
		return ENV_LOST;
	if (fd_read_file(AT_FDCWD, "/proc/self/comm", 64, &name, NULL))
		return WRONG_NAME;
	/* On a read-only mount there was one life only, which has the name of the file. */
	return strcmp(name.p, "kedge-name\n") && strcmp(name.p, "sealed_test\n") ? WRONG_NAME
										 : GOOD;
}

static int play_with(char **envp)
{
	char *argv[] = { (char[]){ "/odd/kedge-name" }, (char[]){ PLAY }, NULL };
	int status;
	pid_t pid = fork();

	if (!pid) {
		execve("/proc/self/exe", argv, envp);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void the_second_life_has_the_same_arguments_and_environment(void **state)
{
	char *envp[] = { (char[]){ "A=1" }, (char[]){ "LAST=3" }, NULL };

	(void)state;
	assert_int_equal(play_with(envp), GOOD << 8);
}

/* Who sets the mark by hand gets an error where sealing is needed, and never an endless loop. */
static void a_forged_mark_neither_loops_nor_passes(void **state)
{
	char *envp[] = { (char[]){ "_KEDGE_SEALED=1" }, (char[]){ "LAST=3" }, NULL };
	auto_fd int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	if (sealed_is_safe(exe))
		skip();
	assert_int_equal(play_with(envp), NOT_SEALED << 8);
}

int main(int argc, char **argv, char **envp)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_memory_file_is_safe_with_every_seal_and_not_with_fewer),
		cmocka_unit_test(a_file_that_can_be_written_is_not_safe),
		cmocka_unit_test(the_second_life_has_the_same_arguments_and_environment),
		cmocka_unit_test(a_forged_mark_neither_loops_nor_passes),
	};

	if (argc > 1 && !strcmp(argv[1], PLAY))
		return play(argv, envp);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
