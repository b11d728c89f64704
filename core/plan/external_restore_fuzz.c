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
	struct image_mount images[MAX_MOUNTS];
	struct external_pair pair = { .from = "k", .to = "/user" };
	struct external_args args = { .is_auto = size & 1, .v = &pair, .n = size & 2 ? 1 : 0 };
	struct external_restore_input in = { .spec = &spec, .mounts = images, .args = &args };
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
	external_restore_plan(&in, &plan, &err);
	return 0;
}
