/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats_file.h - the kernel's text files about a cgroup, into the fields of a message
 *
 * In       files of a cgroup's directory in the formats of cgroup-v1/ and cgroup-v2.rst
 * Out      uint64_t fields at the offsets that a table gives
 * Effects  reads files; the parsers do nothing but parse
 *
 * A file that isn't there (another kernel, a controller that isn't on) leaves its fields as they
 * are: there is no metric that all kernels have.
 */
#ifndef KEDGE_SHIM_TASK_STATS_FILE_H
#define KEDGE_SHIM_TASK_STATS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

/* A word of a file, and the uint64_t field that its number is added to. */
struct stats_field {
	const char *name;
	size_t offset;
};

/* A line "NAME A=1 B=2 …" or "MAJOR:MINOR A=1 …". */
struct stats_line {
	const char *name; /* up to the first blank */
	const char *rest;
};

struct stats_rdma {
	uint32_t handles, objects;
};

/* A number, or "max": UINT64_MAX. False for all else. */
bool stats_parse_number(const char *text, uint64_t *value);

/* "NAME NUMBER" lines: add each number to the field of `message` that is called so. */
void stats_parse_pairs(const char *text, const struct stats_field *fields, size_t n, void *message);

/* The same for "NAME=NUMBER" words on one line. */
void stats_parse_words(const char *line, const struct stats_field *fields, size_t n, void *message);

/*
 * Cut the next line off `*text`, which moves on, and split it at the first blank (a NUL goes
 * there); false at the end.
 */
bool stats_next_line(char **text, struct stats_line *line);

/* "MAJOR:MINOR". False for all else. */
bool stats_parse_device(const char *text, uint64_t *major, uint64_t *minor);

/* "hca_handle=2 hca_object=max"; UINT32_MAX stands for "max". */
struct stats_rdma stats_parse_rdma(const char *line);

/*
 * One more message of `bytes` zeroed bytes for a repeated field, all on the arena. `list` is the
 * field's address (a pointer to pointers), `n` its count.
 */
void *stats_add(struct arena *arena, void *list, size_t *n, size_t bytes);

/* DIR/FILE as text in `out` (empty on entry); false if it can't be read. */
bool stats_read(const char *dir, const char *file, struct buf *out);

/* A file with one number or "max" in it; false if it isn't that. */
bool stats_read_number(const char *dir, const char *file, uint64_t *value);

/* Each field's `name` is a file in `dir` with one number, put into the field. */
void stats_read_numbers(const char *dir, const struct stats_field *fields, size_t n, void *message);

/* stats_parse_pairs() of a file. */
void stats_read_pairs(const char *dir, const char *file, const struct stats_field *fields, size_t n,
		      void *message);

/* The page sizes ("2MB") of which there is a file hugetlb.SIZE`suffix` in `dir`. */
void stats_page_sizes(const char *dir, const char *suffix, struct strv *sizes);

#endif
