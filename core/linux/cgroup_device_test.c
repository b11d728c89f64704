/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/linux/cgroup_device.h"

#define N_DEFAULTS 10

#define RULE(allow_, type_, major_, minor_, r, w, m)                                         \
	{                                                                                    \
		.allow = allow_, .type = type_, .major = major_, .minor = minor_, .read = r, \
		.write = w, .mknod = m                                                       \
	}
#define DENY_ALL  RULE(false, 'a', -1, -1, true, true, true)
#define ALLOW_ALL RULE(true, 'a', -1, -1, true, true, true)

static struct cgroup_device_policy build(const struct spec_device_rule *rules, size_t n)
{
	struct cgroup_device_policy policy = { 0 };
	struct err err = { 0 };

	assert_int_equal(cgroup_device_policy_build(rules, n, &policy, &err), 0);
	return policy;
}

/* --- an interpreter for the few instructions that the program is made of -------------------------- */

static uint64_t load_field(const struct bpf_cgroup_dev_ctx *ctx, int offset)
{
	uint32_t v;

	memcpy(&v, (const char *)ctx + offset, sizeof(v));
	return v;
}

static uint64_t alu(unsigned int op, uint64_t a, uint64_t b)
{
	if (op == BPF_MOV)
		return (uint32_t)b;
	if (op == BPF_AND)
		return (uint32_t)(a & b);
	assert_int_equal(op, BPF_RSH);
	return (uint32_t)a >> b;
}

static bool jumps(unsigned int op, uint64_t a, uint64_t b)
{
	if (op == BPF_JA)
		return true;
	if (op == BPF_JNE)
		return a != b;
	assert_int_equal(op, BPF_JSET);
	return a & b;
}

static bool run(const struct cgroup_device_program *p, const struct bpf_cgroup_dev_ctx *ctx)
{
	uint64_t reg[16] = { 0 };

	for (size_t pc = 0; pc < p->n; pc++) {
		const struct bpf_insn *i = &p->v[pc];
		uint64_t operand = BPF_SRC(i->code) == BPF_X ? reg[i->src_reg]
							     : (uint64_t)(int64_t)i->imm;

		if (i->code == (BPF_JMP | BPF_EXIT))
			return reg[0];
		if (BPF_CLASS(i->code) == BPF_LDX)
			reg[i->dst_reg] = load_field(ctx, i->off);
		else if (BPF_CLASS(i->code) == BPF_ALU)
			reg[i->dst_reg] = alu(BPF_OP(i->code), reg[i->dst_reg], operand);
		else if (jumps(BPF_OP(i->code), reg[i->dst_reg], operand)) {
			assert_true(i->off >= 0);
			pc += (size_t)i->off;
		}
	}
	fail_msg("the program runs off its end");
	return false;
}

static bool allows(const struct spec_device_rule *rules, size_t n, char type,
		   const unsigned int device_and_access[3])
{
	struct cgroup_device_policy policy = build(rules, n);
	struct cgroup_device_program program = { 0 };
	struct bpf_cgroup_dev_ctx ctx = {
		.access_type =
			device_and_access[2] << 16 |
			(unsigned int)(type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK),
		.major = device_and_access[0],
		.minor = device_and_access[1],
	};
	bool ret;

	cgroup_device_program_build(&policy, &program);
	ret = run(&program, &ctx);
	cgroup_device_program_done(&program);
	cgroup_device_policy_done(&policy);
	return ret;
}

#define R BPF_DEVCG_ACC_READ
#define W BPF_DEVCG_ACC_WRITE
#define M BPF_DEVCG_ACC_MKNOD
#define CHECK(rules, type, ...) \
	allows(rules, ARRAY_LEN(rules), type, (const unsigned int[3]){ __VA_ARGS__ })

/* --- the policy ---------------------------------------------------------------------------------- */

static void without_rules_only_the_defaults_are_allowed(void **state)
{
	struct cgroup_device_policy policy = build(NULL, 0);

	(void)state;
	assert_false(policy.is_allowed);
	assert_int_equal(policy.n, N_DEFAULTS);
	cgroup_device_policy_done(&policy);
}

static void rules_for_one_device_are_merged(void **state)
{
	static const struct spec_device_rule rules[] = {
		DENY_ALL,
		RULE(true, 'c', 10, 200, true, false, false),
		RULE(true, 'c', 10, 200, false, true, false),
		RULE(true, 'b', 10, 200, false, false, true),
		RULE(true, 'c', 1, 3, true, true, true), /* one of the defaults */
	};
	struct cgroup_device_policy policy = build(rules, ARRAY_LEN(rules));

	(void)state;
	assert_int_equal(policy.n, N_DEFAULTS + 2);
	assert_int_equal(policy.v[0].access, R | W);
	assert_int_equal(policy.v[1].access, M);
	cgroup_device_policy_done(&policy);
}

