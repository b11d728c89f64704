/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/keyctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/linux/keyring.h"

#define NO_KEYRINGS 2

/* "keyring;uid;gid;permissions;name" of the session keyring that the caller has. */
static long describe(char *text, size_t bytes)
{
	return syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text, bytes);
}

static int join_and_look(void)
{
	char text[256] = "";

	if (keyring_join_session("kedge-unit-test", NULL))
		return 1;
	if (describe(text, sizeof(text)) < 0 || !strstr(text, ";_ses."))
		return NO_KEYRINGS;
	if (!strstr(text, ";_ses.kedge-unit-test"))
		return 3;
	/* the possessor may all, the user view, read, link and now search */
	return strstr(text, ";3f1b0000;") || strstr(text, ";3f130008;") ? 0 : 4;
}

static void the_session_keyring_has_the_containers_name(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(join_and_look());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status == NO_KEYRINGS << 8)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_session_keyring_has_the_containers_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
