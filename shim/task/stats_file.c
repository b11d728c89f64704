/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "shim/task/stats_file.h"

#define FILE_MAX_BYTES (1U << 20)

bool stats_parse_number(const char *text, uint64_t *value)
{
	size_t digits = strspn(text, "0123456789");
	char end = text[digits];

	if (str_starts(text, "max")) {
		*value = UINT64_MAX;
		return true;
	}
	if (!digits || (end && end != '\n' && end != ' '))
		return false;
	*value = strtoull(text, NULL, 10);
	return true;
}

static void add(const struct stats_field *fields, size_t n, void *message, const char *word,
		size_t bytes)
{
	const char *number = word + bytes + 1;
	uint64_t value;

	for (size_t i = 0; i < n; i++)
		if (!strncmp(fields[i].name, word, bytes) && !fields[i].name[bytes] &&
		    stats_parse_number(number, &value))
			*(uint64_t *)((char *)message + fields[i].offset) += value;
}

void stats_parse_pairs(const char *text, const struct stats_field *fields, size_t n, void *message)
{
	while (*text) {
		size_t line = strcspn(text, "\n"), word = strcspn(text, " \n");

		if (word < line)
			add(fields, n, message, text, word);
		text += line + (text[line] == '\n');
	}
}

void stats_parse_words(const char *line, const struct stats_field *fields, size_t n, void *message)
{
	while (*line) {
		size_t word = strcspn(line, " "), name = strcspn(line, "= ");

		if (name < word)
			add(fields, n, message, line, name);
		line += word + (line[word] == ' ');
	}
}

bool stats_next_line(char **text, struct stats_line *line)
{
	char *at = *text, *end = at + strcspn(at, "\n"), *blank;

	if (!*at)
		return false;
	*text = *end ? end + 1 : end;
	*end = '\0';
	blank = at + strcspn(at, " ");
	line->name = at;
	line->rest = *blank ? blank + 1 : blank;
	*blank = '\0';
	return true;
}

bool stats_parse_device(const char *text, uint64_t *major, uint64_t *minor)
{
	const char *colon = strchr(text, ':');
	size_t digits = strspn(text, "0123456789");

	if (!colon || text + digits != colon || !stats_parse_number(colon + 1, minor))
		return false;
	*major = strtoull(text, NULL, 10);
	return true;
}

struct stats_rdma stats_parse_rdma(const char *line)
{
	static const struct stats_field fields[] = {
		{ "hca_handle", 0 },
		{ "hca_object", sizeof(uint64_t) },
	};
	uint64_t found[2] = { 0 };

	stats_parse_words(line, fields, ARRAY_LEN(fields), found);
	return (struct stats_rdma){
		.handles = found[0] < UINT32_MAX ? (uint32_t)found[0] : UINT32_MAX,
		.objects = found[1] < UINT32_MAX ? (uint32_t)found[1] : UINT32_MAX,
	};
}

void *stats_add(struct arena *arena, void *list, size_t *n, size_t bytes)
{
	void ***v = list, **grown = arena_array(arena, *n + 1, sizeof(*grown));

	if (*n)
		memcpy(grown, *v, *n * sizeof(*grown));
	*v = grown;
	grown[*n] = arena_alloc(arena, bytes);
	return grown[(*n)++];
}

bool stats_read(const char *dir, const char *file, struct buf *out)
{
	auto_free char *path = xasprintf("%s/%s", dir, file);

	return !fd_read_file(AT_FDCWD, path, FILE_MAX_BYTES, out, NULL) && out->n;
}

bool stats_read_number(const char *dir, const char *file, uint64_t *value)
{
	AUTO(buf_done) struct buf text = { 0 };

	return stats_read(dir, file, &text) && stats_parse_number(text.p, value);
}

void stats_read_numbers(const char *dir, const struct stats_field *fields, size_t n, void *message)
{
	for (size_t i = 0; i < n; i++)
		stats_read_number(dir, fields[i].name,
				  (uint64_t *)(void *)((char *)message + fields[i].offset));
}

void stats_read_pairs(const char *dir, const char *file, const struct stats_field *fields, size_t n,
		      void *message)
{
	AUTO(buf_done) struct buf text = { 0 };

	if (stats_read(dir, file, &text))
		stats_parse_pairs(text.p, fields, n, message);
}

/* How many bytes of it are a size as the kernel writes it: "64KB", "2MB", "1GB". */
static size_t size_bytes(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && strchr("KMG", text[digits]) && text[digits] && text[digits + 1] == 'B'
		       ? digits + 2
		       : 0;
}

/*
 * The page size in "hugetlb.2MB.current", if that is what it is; "hugetlb.2MB.rsvd.…" is another. A
 * container that may write to its cgroup can have directories there, of any name and number.
 */
static char *page_size(const struct dirent *e, const char *suffix)
{
	static const char prefix[] = "hugetlb.";
	const char *size = e->d_name + strlen(prefix);
	size_t n;

	if (!str_starts(e->d_name, prefix) || e->d_type == DT_DIR)
		return NULL;
	n = size_bytes(size);
	return !n || strcmp(size + n, suffix) ? NULL : strndup(size, n);
}

void stats_page_sizes(const char *dir, const char *suffix, struct strv *sizes)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		auto_free char *size = page_size(e, suffix);

		if (size)
			strv_add(sizes, size);
	}
	if (d)
		closedir(d);
}