static void a_wildcard_type_starts_anew(void **state)
{
	static const struct spec_device_rule rules[] = {
		RULE(true, 'c', 10, 200, true, true, true),
		RULE(true, 'a', 4, 5, true, false, false),
	};
	struct cgroup_device_policy policy = build(rules, ARRAY_LEN(rules));

	(void)state;
	assert_true(policy.is_allowed);
	assert_int_equal(policy.n, 0);
	cgroup_device_policy_done(&policy);
}

static void a_later_rule_takes_access_back(void **state)
{
	static const struct spec_device_rule rules[] = {
		DENY_ALL,
		RULE(true, 'c', 10, 200, true, true, true),
		RULE(true, 'c', 10, 229, true, true, false),
		RULE(false, 'c', 10, 200, false, true, true),
		RULE(false, 'c', 10, 229, true, true, true),
		RULE(false, 'c', 10, 230, true, true, true), /* never allowed: nothing to do */
	};
	struct cgroup_device_policy policy = build(rules, ARRAY_LEN(rules));

	(void)state;
	assert_int_equal(policy.n, N_DEFAULTS + 1);
	assert_int_equal(policy.v[0].minor, 200);
	assert_int_equal(policy.v[0].access, R);
	cgroup_device_policy_done(&policy);
}

static void a_hole_in_a_wildcard_is_refused(void **state)
{
	static const struct spec_device_rule wide[] = {
		RULE(true, 'c', 10, -1, true, true, false),
		RULE(true, 'c', -1, 200, true, true, false),
		RULE(true, 'c', -1, -1, true, true, false),
	};
	static const struct spec_device_rule hole = RULE(false, 'c', 10, 200, true, false, false);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
		const struct spec_device_rule rules[] = { DENY_ALL, wide[i], hole };
		struct cgroup_device_policy policy = { 0 };
		struct err err = { 0 };

		assert_int_equal(cgroup_device_policy_build(rules, 3, &policy, &err), -1);
		assert_int_equal(err.kind, ERR_UNSUPPORTED);
		assert_null(policy.v);
	}
}

static void taking_back_what_the_wildcard_never_gave_is_fine(void **state)
{
	static const struct spec_device_rule rules[] = {
		DENY_ALL,
		RULE(true, 'c', 10, -1, true, false, false),
		RULE(false, 'c', 10, 200, false, true, false),
	};
	struct cgroup_device_policy policy = build(rules, ARRAY_LEN(rules));

	(void)state;
	assert_int_equal(policy.n, N_DEFAULTS + 1);
	cgroup_device_policy_done(&policy);
}

