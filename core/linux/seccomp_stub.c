/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#include "core/linux/seccomp_stub.h"

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define JUMP(op, k, yes, no) BPF_JUMP(BPF_JMP | (op) | BPF_K, k, yes, no)
#define RET_ENOSYS	     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)

/* Behind a block's test comes "jump to the end"; where that is shows when all blocks are there. */
#define TO_THE_END BPF_STMT(BPF_JMP | BPF_JA, 0)

/* 7 instructions: the architecture, one limit for x86_64 and one for x32. */
static size_t put_x86_64(const struct seccomp_stub_arch *a, struct sock_filter *out)
{
	const struct sock_filter block[] = {
		JUMP(BPF_JEQ, a->audit_arch, 0, 6),
		LOAD(nr),
		JUMP(BPF_JSET, SECCOMP_STUB_X32_BIT, 1, 0),
		JUMP(BPF_JGT, a->last, 1, 2),
		JUMP(BPF_JGT, a->last_x32, 0, 1),
		RET_ENOSYS,
		TO_THE_END,
	};

	memcpy(out, block, sizeof(block));
	return sizeof(block) / sizeof(*block);
}

/* 6 instructions, the same for all others. Number 0 only differs where it stands for "unknown". */
static size_t put_other(const struct seccomp_stub_arch *a, struct sock_filter *out)
{
	const struct sock_filter block[] = {
		JUMP(BPF_JEQ, a->audit_arch, 0, 5),
		LOAD(nr),
		JUMP(BPF_JEQ, 0, a->zero_is_unknown ? 1 : 2, 0),
		JUMP(BPF_JGT, a->last, 0, 1),
		RET_ENOSYS,
		TO_THE_END,
	};

	memcpy(out, block, sizeof(block));
	return sizeof(block) / sizeof(*block);
}

size_t seccomp_stub_build(const struct seccomp_stub_arch *archs, size_t n, struct sock_filter *out)
{
	size_t len = 0;

	out[len++] = (struct sock_filter)LOAD(arch);
	for (size_t i = 0; i < n; i++)
		len += (archs[i].has_x32 ? put_x86_64 : put_other)(&archs[i], out + len);
	for (size_t i = 0; i < len; i++)
		if (out[i].code == (BPF_JMP | BPF_JA))
			out[i].k = (uint32_t)(len - i - 1);
	return len;
}
