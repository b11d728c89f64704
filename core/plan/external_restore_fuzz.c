/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "core/plan/external_restore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_MOUNTS 32

/* Each line is a mount: two digits of ids, then mountpoint and key with a space between. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct spec_mount mounts[] = {
		{ .destination = (char *)"/a", .source = (char *)"/src", .type = (char *)"bind" }
	};
	struct spec spec = { .mounts = { .v = mounts, .n = 1 } };
	struct image_mount images[MAX_MOUNTS] = { 0 };
	struct external_pair pair = { .from = "k", .to = "/user" };
	struct external_args args = { .is_auto = size & 1, .v = &pair, .n = size & 2 ? 1 : 0 };
	struct checkpoint_info info = { .version = size & 4 ? CHECKPOINT_INFO_VERSION : 0 };
	struct external_restore_input in = { .mounts = images, .args = &args, .info = &info };
	AUTO(remap_done) struct remap remap = { 0 };
	AUTO(arena_done) struct arena arena = { 0 };
	struct checkpoint_mount noted[MAX_MOUNTS];
	struct restore_row *rows;
	struct live_mounts live;
	AUTO(external_plan_done) struct external_plan plan = { 0 };
	AUTO(buf_done) struct buf text = { 0 };
	struct err err = { 0 };

	buf_add(&text, data, size);
	for (char *rest = text.p, *line;
	     in.n_mounts < MAX_MOUNTS && (line = strsep(&rest, "\n"));) {
		char *key = strchr(line, ' ');

		if (strlen(line) < 3 || line[2] != '/')
			continue;
		if (key)
			*key++ = '\0';
		images[in.n_mounts++] = (struct image_mount){
			.id = (unsigned char)line[0],
			.parent = (unsigned char)line[1],
			.mountpoint = line + 2,
			.root = line + 2,
			.source = line + 2,
			.key = key,
		};
	}
	in.live = &live;
	in.remap = &remap;
	info.v = noted;
	info.n = in.n_mounts;
	for (size_t i = 0; i < in.n_mounts; i++)
		noted[i] = (struct checkpoint_mount){
			.id = images[i].id,
			.mountpoint = images[i].mountpoint,
			.key = images[i].key,
			.mount_index = images[i].parent,
			.destination = images[i].key,
			.type = "bind",
		};
	if (!live_mounts_build(&spec, NULL, &arena, &live, &err))
		external_restore_plan(&in, &plan, &rows, &err);
	return 0;
}
