/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/task/thrift.h"

/*
 * What a stack begins with; nothing else is mapped for a megabyte below it (the kernel's
 * stack_guard_gap), and what isn't mapped is passed over.
 */
#define STACK_BYTES (128U << 10)
#define CALL_BYTES  256U

/*
 * Down to what a system call's frame takes. Where the stack's end lies in its page is chance, so what is
 * kept is counted from the frame: a page, or two.
 */
static void release_stack(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t end = (here - CALL_BYTES) & ~(page - 1);

	madvise((void *)(end - STACK_BYTES), STACK_BYTES, MADV_DONTNEED);
}

void thrift_release(void)
{
	malloc_trim(0);
	release_stack();
}
