/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "core/base/str.h"
#include "core/linux/seccomp_stub.h"

#define ENOSYS_RET (SECCOMP_RET_ERRNO | ENOSYS)
#define TO_FILTER  SECCOMP_RET_KILL_PROCESS /* what stands behind the stub in these tests */

static const struct seccomp_stub_arch docker_archs[] = {
	{ .audit_arch = AUDIT_ARCH_X86_64,
	  .last = 450,
	  .has_x32 = true,
	  .last_x32 = SECCOMP_STUB_X32_BIT | 547 },
	{ .audit_arch = AUDIT_ARCH_I386, .last = 449 },
	{ .audit_arch = AUDIT_ARCH_S390X, .last = 448, .zero_is_unknown = true },
};

static size_t jump(const struct sock_filter *in, uint32_t a)
{
	switch (BPF_OP(in->code)) {
	case BPF_JA: return in->k;
	case BPF_JEQ: return a == in->k ? in->jt : in->jf;
	case BPF_JGT: return a > in->k ? in->jt : in->jf;
	case BPF_JSET: return a & in->k ? in->jt : in->jf;
	default: fail_msg("unexpected jump %#x", in->code); return 0;
	}
}

/* The kernel's reading of the few instructions that a stub has. */
static uint32_t run(const struct sock_filter *prog, size_t n, uint32_t arch, uint32_t nr)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *in = &prog[pc];

		if (in->code == (BPF_LD | BPF_W | BPF_ABS))
			a = in->k == offsetof(struct seccomp_data, arch) ? arch : nr;
		else if (BPF_CLASS(in->code) == BPF_JMP)
			pc += jump(in, a);
		else
			return in->k;
	}
	fail_msg("ran past the end");
	return 0;
}

static uint32_t docker(uint32_t arch, uint32_t nr)
{
	struct sock_filter prog[SECCOMP_STUB_MAX(ARRAY_LEN(docker_archs)) + 1];
	size_t n = seccomp_stub_build(docker_archs, ARRAY_LEN(docker_archs), prog);

	assert_true(n <= SECCOMP_STUB_MAX(ARRAY_LEN(docker_archs)));
	prog[n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, TO_FILTER);
	return run(prog, n + 1, arch, nr);
}

static void the_highest_named_call_goes_to_the_filter_and_the_next_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(docker(AUDIT_ARCH_X86_64, 0), TO_FILTER);
	assert_int_equal(docker(AUDIT_ARCH_X86_64, 450), TO_FILTER);
	assert_int_equal(docker(AUDIT_ARCH_X86_64, 451), ENOSYS_RET);
	assert_int_equal(docker(AUDIT_ARCH_I386, 449), TO_FILTER);
	assert_int_equal(docker(AUDIT_ARCH_I386, 450), ENOSYS_RET);
	assert_int_equal(docker(AUDIT_ARCH_I386, UINT32_MAX), ENOSYS_RET);
}

static void x32_calls_have_a_limit_of_their_own(void **state)
{
	(void)state;
	assert_int_equal(docker(AUDIT_ARCH_X86_64, SECCOMP_STUB_X32_BIT | 0), TO_FILTER);
	assert_int_equal(docker(AUDIT_ARCH_X86_64, SECCOMP_STUB_X32_BIT | 547), TO_FILTER);
	assert_int_equal(docker(AUDIT_ARCH_X86_64, SECCOMP_STUB_X32_BIT | 548), ENOSYS_RET);
}

static void x32_calls_go_to_the_filter_when_the_profile_has_no_x32(void **state)
{
	const struct seccomp_stub_arch arch = { .audit_arch = AUDIT_ARCH_X86_64,
						.last = 450,
						.has_x32 = true,
						.last_x32 = SECCOMP_STUB_NO_LIMIT };
	struct sock_filter prog[SECCOMP_STUB_MAX(1) + 1];
	size_t n = seccomp_stub_build(&arch, 1, prog);

	(void)state;
	prog[n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, TO_FILTER);
	assert_int_equal(run(prog, n + 1, AUDIT_ARCH_X86_64, SECCOMP_STUB_X32_BIT | 600),
			 TO_FILTER);
	assert_int_equal(run(prog, n + 1, AUDIT_ARCH_X86_64, 451), ENOSYS_RET);
}

static void call_zero_is_unknown_on_s390_only(void **state)
{
	(void)state;
	assert_int_equal(docker(AUDIT_ARCH_S390X, 0), ENOSYS_RET);
	assert_int_equal(docker(AUDIT_ARCH_S390X, 1), TO_FILTER);
	assert_int_equal(docker(AUDIT_ARCH_S390X, 449), ENOSYS_RET);
	assert_int_equal(docker(AUDIT_ARCH_I386, 0), TO_FILTER);
}

static void an_unlisted_architecture_goes_to_the_filter(void **state)
{
	(void)state;
	assert_int_equal(docker(AUDIT_ARCH_AARCH64, 0), TO_FILTER);
	assert_int_equal(docker(AUDIT_ARCH_AARCH64, 9999), TO_FILTER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_highest_named_call_goes_to_the_filter_and_the_next_is_unknown),
		cmocka_unit_test(x32_calls_have_a_limit_of_their_own),
		cmocka_unit_test(x32_calls_go_to_the_filter_when_the_profile_has_no_x32),
		cmocka_unit_test(call_zero_is_unknown_on_s390_only),
		cmocka_unit_test(an_unlisted_architecture_goes_to_the_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
