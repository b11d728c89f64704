/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/fd.h"
#include "core/run/seccomp_notify.h"

static void write_state(struct buf *b, const struct spec_seccomp *profile,
			const struct container *c, pid_t pid)
{
	auto_free char *state = container_state_json(c, CONTAINER_CREATING);

	buf_str(b, "{\"ociVersion\":\"");
	buf_json(b, c->oci_version);
	buf_addf(b, "\",\"fds\":[\"seccompFd\"],\"pid\":%d,\"metadata\":\"", (int)pid);
	buf_json(b, profile->listener_metadata ? profile->listener_metadata : "");
	buf_addf(b, "\",\"state\":%s}", state);
}

int seccomp_notify_send(const struct spec_seccomp *profile, const struct container *c, pid_t pid,
			int listener, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };
	auto_fd int sock = fd_connect_unix(profile->listener_path, err);

	if (sock < 0)
		return err_wrap(err, "seccomp listener");
	write_state(&b, profile, c, pid);
	if (fd_send_with(sock, listener, b.p, b.n, err))
		return err_wrap(err, "seccomp listener %s", profile->listener_path);
	return 0;
}
