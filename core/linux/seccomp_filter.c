/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/linux/seccomp_filter.h"

/* Linux 5.19; Debian 12's header has it, older ones don't. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1U << 5)
#endif

/*
 * TSYNC is about the other threads of the process. There are none, and together with a listener the
 * kernel refuses it, so it asks for nothing (runc ignores it too).
 */
static const struct {
	const char *name;
	unsigned int bit;
} flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 0 },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

void seccomp_filter_done(struct seccomp_filter *f)
{
	free(f->bpf);
	*f = (struct seccomp_filter){ 0 };
}

/* The kernel refuses WAIT_KILLABLE_RECV where there is nothing to receive. */
static unsigned int load_flags(const struct seccomp_filter *f)
{
	if (f->notify)
		return f->flags | SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return f->flags & ~(unsigned int)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
}

int seccomp_filter_load(const struct seccomp_filter *f, int *notify_fd, struct err *err)
{
	struct sock_fprog prog = { .len = (unsigned short)f->n, .filter = f->bpf };
	long ret;

	if (f->n > SECCOMP_FILTER_MAX)
		return err_set(err, ERR_LIMIT,
			       "the seccomp filter has %zu instructions, more than %d", f->n,
			       SECCOMP_FILTER_MAX);
	ret = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, load_flags(f), &prog);
	if (ret < 0 && errno == EACCES) {
		err_sys(err, "load the seccomp filter");
		return err_hint(err, "it takes CAP_SYS_ADMIN, or noNewPrivileges in config.json");
	}
	if (ret < 0)
		return err_sys(err, "load the seccomp filter");
	*notify_fd = f->notify ? (int)ret : -1;
	return 0;
}

const char *seccomp_filter_flag_name(size_t i)
{
	return i < ARRAY_LEN(flags) ? flags[i].name : NULL;
}

int seccomp_filter_flag_find(const char *name, unsigned int *bit)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (strcmp(flags[i].name, name))
			continue;
		*bit = flags[i].bit;
		return 0;
	}
	return -1;
}

/* Without a program a kernel that knows the flag stops at the NULL pointer, others at the flag. */
bool seccomp_filter_flag_is_supported(const char *name)
{
	unsigned int bit;

	if (seccomp_filter_flag_find(name, &bit))
		return false;
	if (bit == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		bit |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, bit, NULL) < 0 && errno == EFAULT;
}
