/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/keyctl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/linux/keyring.h"

/* The bits of keyctl_setperm(3). */
#define USER_SEARCH  0x00080000U
#define OTHER_SEARCH 0x00000008U

/* The inode number of the first user namespace (linux/proc_ns.h, PROC_USER_INIT_INO). */
#define INIT_USER_NS_INO 0xeffffffdU

static bool is_in_user_ns(void)
{
	struct stat st;

	return !stat("/proc/self/ns/user", &st) && st.st_ino != INIT_USER_NS_INO;
}

/* "type;uid;gid;permissions;description" */
static int read_permissions(long ring, uint32_t *permissions)
{
	char text[4096 + 64]; /* the longest name, and the rest; filled whole or not at all */
	long n = syscall(SYS_keyctl, KEYCTL_DESCRIBE, ring, text, sizeof(text));

	if (n < 0)
		return -1;
	if (n <= (long)sizeof(text) && sscanf(text, "%*[^;];%*d;%*d;%x;", permissions) == 1)
		return 0;
	errno = EINVAL;
	return -1;
}

/* Whether the failure of joining is one to live with. */
static bool is_tolerable(const char *name)
{
	if (errno == ENOSYS || errno == EPERM) {
		log_debug("no session keyring %s: %s", name, strerror(errno));
		return true;
	}
	if (errno != EDQUOT)
		return false;
	log_warn("no session keyring %s: the key quota (kernel.keys.maxkeys) is used up, so the "
		 "container keeps the keyring of who starts it",
		 name);
	return true;
}

int keyring_join_session(const char *id, struct err *err)
{
	auto_free char *name = xasprintf("_ses.%s", id);
	long ring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	uint32_t permissions;

	if (ring < 0 && is_tolerable(name))
		return 0;
	if (ring < 0)
		return err_sys(err, "join session keyring %s", name);
	if (read_permissions(ring, &permissions))
		return err_sys(err, "read the permissions of session keyring %s", name);
	permissions |= is_in_user_ns() ? OTHER_SEARCH : USER_SEARCH;
	if (syscall(SYS_keyctl, KEYCTL_SETPERM, ring, permissions))
		return err_sys(err, "set the permissions of session keyring %s", name);
	return 0;
}
