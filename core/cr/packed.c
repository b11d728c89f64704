/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/base/fd.h"
#include "core/cr/packed.h"

#define MARK ".wh.kedge"

bool packed_is_temporary(const char *path)
{
	static const char name[] = "ctrd-checkpoint";
	const char *slash = strrchr(path, '/');
	const char *digits = slash ? slash + strlen(name) + 1 : path;

	if (!slash || !str_starts(slash + 1, name) || !*digits)
		return false;
	return !digits[strspn(digits, "0123456789")];
}

int packed_mark(int images_fd, const char *path, struct err *err)
{
	return packed_is_temporary(path) ? fd_replace_text(images_fd, MARK, "", 0600, err) : 0;
}
