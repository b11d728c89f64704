/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thrift.h - give memory back that was touched once and is of no use now
 *
 * Effects  pages of the heap and of the stack
 *
 * There is a shim per task or pod, and nearly all the time it waits: what counts is what it has then.
 */
#ifndef KEDGE_SHIM_TASK_THRIFT_H
#define KEDGE_SHIM_TASK_THRIFT_H

/* Drop the free pages of the heap, and the stack below the caller. To be called from little depth. */
void thrift_release(void);

#endif
