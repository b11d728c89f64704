/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/base/fd.h"
#include "core/cr/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "pstree.img",    "core-1.img",	 "mountpoints-13.img",
				     "inventory.img", "stats-dump",	 "pagemap-1.img",
				     "ids-1.img",     "descriptors.json" };

/* The first byte chooses the file that the rest becomes; the files stay from run to run. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char dir[] = "/tmp/kedge-inspect-fuzz-XXXXXX";
	static int dir_fd = -1;
	AUTO(inspection_done) struct inspection in = { .dir_fd = -1, .images_fd = -1 };
	auto_fd int fd = -1;

	if (dir_fd < 0 && mkdtemp(dir))
		dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0 || !size)
		return 0;
	fd = openat(dir_fd, names[data[0] % ARRAY_LEN(names)],
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	fd_write_all(fd, data + 1, size - 1, NULL);
	inspect_images(dir, NULL, &in, NULL);
	return 0;
}
