/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fd.h"
#include "core/run/store.h"
#include "oci/config.h"
#include "shim/cli/load.h"

#define CONFIG_MAX_BYTES (16U << 20)

int load_store(const struct cli *cli, struct loaded *l, struct err *err)
{
	return store_open(cli->globals.root, &l->store, err);
}

int load_container(const struct cli *cli, struct loaded *l, struct err *err)
{
	if (load_store(cli, l, err))
		return -1;
	return container_load(&l->store, cli->args[0], &l->c, err);
}

int load_spec(struct loaded *l, struct err *err)
{
	if (fd_read_file(l->c.dir_fd, "config.json", CONFIG_MAX_BYTES, &l->config, err) ||
	    oci_config_parse(l->config.p, l->config.n, &l->spec, err))
		return err_wrap(err, "container %s", l->c.id);
	l->spec.bundle = arena_strdup(&l->spec.arena, l->c.bundle);
	return 0;
}

int load_container_spec(const struct cli *cli, struct loaded *l, struct err *err)
{
	if (load_container(cli, l, err))
		return -1;
	return load_spec(l, err);
}

void loaded_done(struct loaded *l)
{
	container_done(&l->c);
	store_done(&l->store);
	spec_done(&l->spec);
	buf_done(&l->config);
}

int load_bundle(const struct cli *cli, const char *dir, struct loaded *l, struct err *err)
{
	if (load_store(cli, l, err))
		return -1;
	return oci_config_load(dir ? dir : ".", &l->config, &l->spec, err);
}
