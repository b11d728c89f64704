/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/cgroup_device.h"

#define ANY	     (-1)
#define READ	     BPF_DEVCG_ACC_READ
#define WRITE	     BPF_DEVCG_ACC_WRITE
#define MKNOD	     BPF_DEVCG_ACC_MKNOD
#define ALL	     ((unsigned int)(READ | WRITE | MKNOD))
#define MAX_PROGRAMS 64 /* the kernel's limit per cgroup */

/* runc's list: what runtime-spec wants in /dev, terminals, and any mknod. */
static const struct spec_device_rule default_rules[] = {
	{ .allow = true, .type = 'c', .major = ANY, .minor = ANY, .mknod = true },
	{ .allow = true, .type = 'b', .major = ANY, .minor = ANY, .mknod = true },
#define DEFAULT_DEVICE(maj, min)                                                      \
	{                                                                             \
		.allow = true, .type = 'c', .major = maj, .minor = min, .read = true, \
		.write = true, .mknod = true                                          \
	}
	DEFAULT_DEVICE(1, 3),	  /* null */
	DEFAULT_DEVICE(1, 5),	  /* zero */
	DEFAULT_DEVICE(1, 7),	  /* full */
	DEFAULT_DEVICE(1, 8),	  /* random */
	DEFAULT_DEVICE(1, 9),	  /* urandom */
	DEFAULT_DEVICE(5, 0),	  /* tty */
	DEFAULT_DEVICE(5, 2),	  /* ptmx */
	DEFAULT_DEVICE(136, ANY), /* pts/… */
#undef DEFAULT_DEVICE
};

/* --- policy -------------------------------------------------------------------------------------- */

static struct cgroup_device_exception *find(const struct cgroup_device_policy *p, char type,
					    int64_t major, int64_t minor)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].type == type && p->v[i].major == major && p->v[i].minor == minor)
			return &p->v[i];
	return NULL;
}

static void add_exception(struct cgroup_device_policy *p, const struct spec_device_rule *r,
			  unsigned int access)
{
	struct cgroup_device_exception *e = find(p, r->type, r->major, r->minor);

	if (e) {
		e->access |= access;
		return;
	}
	p->v[p->n++] = (struct cgroup_device_exception){
		.type = r->type,
		.major = r->major,
		.minor = r->minor,
		.access = access,
	};
}

static void number_text(char *out, size_t bytes, int64_t number)
{
	if (number == ANY)
		snprintf(out, bytes, "*");
	else
		snprintf(out, bytes, "%" PRId64, number);
}

/* "c 1:3 rwm" */
static void rule_text(char *out, size_t bytes, const struct cgroup_device_exception *e)
{
	char major[24], minor[24];

	number_text(major, sizeof(major), e->major);
	number_text(minor, sizeof(minor), e->minor);
	snprintf(out, bytes, "%c %s:%s %s%s%s", e->type, major, minor, e->access & READ ? "r" : "",
		 e->access & WRITE ? "w" : "", e->access & MKNOD ? "m" : "");
}

static int remove_exception(struct cgroup_device_policy *p, const struct spec_device_rule *r,
			    unsigned int access, struct err *err)
{
	const int64_t wider[][2] = { { ANY, r->minor }, { r->major, ANY }, { ANY, ANY } };
	struct cgroup_device_exception asked = { r->type, r->major, r->minor, access };
	struct cgroup_device_exception *e;

	for (size_t i = 0; i < ARRAY_LEN(wider); i++) {
		char hole[64], whole[64];

		if (wider[i][0] == r->major && wider[i][1] == r->minor)
			continue;
		e = find(p, r->type, wider[i][0], wider[i][1]);
		if (!e || !(e->access & access))
			continue;
		rule_text(hole, sizeof(hole), &asked);
		rule_text(whole, sizeof(whole), e);
		err_set(err, ERR_UNSUPPORTED,
			"device rule \"%s\" would punch a hole into the earlier rule \"%s\"", hole,
			whole);
		return err_hint(err, "name the devices one by one instead of by a wildcard");
	}
	e = find(p, r->type, r->major, r->minor);
	if (!e)
		return 0;
	e->access &= ~access;
	if (!e->access)
		*e = p->v[--p->n];
	return 0;
}

static int apply_rule(struct cgroup_device_policy *p, const struct spec_device_rule *r,
		      struct err *err)
{
	unsigned int access = (r->read ? READ : 0) | (r->write ? WRITE : 0) |
			      (r->mknod ? MKNOD : 0);

	if (r->type == 'a') {
		p->is_allowed = r->allow;
		p->n = 0;
		return 0;
	}
	if (r->type != 'c' && r->type != 'b')
		return err_set(err, ERR_INVALID, "device rule: type '%c' is not a, b or c",
			       r->type);
	if (r->major < ANY || r->major > INT32_MAX || r->minor < ANY || r->minor > INT32_MAX)
		return err_set(err, ERR_INVALID,
			       "device rule: there is no device %" PRId64 ":%" PRId64, r->major,
			       r->minor);
	if (!access)
		return err_set(err, ERR_INVALID,
			       "device rule for %c %" PRId64 ":%" PRId64 ": access is empty",
			       r->type, r->major, r->minor);
	if (r->allow == p->is_allowed)
		return remove_exception(p, r, access, err);
	add_exception(p, r, access);
	return 0;
}

