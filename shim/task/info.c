/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fd.h"
#include "core/base/version.h"
#include "proto/runtime.pb-c.h"
#include "shim/task/info.h"

int info_print_version(const char *name, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };

	buf_addf(&b, "%s:\n  Version:  %s\n  Revision: %s\n\n", name, version_number(),
		 version_commit());
	return fd_write_all(STDOUT_FILENO, b.p, b.n, err);
}

int info_write(struct err *err)
{
	static char name[] = "io.containerd.kedge.v1";
	Runtime__RuntimeInfo info = RUNTIME__RUNTIME_INFO__INIT;
	Runtime__RuntimeVersion version = RUNTIME__RUNTIME_VERSION__INIT;
	auto_free uint8_t *wire = NULL;

	version.version = (char *)version_number();
	version.revision = (char *)version_commit();
	info.name = name;
	info.version = &version;
	wire = xmalloc(runtime__runtime_info__get_packed_size(&info));
	return fd_write_all(STDOUT_FILENO, wire, runtime__runtime_info__pack(&info, wire), err);
}
