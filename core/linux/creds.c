/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/creds.h"

#define CAP(name) [name] = #name

static const char *const names[] = {
	CAP(CAP_CHOWN),
	CAP(CAP_DAC_OVERRIDE),
	CAP(CAP_DAC_READ_SEARCH),
	CAP(CAP_FOWNER),
	CAP(CAP_FSETID),
	CAP(CAP_KILL),
	CAP(CAP_SETGID),
	CAP(CAP_SETUID),
	CAP(CAP_SETPCAP),
	CAP(CAP_LINUX_IMMUTABLE),
	CAP(CAP_NET_BIND_SERVICE),
	CAP(CAP_NET_BROADCAST),
	CAP(CAP_NET_ADMIN),
	CAP(CAP_NET_RAW),
	CAP(CAP_IPC_LOCK),
	CAP(CAP_IPC_OWNER),
	CAP(CAP_SYS_MODULE),
	CAP(CAP_SYS_RAWIO),
	CAP(CAP_SYS_CHROOT),
	CAP(CAP_SYS_PTRACE),
	CAP(CAP_SYS_PACCT),
	CAP(CAP_SYS_ADMIN),
	CAP(CAP_SYS_BOOT),
	CAP(CAP_SYS_NICE),
	CAP(CAP_SYS_RESOURCE),
	CAP(CAP_SYS_TIME),
	CAP(CAP_SYS_TTY_CONFIG),
	CAP(CAP_MKNOD),
	CAP(CAP_LEASE),
	CAP(CAP_AUDIT_WRITE),
	CAP(CAP_AUDIT_CONTROL),
	CAP(CAP_SETFCAP),
	CAP(CAP_MAC_OVERRIDE),
	CAP(CAP_MAC_ADMIN),
	CAP(CAP_SYSLOG),
	CAP(CAP_WAKE_ALARM),
	CAP(CAP_BLOCK_SUSPEND),
	CAP(CAP_AUDIT_READ),
	CAP(CAP_PERFMON),
	CAP(CAP_BPF),
	CAP(CAP_CHECKPOINT_RESTORE),
	NULL,
};

/* A mask has 64 bits; the kernel has used 41 of them since Linux 5.9. */
#define MAX_CAPS 64

const char *creds_cap_name(size_t cap)
{
	return cap < ARRAY_LEN(names) ? names[cap] : NULL;
}

const char *const *creds_cap_names(void)
{
	return names;
}

int creds_cap_from_name(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (size_t i = 0; names[i]; i++)
		if (!strcasecmp(names[i] + 4, name))
			return (int)i;
	return -1;
}

int creds_last_cap(void)
{
	return (int)cap_max_bits() - 1;
}

static uint64_t known_caps(void)
{
	return ~0ULL >> (MAX_CAPS - 1 - creds_last_cap());
}

/* " CAP_A CAP_B": a space in front of each. */
static void add_names(struct buf *b, uint64_t caps)
{
	for (unsigned int i = 0; i < MAX_CAPS; i++) {
		if (!(caps >> i & 1))
			continue;
		if (creds_cap_name(i))
			buf_addf(b, " %s", creds_cap_name(i));
		else
			buf_addf(b, " %u", i);
	}
}

int creds_drop_bounding(uint64_t keep, struct err *err)
{
	for (int cap = 0; cap <= creds_last_cap(); cap++) {
		if (keep >> cap & 1 || !cap_drop_bound(cap))
			continue;
		return err_sys(err, "drop %s from the bounding set",
			       creds_cap_name((size_t)cap) ? creds_cap_name((size_t)cap)
							   : "a capability");
	}
	return 0;
}

/* proc_pid_setgroups: root of a user namespace that an unprivileged user has made may not. */
static bool setgroups_is_denied(void)
{
	AUTO(buf_done) struct buf b = { 0 };

	return !fd_read_file(AT_FDCWD, "/proc/self/setgroups", 64, &b, NULL) &&
	       str_starts(b.p, "deny");
}

static int set_groups(const struct spec_process *process, struct err *err)
{
	size_t n = process->user.n_additional_gids;

	if (!setgroups(n, process->user.additional_gids))
		return 0;
	if (errno == EINVAL) {
		err_set(err, ERR_INVALID, "process.user.additionalGids: one of them isn't mapped");
		return err_hint(err, "it must lie in linux.gidMappings");
	}
	err_sys(err, "set process.user.additionalGids");
	if (errno != EPERM || n || !setgroups_is_denied())
		return -1;
	if (err)
		err_clear(err);
	log_debug("the user namespace keeps its additional groups");
	return 0;
}

