/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "proto/well_known.pb-c.h"
#include "shim/task/cr_settings.h"
#include "shim/task/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The types whose values are read; the last one is nobody's. */
static const char *const types[] = {
	"containerd.runc.v1.Options",
	"containerd.linux.runc.CreateOptions",
	"runtimeoptions.v1.Options",
	"containerd.runc.v1.CheckpointOptions",
	"containerd.linux.runc.CheckpointOptions",
	"types.containerd.io/x",
	"",
};

/* As Create reads its options, whose body is TOML, and Checkpoint its own. */
static void read_both(const Wkt__Any *any)
{
	AUTO(task_options_done) struct task_options options = { 0 };
	AUTO(cr_settings_done) struct cr_settings settings = { .way = CR_CHECKPOINT };
	struct err err = { 0 };

	if (!task_options_parse(any, &options, &err))
		cr_settings_take_body(&settings, options.config_body.p, options.config_body.n,
				      &err);
	cr_settings_take_request(&settings, any, &err);
}

/* The first byte chooses a type, or makes the rest the whole Any. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Wkt__Any any = WKT__ANY__INIT, *whole;

	if (!size)
		return 0;
	if (data[0] < ARRAY_LEN(types)) {
		any.type_url = (char *)types[data[0]];
		any.value.data = (uint8_t *)data + 1;
		any.value.len = size - 1;
		read_both(&any);
		return 0;
	}
	whole = wkt__any__unpack(NULL, size - 1, data + 1);
	if (whole) {
		read_both(whole);
		wkt__any__free_unpacked(whole, NULL);
	}
	return 0;
}
