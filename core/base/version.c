/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/version.h"

const char *version_number(void)
{
	return KEDGE_VERSION;
}

const char *version_engine(void)
{
	return "kedge " KEDGE_VERSION;
}

const char *version_commit(void)
{
	return KEDGE_COMMIT;
}