static int set_ids(uid_t uid, gid_t gid, struct err *err)
{
	bool is_gid = setresgid(gid, gid, gid) != 0;

	if (!is_gid && !setresuid(uid, uid, uid))
		return 0;
	if (errno != EINVAL)
		return err_sys(err, "become %s %u", is_gid ? "group" : "user", is_gid ? gid : uid);
	err_set(err, ERR_INVALID, "become %s %u: it isn't mapped in the user namespace",
		is_gid ? "group" : "user", is_gid ? gid : uid);
	return err_hint(err, "add it to linux.%s in config.json",
			is_gid ? "gidMappings" : "uidMappings");
}

int creds_become(const struct spec_process *process, struct err *err)
{
	/* Root's capabilities go when it becomes somebody else; exec clears the flag. */
	if (process->user.uid && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		return err_sys(err, "keep the capabilities");
	if (set_groups(process, err))
		return -1;
	return set_ids(process->user.uid, process->user.gid, err);
}

int creds_become_ns_root(struct err *err)
{
	if (setgroups(0, NULL) && errno != EPERM)
		return err_sys(err, "drop the additional groups");
	return set_ids(0, 0, err);
}

static int fill(cap_t set, const uint64_t caps[SPEC_CAP_SETS], uint64_t known)
{
	static const struct {
		enum spec_cap_set ours;
		cap_flag_t theirs;
	} flags[] = { { SPEC_CAP_EFFECTIVE, CAP_EFFECTIVE },
		      { SPEC_CAP_PERMITTED, CAP_PERMITTED },
		      { SPEC_CAP_INHERITABLE, CAP_INHERITABLE } };

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		for (cap_value_t cap = 0; cap <= creds_last_cap(); cap++)
			if ((caps[flags[i].ours] & known) >> cap & 1 &&
			    cap_set_flag(set, flags[i].theirs, 1, &cap, CAP_SET))
				return -1;
	return 0;
}

/* What we may not give because we have not got it ourselves. */
static uint64_t missing_caps(uint64_t want)
{
	cap_t have = cap_get_proc();
	uint64_t missing = 0;

	for (cap_value_t cap = 0; have && cap <= creds_last_cap(); cap++) {
		cap_flag_value_t is_permitted = CAP_SET;

		if (want >> cap & 1 && !cap_get_flag(have, cap, CAP_PERMITTED, &is_permitted) &&
		    is_permitted == CAP_CLEAR)
			missing |= 1ULL << cap;
	}
	cap_free(have);
	return missing;
}

/* The reason is nearly always that kedge has not got them itself. */
static int explain_refusal(uint64_t want, struct err *err)
{
	AUTO(buf_done) struct buf missing = { 0 };

	err_sys(err, "set the capabilities");
	if (errno != EPERM)
		return -1;
	add_names(&missing, missing_caps(want));
	if (!missing.n)
		return err_hint(err,
				"the effective ones must be permitted, the inheritable ones be in "
				"the bounding set");
	err_set(err, ERR_DENIED, "set the capabilities: kedge itself lacks%s", missing.p);
	return err_hint(err, "leave them out of process.capabilities, or give them to kedge");
}

static int set_ambient(uint64_t caps, struct err *err)
{
	/* Linux 4.3; what an older kernel doesn't have needs no clearing. */
	if (cap_reset_ambient() && (errno != EINVAL || caps))
		return err_sys(err, "clear the ambient capabilities");
	for (cap_value_t cap = 0; cap <= creds_last_cap(); cap++) {
		if (!(caps >> cap & 1) || !cap_set_ambient(cap, CAP_SET))
			continue;
		/* runc's own default config asks for ambient ones that aren't inheritable */
		if (errno != EPERM)
			return err_sys(err, "raise ambient capability %d", cap);
		log_debug("ambient capability %d isn't permitted and inheritable: left out", cap);
	}
	return 0;
}

static void warn_of_unknown(const uint64_t caps[SPEC_CAP_SETS], uint64_t known)
{
	AUTO(buf_done) struct buf b = { 0 };
	uint64_t all = 0;

	for (int i = 0; i < SPEC_CAP_SETS; i++)
		all |= caps[i];
	if (!(all & ~known))
		return;
	add_names(&b, all & ~known);
	log_warn("capabilities that this kernel doesn't have are left out:%s", b.p);
}

int creds_set_caps(const uint64_t caps[SPEC_CAP_SETS], struct err *err)
{
	uint64_t known = known_caps();
	cap_t set = cap_init();
	int ret;

	warn_of_unknown(caps, known);
	if (!set || fill(set, caps, known))
		ret = err_sys(err, "prepare the capabilities");
	else if (cap_set_proc(set))
		ret = explain_refusal(caps[SPEC_CAP_PERMITTED] & known, err);
	else
		ret = set_ambient(caps[SPEC_CAP_AMBIENT] & known, err);
	cap_free(set);
	return ret;
}
