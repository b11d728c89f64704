/* SPDX-License-Identifier: Apache-2.0 */
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "core/base/fd.h"
#include "core/linux/net.h"

int net_loopback_up(struct err *err)
{
	/* Any socket does for these calls; AF_UNIX is there without IPv4, too. */
	auto_fd int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &req))
		return err_sys(err, "bring the loopback device up");
	return 0;
}