int cgroup_device_policy_build(const struct spec_device_rule *rules, size_t n,
			       struct cgroup_device_policy *policy, struct err *err)
{
	AUTO(cgroup_device_policy_done) struct cgroup_device_policy p = { 0 };

	p.v = xcalloc(n + ARRAY_LEN(default_rules), sizeof(*p.v));
	for (size_t i = 0; i < n; i++)
		if (apply_rule(&p, &rules[i], err))
			return -1;
	for (size_t i = 0; i < ARRAY_LEN(default_rules); i++)
		if (apply_rule(&p, &default_rules[i], err))
			return -1;
	*policy = p;
	p = (struct cgroup_device_policy){ 0 };
	return 0;
}

void cgroup_device_policy_done(struct cgroup_device_policy *policy)
{
	free(policy->v);
	*policy = (struct cgroup_device_policy){ 0 };
}

/* --- v1 ------------------------------------------------------------------------------------------ */

static int put_rule(int fd, const char *dir, const char *file, const char *rule, struct err *err)
{
	ssize_t n = write(fd, rule, strlen(rule));

	if (n == (ssize_t)strlen(rule))
		return 0;
	if (n >= 0)
		errno = EIO;
	err_sys(err, "write \"%.*s\" to %s/%s", (int)strcspn(rule, "\n"), rule, dir, file);
	if (errno == EPERM)
		err_hint(err, "the parent cgroup must allow what its child is to allow");
	return -1;
}

static int open_list(const char *dir, const char *file, struct err *err)
{
	auto_free char *path = xasprintf("%s/%s", dir, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

int cgroup_device_set_v1(const char *dir, const struct cgroup_device_policy *policy,
			 struct err *err)
{
	const char *all = policy->is_allowed ? "devices.allow" : "devices.deny";
	const char *list = policy->is_allowed ? "devices.deny" : "devices.allow";
	auto_fd int all_fd = open_list(dir, all, err), list_fd = -1;

	if (all_fd < 0 || put_rule(all_fd, dir, all, "a\n", err))
		return -1;
	if (!policy->n)
		return 0;
	list_fd = open_list(dir, list, err);
	if (list_fd < 0)
		return -1;
	for (size_t i = 0; i < policy->n; i++) {
		char rule[64];

		rule_text(rule, sizeof(rule) - 1, &policy->v[i]);
		strcat(rule, "\n");
		if (put_rule(list_fd, dir, list, rule, err))
			return -1;
	}
	return 0;
}

/* --- v2 ------------------------------------------------------------------------------------------ */

enum { R0, R1, R2, R3, R4, R5 };
#define TYPE	 R2
#define ACCESS	 R3
#define MAJOR	 R4
#define MINOR	 R5
#define PROLOGUE 6
#define BLOCK	 7 /* instructions per exception, at most */
#define EPILOGUE 2
#define TO_NEXT	 (-1) /* to the end of the block; filled in when that is known */

#define LOAD(reg, field)                                       \
	((struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W, \
			    .dst_reg = reg,                    \
			    .src_reg = R1,                     \
			    .off = offsetof(struct bpf_cgroup_dev_ctx, field) })
#define ALU(op, reg, value) \
	((struct bpf_insn){ .code = BPF_ALU | (op) | BPF_K, .dst_reg = reg, .imm = value })
#define COPY(to, from) \
	((struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = to, .src_reg = from })
#define JUMP_IF(op, reg, value, offset) \
	((struct bpf_insn){             \
		.code = BPF_JMP | (op) | BPF_K, .dst_reg = reg, .off = offset, .imm = value })
#define JUMP(offset) ((struct bpf_insn){ .code = BPF_JMP | BPF_JA, .off = offset })
#define EXIT()	     ((struct bpf_insn){ .code = BPF_JMP | BPF_EXIT })

static void emit(struct cgroup_device_program *p, struct bpf_insn insn)
{
	p->v[p->n++] = insn;
}

static void emit_return(struct cgroup_device_program *p, bool allow)
{
	emit(p, ALU(BPF_MOV, R0, allow));
	emit(p, EXIT());
}

/*
 * An exception that allows must cover the whole access; one that denies does so if it touches any
 * of it (match_exception and match_exception_partial in the kernel's device_cgroup.c).
 */
static void emit_exception(struct cgroup_device_program *p, bool allows,
			   const struct cgroup_device_exception *e)
{
	size_t begin = p->n;

	emit(p, JUMP_IF(BPF_JNE, TYPE, e->type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK,
			TO_NEXT));
	if (allows && e->access != ALL)
		emit(p, JUMP_IF(BPF_JSET, ACCESS, (int)(ALL & ~e->access), TO_NEXT));
	if (!allows && e->access != ALL) {
		emit(p, JUMP_IF(BPF_JSET, ACCESS, (int)e->access, 1));
		emit(p, JUMP(TO_NEXT));
	}
	if (e->major != ANY)
		emit(p, JUMP_IF(BPF_JNE, MAJOR, (int)e->major, TO_NEXT));
	if (e->minor != ANY)
		emit(p, JUMP_IF(BPF_JNE, MINOR, (int)e->minor, TO_NEXT));
	emit_return(p, allows);
	for (size_t i = begin; i < p->n; i++)
		if (p->v[i].off == TO_NEXT)
			p->v[i].off = (int16_t)(p->n - i - 1);
}

void cgroup_device_program_build(const struct cgroup_device_policy *policy,
				 struct cgroup_device_program *program)
{
	size_t most = PROLOGUE + policy->n * BLOCK + EPILOGUE;
	struct cgroup_device_program p = { .v = xcalloc(most, sizeof(*p.v)) };

	/* access_type has the device's type in its lower half and the access in its upper one */
	emit(&p, LOAD(TYPE, access_type));
	emit(&p, COPY(ACCESS, TYPE));
	emit(&p, ALU(BPF_AND, TYPE, 0xffff));
	emit(&p, ALU(BPF_RSH, ACCESS, 16));
	emit(&p, LOAD(MAJOR, major));
	emit(&p, LOAD(MINOR, minor));
	for (size_t i = 0; i < policy->n; i++)
		emit_exception(&p, !policy->is_allowed, &policy->v[i]);
	emit_return(&p, policy->is_allowed);
	*program = p;
}

void cgroup_device_program_done(struct cgroup_device_program *program)
{
	free(program->v);
	*program = (struct cgroup_device_program){ 0 };
}

/* The call that `what` names failed with errno. Returns -1. */
static int bpf_failed(const char *what, struct err *err)
{
	bool is_missing = errno == ENOSYS || errno == EINVAL;

	err_sys(err, "%s", what);
	if (!is_missing || !err)
		return -1;
	err->kind = ERR_UNSUPPORTED;
	return err_hint(err, "device rules in cgroup v2 need a kernel with CONFIG_CGROUP_BPF");
}

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* Gives the program's fd (CLOEXEC, as bpf(2) makes them all). */
static int load(const struct cgroup_device_program *program, struct err *err)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit before;
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)program->v;
	attr.insn_cnt = (uint32_t)program->n;
	attr.license = (uintptr_t) "Apache-2.0";
	fd = bpf(BPF_PROG_LOAD, &attr);
	/* before Linux 5.11 a program counts as locked memory */
	if (fd < 0 && errno == EPERM && !getrlimit(RLIMIT_MEMLOCK, &before) &&
	    !setrlimit(RLIMIT_MEMLOCK, &unlimited)) {
		int errnum;

		fd = bpf(BPF_PROG_LOAD, &attr);
		errnum = errno;
		setrlimit(RLIMIT_MEMLOCK, &before);
		errno = errnum;
	}
	return fd < 0 ? bpf_failed("load the eBPF program with the device rules", err) : fd;
}

