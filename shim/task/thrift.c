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

/* The page of our own frame and the one below, where madvise() has its, stay. */
static void release_stack(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~(page - 1);
	uintptr_t end = here - page;

	madvise((void *)(end - STACK_BYTES), STACK_BYTES, MADV_DONTNEED);
}

void thrift_release(void)
{
	malloc_trim(0);
	release_stack();
}