static void rules_that_mean_nothing_are_refused(void **state)
{
	static const struct spec_device_rule bad[] = {
		RULE(true, 'p', 1, 1, true, true, true),
		RULE(true, 'c', 1, 1, false, false, false),
		RULE(true, 'c', -2, 1, true, true, true),
		RULE(true, 'b', 1, 1LL << 33, true, true, true),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct cgroup_device_policy policy = { 0 };
		struct err err = { 0 };

		assert_int_equal(cgroup_device_policy_build(&bad[i], 1, &policy, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

/* --- the program --------------------------------------------------------------------------------- */

static void the_program_allows_what_every_container_has(void **state)
{
	static const struct spec_device_rule rules[] = { DENY_ALL };

	(void)state;
	assert_true(CHECK(rules, 'c', 1, 3, R | W));	/* null */
	assert_true(CHECK(rules, 'c', 136, 77, R | W)); /* a terminal */
	assert_true(CHECK(rules, 'c', 1, 1, M));
	assert_true(CHECK(rules, 'b', 8, 0, M));
	assert_false(CHECK(rules, 'c', 1, 1, R)); /* mem */
	assert_false(CHECK(rules, 'b', 8, 0, R));
	assert_false(CHECK(rules, 'b', 1, 3, R)); /* null's number, but a block device */
}

static void an_allowing_exception_must_cover_the_whole_access(void **state)
{
	static const struct spec_device_rule rules[] = {
		DENY_ALL,
		RULE(true, 'b', 8, 1, true, false, false),
	};

	(void)state;
	assert_true(CHECK(rules, 'b', 8, 1, R));
	assert_false(CHECK(rules, 'b', 8, 1, W));
	assert_false(CHECK(rules, 'b', 8, 1, R | W));
	assert_false(CHECK(rules, 'b', 8, 2, R));
	assert_false(CHECK(rules, 'b', 9, 1, R));
	assert_false(CHECK(rules, 'c', 8, 1, R));
}

static void a_denying_exception_bites_on_any_of_the_access(void **state)
{
	static const struct spec_device_rule rules[] = {
		ALLOW_ALL,
		RULE(false, 'b', 8, -1, false, true, false),
		RULE(false, 'c', -1, 200, true, true, true),
	};

	(void)state;
	assert_true(CHECK(rules, 'b', 8, 1, R));
	assert_false(CHECK(rules, 'b', 8, 1, W));
	assert_false(CHECK(rules, 'b', 8, 1, R | W));
	assert_true(CHECK(rules, 'b', 9, 1, R | W));
	assert_false(CHECK(rules, 'c', 10, 200, R));
	assert_true(CHECK(rules, 'c', 10, 201, R | W | M));
}

static void large_device_numbers_are_compared_whole(void **state)
{
	static const struct spec_device_rule rules[] = {
		DENY_ALL,
		RULE(true, 'b', 4095, 1048575, true, true, true),
	};

	(void)state;
	assert_true(CHECK(rules, 'b', 4095, 1048575, R | W));
	assert_false(CHECK(rules, 'b', 4095, 1048574, R | W));
	assert_false(CHECK(rules, 'b', 0xffffffff, 0xffffffff, R));
}

/* --- v1's files ---------------------------------------------------------------------------------- */

static void write_v1(const struct spec_device_rule *rules, size_t n, struct buf *allow,
		     struct buf *deny)
{
	char dir[] = "/tmp/kedge-devices-XXXXXX";
	struct cgroup_device_policy policy = build(rules, n);
	struct err err = { 0 };
	int dirfd;

	assert_non_null(mkdtemp(dir));
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(openat(dirfd, "devices.allow", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	close(openat(dirfd, "devices.deny", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(cgroup_device_set_v1(dir, &policy, &err), 0);
	assert_int_equal(fd_read_file(dirfd, "devices.allow", 4096, allow, &err), 0);
	assert_int_equal(fd_read_file(dirfd, "devices.deny", 4096, deny, &err), 0);
	unlinkat(dirfd, "devices.allow", 0);
	unlinkat(dirfd, "devices.deny", 0);
	close(dirfd);
	rmdir(dir);
	cgroup_device_policy_done(&policy);
}

static void v1_denies_all_and_then_allows_one_by_one(void **state)
{
	static const struct spec_device_rule rules[] = {
		DENY_ALL,
		RULE(true, 'b', 8, -1, true, false, true),
	};
	AUTO(buf_done) struct buf allow = { 0 }, deny = { 0 };

	(void)state;
	write_v1(rules, ARRAY_LEN(rules), &allow, &deny);
	assert_string_equal(deny.p, "a\n");
	assert_string_equal(allow.p, "b 8:* rm\n"
				     "c *:* m\nb *:* m\n"
				     "c 1:3 rwm\nc 1:5 rwm\nc 1:7 rwm\nc 1:8 rwm\nc 1:9 rwm\n"
				     "c 5:0 rwm\nc 5:2 rwm\nc 136:* rwm\n");
}

static void v1_allows_all_in_one_write(void **state)
{
	static const struct spec_device_rule rules[] = { ALLOW_ALL };
	AUTO(buf_done) struct buf allow = { 0 }, deny = { 0 };

	(void)state;
	write_v1(rules, ARRAY_LEN(rules), &allow, &deny);
	assert_string_equal(allow.p, "a\n");
	assert_string_equal(deny.p, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rules_only_the_defaults_are_allowed),
		cmocka_unit_test(rules_for_one_device_are_merged),
		cmocka_unit_test(a_wildcard_type_starts_anew),
		cmocka_unit_test(a_later_rule_takes_access_back),
		cmocka_unit_test(a_hole_in_a_wildcard_is_refused),
		cmocka_unit_test(taking_back_what_the_wildcard_never_gave_is_fine),
		cmocka_unit_test(rules_that_mean_nothing_are_refused),
		cmocka_unit_test(the_program_allows_what_every_container_has),
		cmocka_unit_test(an_allowing_exception_must_cover_the_whole_access),
		cmocka_unit_test(a_denying_exception_bites_on_any_of_the_access),
		cmocka_unit_test(large_device_numbers_are_compared_whole),
		cmocka_unit_test(v1_denies_all_and_then_allows_one_by_one),
		cmocka_unit_test(v1_allows_all_in_one_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
