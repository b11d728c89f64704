/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "core/plan/external_dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The container's mountinfo is the input; host and config name what is likely in it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char host_text[] = "1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
					"2 1 0:5 / /a/b rw shared:2 - tmpfs t rw\n";
	static char *options[] = { (char *)"rbind", (char *)"rslave", NULL };
	struct spec_mount mounts[] = { { .destination = (char *)"/a",
					 .source = (char *)"/a",
					 .options = { .v = options, .n = 2 } } };
	struct spec spec = { .mounts = { .v = mounts, .n = 1 } };
	struct external_pair pair = { .from = "/k", .to = "key" };
	struct external_args args = { .is_auto = true, .v = &pair, .n = 1 };
	AUTO(mount_table_done) struct mount_table host = { 0 };
	AUTO(mount_table_done) struct mount_table container = { 0 };
	AUTO(external_plan_done) struct external_plan plan = { 0 };
	AUTO(checkpoint_info_done) struct checkpoint_info info = { 0 };
	struct external_dump_input in = {
		.spec = &spec, .container = &container, .host = &host, .args = &args
	};
	struct err err = { 0 };

	args.is_auto = size & 1;
	args.allows_slave = size & 2;
	args.n = size & 4 ? 1 : 0;
	if (mount_table_parse(host_text, strlen(host_text), &host, &err) ||
	    mount_table_parse((const char *)data, size, &container, &err))
		return 0;
	external_dump_plan(&in, &plan, &info, &err);
	return 0;
}
