/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>

#include "core/base/str.h"
#include "core/cr/criu_explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(mount_names_done) struct mount_names names = { 0 };
	struct err err = { .kind = ERR_CRIU };

	mount_names_add(&names, 1, "/", NULL);
	mount_names_add(&names, 12, "/data", "/srv/a");
	names.v[1].alias = "/run/stage/k0001";
	snprintf(err.msg, sizeof(err.msg), "%.*s", (int)(size < 4000 ? size : 4000),
		 (const char *)data);
	criu_explain(&names, &err);
	return 0;
}
