/* SPDX-License-Identifier: Apache-2.0 */
#include "core/run/store.h"
#include "oci/config.h"
#include "shim/cli/load.h"

int load_store(const struct cli *cli, struct stored *l, struct err *err)
{
	return store_open(cli->globals.root, &l->store, err);
}

int load_container(const struct cli *cli, struct stored *l, struct err *err)
{
	return stored_open(cli->globals.root, cli->args[0], l, err);
}

int load_container_spec(const struct cli *cli, struct stored *l, struct err *err)
{
	if (load_container(cli, l, err))
		return -1;
	return stored_read_spec(l, err);
}

int load_config(const struct cli *cli, const char *dir, struct stored *l, struct err *err)
{
	if (oci_config_load(dir ? dir : ".", &l->config, &l->spec, err))
		return -1;
	l->spec.systemd_cgroup = cli->globals.systemd_cgroup;
	return 0;
}

int load_bundle(const struct cli *cli, const char *dir, struct stored *l, struct err *err)
{
	if (load_store(cli, l, err))
		return -1;
	return load_config(cli, dir, l, err);
}
