/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/stat.h>

#include "core/cr/given_ns.h"
#include "core/cr/images_net.h"
#include "core/linux/namespaces.h"

/* Joined, it gets back what the image has of it. */
static int give_net(const char *path, int images_fd, int fd, struct criu_request *req,
		    struct err *err)
{
	bool is_external;

	if (images_net_is_external(images_fd, &is_external, err))
		return -1;
	if (is_external)
		criu_inherits_add(&req->inherit_fds, "extRootNetNS", fd);
	else
		criu_pairs_add(&req->join_ns, "net", path);
	return 0;
}

int given_ns_request(const struct spec *spec, int images_fd, int fds[SPEC_NS_KINDS],
		     struct criu_request *req, struct err *err)
{
	static const struct {
		enum spec_ns kind;
		const char *inherit; /* or NULL */
		const char *join;    /* or NULL */
	} given[] = {
		{ SPEC_NS_PID, "extRootPidNS", NULL }, { SPEC_NS_IPC, NULL, "ipc" },
		{ SPEC_NS_UTS, NULL, "uts" },	       { SPEC_NS_TIME, NULL, "time" },
		{ SPEC_NS_USER, NULL, "user" },	       { SPEC_NS_MOUNT, NULL, NULL },
		{ SPEC_NS_CGROUP, NULL, NULL },
	};
	const char *net = spec->ns[SPEC_NS_NET].path;

	if (namespaces_open(spec, fds, err))
		return -1;
	if (net && give_net(net, images_fd, fds[SPEC_NS_NET], req, err))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(given); i++) {
		const char *path = spec->ns[given[i].kind].path;

		if (!path)
			continue;
		if (given[i].inherit)
			criu_inherits_add(&req->inherit_fds, given[i].inherit, fds[given[i].kind]);
		else if (given[i].join)
			criu_pairs_add(&req->join_ns, given[i].join, path);
		else
			return err_set(err, ERR_UNSUPPORTED,
				       "config.json: namespace path %s: CRIU can't restore into a "
				       "mount or cgroup namespace that exists",
				       path);
	}
	return 0;
}

int given_ns_check(pid_t root, const int fds[SPEC_NS_KINDS], struct err *err)
{
	struct stat given, has;
	char path[64];

	if (fds[SPEC_NS_NET] < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)root);
	if (fstat(fds[SPEC_NS_NET], &given) || stat(path, &has))
		return err_sys(err, "look at the network namespace of process %d", (int)root);
	if (given.st_dev == has.st_dev && given.st_ino == has.st_ino)
		return 0;
	return err_set(err, ERR_INVALID,
		       "CRIU has restored process %d into another network namespace than the one "
		       "that is there for it",
		       (int)root);
}