static int attach(int cgroup_fd, int program_fd, int replaced_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replaced_fd >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replaced_fd;
	}
	return bpf(BPF_PROG_ATTACH, &attr);
}

static int open_program(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

static int detach(int cgroup_fd, uint32_t id, struct err *err)
{
	auto_fd int fd = open_program(id);
	union bpf_attr attr;

	/* another program can only forbid more, so one that is out of reach may stay */
	if (fd < 0) {
		log_debug("device program %u stays: %s", id, strerror(errno));
		return 0;
	}
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	if (bpf(BPF_PROG_DETACH, &attr) && errno != ENOENT)
		return err_sys(err, "detach the old device program %u", id);
	return 0;
}

/* The programs that are attached to this very cgroup. `ids` has MAX_PROGRAMS. Gives their number. */
static int query(int cgroup_fd, uint32_t *ids, struct err *err)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = MAX_PROGRAMS;
	if (!bpf(BPF_PROG_QUERY, &attr))
		return (int)attr.query.prog_cnt;
	return bpf_failed("ask for the cgroup's device programs", err);
}

int cgroup_device_set_v2(int cgroup_fd, const struct cgroup_device_policy *policy, struct err *err)
{
	AUTO(cgroup_device_program_done) struct cgroup_device_program program = { 0 };
	auto_fd int fd = -1, old_fd = -1;
	uint32_t ids[MAX_PROGRAMS];
	int n = query(cgroup_fd, ids, err);

	if (n < 0)
		return -1;
	if (policy->is_allowed && !policy->n && !n)
		return 0;
	cgroup_device_program_build(policy, &program);
	fd = load(&program, err);
	if (fd < 0)
		return -1;
	if (n == 1)
		old_fd = open_program(ids[0]);
	/* Linux 5.6 puts one in the other's place; before, both hold for a moment */
	if (old_fd >= 0 && !attach(cgroup_fd, fd, old_fd))
		return 0;
	if (attach(cgroup_fd, fd, -1))
		return err_sys(err, "attach the device program to the cgroup");
	for (int i = 0; i < n; i++)
		if (detach(cgroup_fd, ids[i], err))
			return -1;
	return 0;
}
