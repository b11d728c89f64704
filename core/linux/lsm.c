/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/linux/lsm.h"
#include "core/linux/procfs.h"

#define UNCONFINED "unconfined"

static bool is_set(const char *s)
{
	return s && *s;
}

bool lsm_has_apparmor(void)
{
	auto_fd int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
	char answer = 'N';

	return fd >= 0 && read(fd, &answer, 1) == 1 && answer == 'Y';
}

bool lsm_has_selinux(void)
{
	struct statfs sfs;

	return !statfs("/sys/fs/selinux", &sfs) && sfs.f_type == SELINUX_MAGIC;
}

int lsm_check(const char *apparmor_profile, const char *selinux_label, struct err *err)
{
	if (is_set(apparmor_profile) && strcmp(apparmor_profile, UNCONFINED) &&
	    !lsm_has_apparmor()) {
		err_set(err, ERR_UNSUPPORTED,
			"process.apparmorProfile is \"%s\", but AppArmor isn't enabled",
			apparmor_profile);
		return err_hint(err, "enable AppArmor on the host, or leave the profile out");
	}
	if (is_set(selinux_label) && !lsm_has_selinux()) {
		err_set(err, ERR_UNSUPPORTED,
			"process.selinuxLabel is \"%s\", but SELinux isn't enabled", selinux_label);
		return err_hint(err, "enable SELinux on the host, or leave the label out");
	}
	return 0;
}

/* Since Linux 5.1 each module has its own directory; attr/exec belongs to the first of them. */
static int set_apparmor(int procfd, const char *profile, struct err *err)
{
	auto_free char *text = xasprintf("exec %s", profile);
	struct err why = { 0 };

	if (!procfs_write(procfd, "thread-self/attr/apparmor/exec", text, &why))
		return 0;
	if (why.sys == ENOENT && !procfs_write(procfd, "thread-self/attr/exec", text, &why))
		return 0;
	/* So answers a kernel without AppArmor, and there nothing could be less confined. */
	if ((why.sys == ENOENT || why.sys == EINVAL) && !strcmp(profile, UNCONFINED))
		return 0;
	if (err)
		*err = why;
	return err_wrap(err, "AppArmor profile \"%s\"", profile);
}

static int set_selinux(int procfd, const char *label, struct err *err)
{
	if (procfs_write(procfd, "thread-self/attr/exec", label, err))
		return err_wrap(err, "SELinux label \"%s\"", label);
	return 0;
}

int lsm_set_exec_labels(const char *apparmor_profile, const char *selinux_label, struct err *err)
{
	auto_fd int procfd = -1;

	if (!is_set(apparmor_profile) && !is_set(selinux_label))
		return 0;
	procfd = procfs_open(false, err);
	if (procfd < 0)
		return -1;
	if (is_set(apparmor_profile) && set_apparmor(procfd, apparmor_profile, err))
		return -1;
	return is_set(selinux_label) ? set_selinux(procfd, selinux_label, err) : 0;
}
