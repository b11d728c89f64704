/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/linux/seccomp.h"
#include "core/linux/seccomp_cache.h"
#include "core/linux/seccomp_stub.h"

struct name {
	const char *name;
	uint32_t value;
};

static const struct name actions[] = {
	{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) },
	{ "SCMP_ACT_KILL", SCMP_ACT_KILL },
	{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_LOG", SCMP_ACT_LOG },
	{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY },
	{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0) },
	{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
};

static const struct name operators[] = {
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ }, { "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT }, { "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT }, { "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
};

static const struct name archs[] = {
	{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 },
	{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM },
#ifdef SCMP_ARCH_LOONGARCH64 /* libseccomp 2.6 */
	{ "SCMP_ARCH_LOONGARCH64", SCMP_ARCH_LOONGARCH64 },
#endif
#ifdef SCMP_ARCH_M68K /* libseccomp 2.6 */
	{ "SCMP_ARCH_M68K", SCMP_ARCH_M68K },
#endif
	{ "SCMP_ARCH_MIPS", SCMP_ARCH_MIPS },
	{ "SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64 },
	{ "SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32 },
	{ "SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL },
	{ "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64 },
	{ "SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32 },
	{ "SCMP_ARCH_PARISC", SCMP_ARCH_PARISC },
	{ "SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64 },
	{ "SCMP_ARCH_PPC", SCMP_ARCH_PPC },
	{ "SCMP_ARCH_PPC64", SCMP_ARCH_PPC64 },
	{ "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE },
	{ "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64 },
	{ "SCMP_ARCH_S390", SCMP_ARCH_S390 },
	{ "SCMP_ARCH_S390X", SCMP_ARCH_S390X },
#ifdef SCMP_ARCH_SHEB /* libseccomp 2.6 */
	{ "SCMP_ARCH_SH", SCMP_ARCH_SH },
	{ "SCMP_ARCH_SHEB", SCMP_ARCH_SHEB },
#endif
	{ "SCMP_ARCH_X32", SCMP_ARCH_X32 },
	{ "SCMP_ARCH_X86", SCMP_ARCH_X86 },
	{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 },
};

/* A system call has six arguments. */
#define MAX_ARGS 6

/* Above this many names a binary tree finds the rule faster (runc draws the line there too). */
#define TREE_FROM 32

/* A filter on its way. */
struct build {
	const struct spec_seccomp *sec;
	scmp_filter_ctx ctx;
	uint32_t default_action;
	uint32_t archs[ARRAY_LEN(archs) + 1]; /* SCMP_ARCH_…, each once; the native one is first */
	size_t n_archs;
	unsigned int flags;
	bool notify;
};

/* A rule in libseccomp's terms. */
struct rule {
	uint32_t action;
	struct scmp_arg_cmp *args; /* owned */
	unsigned int n_args;
	bool one_by_one; /* two conditions on one argument: each is a rule of its own */
};

static void build_done(struct build *b)
{
	if (b->ctx)
		seccomp_release(b->ctx);
}

static void rule_done(struct rule *r)
{
	free(r->args);
}

static const struct name *find(const struct name *table, size_t n, const char *name)
{
	for (size_t i = 0; name && i < n; i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

/* EPERM is what the spec gives ERRNO and TRACE without errnoRet; the other actions take none. */
static int find_action(const char *name, const uint32_t *errno_ret, uint32_t *action,
		       struct err *err)
{
	const struct name *a = find(actions, ARRAY_LEN(actions), name);
	uint32_t ret = errno_ret ? *errno_ret : EPERM;

	if (!a)
		return err_set(err, ERR_INVALID, "unknown action \"%s\"", name ? name : "");
	if (ret > UINT16_MAX)
		return err_set(err, ERR_INVALID, "errnoRet %u is above %d", ret, UINT16_MAX);
	if (a->value == SCMP_ACT_ERRNO(0))
		*action = SCMP_ACT_ERRNO(ret);
	else if (a->value == SCMP_ACT_TRACE(0))
		*action = SCMP_ACT_TRACE(ret);
	else if (errno_ret)
		return err_set(err, ERR_INVALID, "action \"%s\" takes no errnoRet", name);
	else
		*action = a->value;
	return 0;
}

static int start(struct build *b, struct err *err)
{
	const struct spec_seccomp *sec = b->sec;

	if (find_action(sec->default_action,
			sec->has_default_errno ? &sec->default_errno_ret : NULL, &b->default_action,
			err))
		return err_wrap(err, "linux.seccomp.defaultAction");
	if (b->default_action == SCMP_ACT_NOTIFY)
		return err_set(err, ERR_INVALID,
			       "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY would stop the "
			       "container's first process before anybody listens");
	b->ctx = seccomp_init(b->default_action);
	if (!b->ctx)
		return err_set(err, ERR_UNSUPPORTED,
			       "linux.seccomp.defaultAction: \"%s\" isn't known to this kernel",
			       sec->default_action);
	return 0;
}

static bool has_arch(const struct build *b, uint32_t token)
{
	for (size_t i = 0; i < b->n_archs; i++)
		if (b->archs[i] == token)
			return true;
	return false;
}

static int add_arch(struct build *b, const char *name, struct err *err)
{
	const struct name *a = find(archs, ARRAY_LEN(archs), name);
	int rc;

	if (!a)
		return err_set(err, ERR_INVALID, "unknown architecture \"%s\"", name);
	if (has_arch(b, a->value))
		return 0;
	rc = seccomp_arch_add(b->ctx, a->value);
	if (rc == -EDOM)
		return err_set(err, ERR_INVALID, "%s has the other byte order", name);
	if (rc) {
		errno = -rc;
		return err_sys(err, "add %s", name);
	}
	b->archs[b->n_archs++] = a->value;
	return 0;
}

static int add_archs(struct build *b, struct err *err)
{
	b->archs[b->n_archs++] = seccomp_arch_native();
	for (size_t i = 0; i < b->sec->architectures.n; i++)
		if (add_arch(b, b->sec->architectures.v[i], err))
			return err_wrap(err, "linux.seccomp.architectures[%zu]", i);
	return 0;
}

static int add_flags(struct build *b, struct err *err)
{
	for (size_t i = 0; i < b->sec->flags.n; i++) {
		unsigned int bit;

		if (seccomp_filter_flag_find(b->sec->flags.v[i], &bit))
			return err_set(err, ERR_INVALID,
				       "linux.seccomp.flags[%zu]: unknown flag \"%s\"", i,
				       b->sec->flags.v[i]);
		b->flags |= bit;
	}
	return 0;
}

static int parse_args(const struct spec_seccomp_rule *in, struct rule *out, struct err *err)
{
	unsigned int seen = 0;

	out->args = xcalloc(in->n_args, sizeof(*out->args));
	for (size_t i = 0; i < in->n_args; i++) {
		const struct spec_seccomp_arg *a = &in->args[i];
		const struct name *op = find(operators, ARRAY_LEN(operators), a->op);

		if (!op)
			return err_set(err, ERR_INVALID, "args[%zu]: unknown operator \"%s\"", i,
				       a->op ? a->op : "");
		if (a->index >= MAX_ARGS)
			return err_set(err, ERR_INVALID, "args[%zu]: index %u is above %d", i,
				       a->index, MAX_ARGS - 1);
		out->args[i] = (struct scmp_arg_cmp){ .arg = a->index,
						      .op = (enum scmp_compare)op->value,
						      .datum_a = a->value,
						      .datum_b = a->value_two };
		out->one_by_one |= (seen & 1U << a->index) != 0;
		seen |= 1U << a->index;
	}
	out->n_args = (unsigned int)in->n_args;
	return 0;
}

/*
 * Whoever loads a notifying filter still has to hand the listener over with write(), so that call
 * can't wait for the listener's answer.
 */
static int check_notify(const struct spec_seccomp *sec, const struct spec_seccomp_rule *rule,
			struct err *err)
{
	if (!sec->listener_path)
		return err_set(err, ERR_INVALID,
			       "SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath");
	for (size_t i = 0; i < rule->names.n; i++)
		if (!strcmp(rule->names.v[i], "write"))
			return err_set(err, ERR_INVALID, "SCMP_ACT_NOTIFY can't be used for write");
	return 0;
}

static int add_one(scmp_filter_ctx ctx, int nr, const struct rule *r)
{
	int rc = 0;

	if (!r->one_by_one)
		return seccomp_rule_add_array(ctx, r->action, nr, r->n_args, r->args);
	for (unsigned int i = 0; !rc && i < r->n_args; i++)
		rc = seccomp_rule_add_array(ctx, r->action, nr, 1, &r->args[i]);
	return rc;
}

static int add_name(scmp_filter_ctx ctx, const char *name, const struct rule *r, struct err *err)
{
	int nr, rc;

	if (!*name)
		return err_set(err, ERR_INVALID, "an empty system call name");
	nr = seccomp_syscall_resolve_name(name);
	if (nr == __NR_SCMP_ERROR) {
		log_debug("seccomp: unknown system call \"%s\" ignored", name);
		return 0;
	}
	rc = add_one(ctx, nr, r);
	if (rc == -EEXIST)
		return err_set(err, ERR_INVALID, "%s: another rule has the same conditions", name);
	if (rc == -EOPNOTSUPP)
		return err_set(err, ERR_UNSUPPORTED, "%s: the kernel doesn't know the action",
			       name);
	if (rc) {
		errno = -rc;
		return err_sys(err, "%s", name);
	}
	return 0;
}

static int add_rule(struct build *b, const struct spec_seccomp_rule *in, struct err *err)
{
	AUTO(rule_done) struct rule r = { 0 };

	if (find_action(in->action, in->has_errno ? &in->errno_ret : NULL, &r.action, err))
		return -1;
	if (parse_args(in, &r, err))
		return -1;
	if (r.action == SCMP_ACT_NOTIFY && check_notify(b->sec, in, err))
		return -1;
	if (r.action == b->default_action)
		return 0;
	b->notify |= r.action == SCMP_ACT_NOTIFY;
	for (size_t i = 0; i < in->names.n; i++)
		if (add_name(b->ctx, in->names.v[i], &r, err))
			return -1;
	return 0;
}

static int add_rules(struct build *b, struct err *err)
{
	size_t names = 0;

	for (size_t i = 0; i < b->sec->n_rules; i++)
		names += b->sec->rules[i].names.n;
	if (names > TREE_FROM && seccomp_attr_set(b->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2))
		log_debug("seccomp: libseccomp %s makes no binary tree", seccomp_library_version());
	for (size_t i = 0; i < b->sec->n_rules; i++)
		if (add_rule(b, &b->sec->rules[i], err))
			return err_wrap(err, "linux.seccomp.syscalls[%zu]", i);
	return 0;
}

/* The highest number that the profile names on `arch`, whatever its rule says. */
static uint32_t last_named(const struct spec_seccomp *sec, uint32_t arch)
{
	int last = 0;

	for (size_t i = 0; i < sec->n_rules; i++) {
		const struct spec_strings *names = &sec->rules[i].names;

		for (size_t j = 0; j < names->n; j++) {
			int nr = seccomp_syscall_resolve_name_arch(arch, names->v[j]);

			last = nr > last ? nr : last;
		}
	}
	return last ? (uint32_t)last : SECCOMP_STUB_NO_LIMIT;
}

/* libseccomp's tokens are the kernel's AUDIT_ARCH_… but for x32, which the kernel calls x86_64. */
static size_t stub_archs(const struct build *b, struct seccomp_stub_arch *out)
{
	bool x86_64 = has_arch(b, SCMP_ARCH_X86_64), x32 = has_arch(b, SCMP_ARCH_X32);
	size_t n = 0;

	for (size_t i = 0; i < b->n_archs; i++) {
		uint32_t arch = b->archs[i];

		if (arch == SCMP_ARCH_X32 && x86_64)
			continue;
		out[n] = (struct seccomp_stub_arch){ .audit_arch = arch,
						     .last = last_named(b->sec, arch) };
		if (arch == SCMP_ARCH_X86_64 || arch == SCMP_ARCH_X32) {
			out[n].audit_arch = AUDIT_ARCH_X86_64;
			out[n].has_x32 = true;
			out[n].last = x86_64 ? out[n].last : SECCOMP_STUB_NO_LIMIT;
			out[n].last_x32 = x32 ? last_named(b->sec, SCMP_ARCH_X32)
					      : SECCOMP_STUB_NO_LIMIT;
		}
		out[n].zero_is_unknown = arch == SCMP_ARCH_S390 || arch == SCMP_ARCH_S390X;
		n++;
	}
	return n;
}

/*
 * Not in front of a default that lets calls through (TRACE does: the tracer decides), nor of one
 * that says ENOSYS by itself.
 */
static size_t make_stub(const struct build *b, struct sock_filter *out)
{
	struct seccomp_stub_arch rows[ARRAY_LEN(b->archs)];
	uint32_t kind = b->default_action & 0x7fff0000U;

	if (kind == SCMP_ACT_ALLOW || kind == SCMP_ACT_LOG || kind == SCMP_ACT_TRACE(0) ||
	    b->default_action == SCMP_ACT_ERRNO(ENOSYS))
		return 0;
	return seccomp_stub_build(rows, stub_archs(b, rows), out);
}

/* libseccomp 2.5 exports to a file descriptor only. */
static int export_program(scmp_filter_ctx ctx, struct buf *out, struct err *err)
{
	auto_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_sys(err, "create a memory file");
	rc = seccomp_export_bpf(ctx, fd);
	if (rc) {
		errno = -rc;
		return err_sys(err, "compile the seccomp filter");
	}
	if (lseek(fd, 0, SEEK_SET))
		return err_sys(err, "rewind a memory file");
	return fd_read_all(fd, 16U << 20, out, err);
}

static int finish(const struct build *b, struct seccomp_filter *out, struct err *err)
{
	struct sock_filter stub[SECCOMP_STUB_MAX(ARRAY_LEN(b->archs))];
	AUTO(buf_done) struct buf program = { 0 };
	size_t n_stub = make_stub(b, stub), n;

	if (export_program(b->ctx, &program, err))
		return -1;
	n = n_stub + program.n / sizeof(*stub);
	if (n > SECCOMP_FILTER_MAX)
		return err_set(err, ERR_LIMIT,
			       "linux.seccomp compiles to %zu instructions, the kernel takes %d", n,
			       SECCOMP_FILTER_MAX);
	*out = (struct seccomp_filter){
		.bpf = xcalloc(n, sizeof(*stub)), .n = n, .flags = b->flags, .notify = b->notify
	};
	memcpy(out->bpf, stub, n_stub * sizeof(*stub));
	memcpy(out->bpf + n_stub, program.p, (n - n_stub) * sizeof(*stub));
	return 0;
}

static int compile(const struct spec_seccomp *sec, struct seccomp_filter *out, struct err *err)
{
	AUTO(build_done) struct build b = { .sec = sec };

	if (start(&b, err) || add_archs(&b, err) || add_flags(&b, err) || add_rules(&b, err))
		return -1;
	return finish(&b, out, err);
}

int seccomp_compile(const struct spec_seccomp *sec, const char *cache_dir,
		    struct seccomp_filter *out, struct err *err)
{
	struct seccomp_cache_key key;
	struct err cache_err;

	if (!cache_dir)
		return compile(sec, out, err);
	key = seccomp_cache_key(sec, seccomp_library_version());
	if (seccomp_cache_get(cache_dir, &key, out))
		return 0;
	if (compile(sec, out, err))
		return -1;
	if (seccomp_cache_put(cache_dir, &key, out, &cache_err))
		log_debug("seccomp: not cached: %s", cache_err.msg);
	return 0;
}

const char *seccomp_library_version(void)
{
	static char text[32];
	const struct scmp_version *v = seccomp_version();

	if (v && !*text)
		snprintf(text, sizeof(text), "%u.%u.%u", v->major, v->minor, v->micro);
	return text;
}

const char *seccomp_action_name(size_t i)
{
	return i < ARRAY_LEN(actions) ? actions[i].name : NULL;
}

const char *seccomp_operator_name(size_t i)
{
	return i < ARRAY_LEN(operators) ? operators[i].name : NULL;
}

const char *seccomp_arch_name(size_t i)
{
	return i < ARRAY_LEN(archs) ? archs[i].name : NULL;
}
