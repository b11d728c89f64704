/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan/image_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_MOUNTS 64

/* "key" and "options" of a line begin behind a space. */
static char *next_word(char **rest)
{
	char *word = strsep(rest, " ");

	return word ? word : (char *)"";
}

/*
 * Each line is a mount: id, parent, file system type and flags as a character each, then mountpoint,
 * root, options and key with spaces between.
 */
static void parse_line(char *line, struct image_mount *m)
{
	char *rest = line + 4;

	*m = (struct image_mount){
		.id = (unsigned char)line[0] % MAX_MOUNTS,
		.parent = (unsigned char)line[1] % MAX_MOUNTS,
		.fstype = (unsigned char)line[2] % 25,
		.minor = (unsigned char)line[3] >> 4,
		.flags = (unsigned char)line[3] & 15,
		.mountpoint = next_word(&rest),
		.root = next_word(&rest),
		.options = next_word(&rest),
		.key = rest,
		.source = "source",
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *words[] = { (char *)"lowerdir=/l", (char *)"ro" };
	static char *paths[] = { (char *)"/proc/keys", (char *)"/proc/sys" };
	struct spec_mount entries[] = {
		{ .destination = (char *)"/proc", .type = (char *)"proc" },
		{ .destination = (char *)"/c", .type = (char *)"cgroup" },
		{ .destination = (char *)"/o",
		  .type = (char *)"overlay",
		  .options = { .v = words, .n = 2 } },
	};
	struct spec spec = { .mounts = { .v = entries, .n = 3 },
			     .masked_paths = { .v = paths, .n = 1 },
			     .readonly_paths = { .v = paths + 1, .n = 1 } };
	AUTO(arena_done) struct arena arena = { 0 };
	struct image_mount images[MAX_MOUNTS];
	struct live_mounts live = { 0 };
	struct image_check_input in = { .live = &live, .mounts = images };
	AUTO(buf_done) struct buf text = { 0 };
	struct err err = { 0 };
	struct findings findings = { .err = &err };

	buf_add(&text, data, size);
	for (char *rest = text.p, *line; in.n_mounts < MAX_MOUNTS && (line = strsep(&rest, "\n"));)
		if (strlen(line) > 4)
			parse_line(line, &images[in.n_mounts++]);
	spec.process.capabilities[SPEC_CAP_BOUNDING] = size & 1 ? 1ULL << 21 : 0;
	spec.ns[SPEC_NS_CGROUP].present = size & 2;
	if (live_mounts_build(&spec, NULL, &arena, &live, &err))
		return 0;
	/* the second half lies in a namespace of its own */
	in.outer = images;
	in.n_outer = size & 4 ? in.n_mounts / 2 : 0;
	in.mounts += in.n_outer;
	in.n_mounts -= in.n_outer;
	in.root_id = in.n_mounts ? in.mounts[in.n_mounts - 1].id : 0;
	image_check(&in, &findings);
	if (findings_end(&findings) && !err.msg[0])
		abort();
	return 0;
}
