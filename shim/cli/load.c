/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

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

/* O_NONBLOCK: a FIFO in the bundle's place of config.json must not hold us up. */
static int read_config(const char *dir, struct buf *config, struct err *err)
{
	auto_free char *path = xasprintf("%s/config.json", dir);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0) {
		err_sys(err, "open %s", path);
		return errno == ENOENT
			       ? err_hint(err, "--bundle names the directory of config.json; "
					       "`kedge spec` writes one to begin with")
			       : -1;
	}
	if (fstat(fd, &st))
		return err_sys(err, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "%s: it is not a regular file", path);
	if (fd_read_all(fd, CONFIG_MAX_BYTES, config, err))
		return err_wrap(err, "%s", path);
	return 0;
}

int load_bundle(const struct cli *cli, const char *dir, struct loaded *l, struct err *err)
{
	char resolved[PATH_MAX];

	if (load_store(cli, l, err))
		return -1;
	if (!realpath(dir ? dir : ".", resolved))
		return err_sys(err, "bundle %s", dir ? dir : ".");
	if (read_config(resolved, &l->config, err))
		return -1;
	if (oci_config_parse(l->config.p, l->config.n, &l->spec, err))
		return err_wrap(err, "%s/config.json", resolved);
	l->spec.bundle = arena_strdup(&l->spec.arena, resolved);
	return 0;
}
