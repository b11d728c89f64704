/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/version.h"
#include "oci/features_self.h"
#include "proto/runtime.pb-c.h"
#include "shim/task/args.h"
#include "shim/task/info.h"

int info_print_version(const char *name, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };

	buf_addf(&b, "%s:\n  Version:  %s\n  Revision: %s\n\n", name, version_number(),
		 version_commit());
	return fd_write_all(STDOUT_FILENO, b.p, b.n, err);
}

/* The document of `kedge features`, under the name by which containerd's Go knows its type. */
#define FEATURES "types.containerd.io/opencontainers/runtime-spec/1/features/Features"

/* What is on stdin; `*any` stays NULL when there is nothing. */
static int read_options(Wkt__Any **any, struct err *err)
{
	AUTO(buf_done) struct buf in = { 0 };

	if (args_read_stdin(&in, err))
		return -1;
	if (!in.n)
		return 0;
	*any = wkt__any__unpack(NULL, in.n, (const uint8_t *)in.p);
	return *any ? 0 : err_set(err, ERR_INVALID, "what is on stdin are no options");
}

static int write_info(Wkt__Any *options, struct err *err)
{
	static char name[] = "io.containerd.kedge.v1", type[] = FEATURES;
	Runtime__RuntimeInfo info = RUNTIME__RUNTIME_INFO__INIT;
	Runtime__RuntimeVersion version = RUNTIME__RUNTIME_VERSION__INIT;
	Wkt__Any features = WKT__ANY__INIT;
	auto_free char *text = oci_features_self();
	auto_free uint8_t *wire = NULL;

	version.version = (char *)version_number();
	version.revision = (char *)version_commit();
	features.type_url = type;
	features.value.data = (uint8_t *)text;
	features.value.len = strlen(text);
	info.options = options && *options->type_url ? options : NULL;
	info.name = name;
	info.version = &version;
	info.features = &features;
	wire = xmalloc(runtime__runtime_info__get_packed_size(&info));
	return fd_write_all(STDOUT_FILENO, wire, runtime__runtime_info__pack(&info, wire), err);
}

int info_write(struct err *err)
{
	Wkt__Any *options = NULL;
	int ret;

	if (read_options(&options, err))
		return -1;
	ret = write_info(options, err);
	if (options)
		wkt__any__free_unpacked(options, NULL);
	return ret;
}
