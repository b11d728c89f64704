/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_values.h - what a limit of config.json becomes in a cgroup's control file
 *
 * In       numbers and words of struct spec_resources, all of which come in cgroup v1's terms
 * Out      the text for one control file, or a cleaned name
 * Effects  none
 * Source   runtime-spec config-linux.md#control-groups; Linux admin-guide/cgroup-v2.rst;
 *          runc 1.3.2 and later for shares to weight
 */
#ifndef KEDGE_CORE_PLAN_CGROUP_VALUES_H
#define KEDGE_CORE_PLAN_CGROUP_VALUES_H

#include <stdint.h>

#include "core/base/err.h"

/* Room for one number or word of a control file, or for cpu.max' two. */
#define CGROUP_VALUE_BYTES 48

/*
 * cpu.shares (2 to 262144) as cpu.weight (1 to 10000): minimum, default (1024 is 100) and maximum
 * meet, a curve runs between them. What is out of range is cut; 0 (not asked for) stays 0.
 */
uint64_t cgroup_cpu_weight(uint64_t shares);

/* blkio.weight (10 to 1000) as io.weight (1 to 10000), in a straight line; 0 stays 0. */
uint64_t cgroup_io_weight(uint64_t blkio_weight);

/* A v2 limit: "max" for a negative one, else the number. `out` has CGROUP_VALUE_BYTES. */
void cgroup_limit_text(int64_t limit, char *out);

/*
 * memory.swap.max from the limits of memory and of memory + swap, bytes, 0 for "not asked for",
 * -1 for "no limit". `out` has CGROUP_VALUE_BYTES; "" means that nothing is to be written.
 * Errors: ERR_INVALID when swap can't be told (no memory limit) or would be negative.
 */
int cgroup_swap_max(int64_t memory_bytes, int64_t memory_swap_bytes, char *out, struct err *err);

/*
 * cpu.max from quota and period in us (0: not asked for; a negative quota is "no limit").
 * `current` is what the file has now, or NULL: its quota stays when only the period is asked for.
 * `out` has CGROUP_VALUE_BYTES; "" means that nothing is to be written.
 */
void cgroup_cpu_max(int64_t quota_us, uint64_t period_us, const char *current, char *out);

/*
 * Where only one of quota and period is asked for, take the other from `current`, the content of
 * cpu.max. A period that is the kernel's default isn't named.
 */
void cgroup_cpu_complete(const char *current, int64_t *quota_us, uint64_t *period_us);

/*
 * The page size as the kernel writes it in names ("2MB" for "2048KB" too). `out` has
 * CGROUP_VALUE_BYTES. Errors: ERR_INVALID when it isn't a number followed by KB, MB or GB.
 */
int cgroup_hugepage_name(const char *page_size, char *out, struct err *err);

/*
 * Clean `path`: no empty parts, no ".", and ".." never leads above its beginning. An absolute path
 * stays absolute, a relative one relative. Gives heap memory, or NULL.
 * Errors: ERR_INVALID when nothing is left ("/", "a/..").
 */
char *cgroup_path_clean(const char *path, struct err *err);

/*
 * Whether `name` may be a key of `unified`: a file name of the form CONTROLLER.PARAMETER.
 * Returns 0 or -1. Errors: ERR_INVALID.
 */
int cgroup_unified_check(const char *name, struct err *err);

#endif
