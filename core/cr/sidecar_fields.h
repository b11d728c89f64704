/* SPDX-License-Identifier: Apache-2.0 */
/* kedge.json's fields: one table for who writes them and who reads them. See hack/SIDECAR.md. */
#ifndef KEDGE_CORE_CR_SIDECAR_FIELDS_H
#define KEDGE_CORE_CR_SIDECAR_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/plan/checkpoint_info.h"

#define SIDECAR_INFO "kedge.json"

enum sidecar_kind {
	SIDECAR_TEXT,	/* const char *; left out when NULL */
	SIDECAR_NUMBER, /* unsigned int; left out when 0 */
	SIDECAR_FLAGS,	/* unsigned long, likewise */
	SIDECAR_BIG, /* uint64_t as a decimal string, since JSON's numbers end at 2^53; likewise */
	SIDECAR_INDEX, /* size_t; left out when SIZE_MAX */
	SIDECAR_TRUTH, /* bool; left out when false */
	SIDECAR_WORD,  /* an enum, by its names */
};

struct sidecar_field {
	const char *name;
	enum sidecar_kind kind;
	size_t offset;
	bool is_needed;
	const char *(*word)(unsigned int value);
	unsigned int n_words;
};

enum {
	SIDECAR_TOP_FIELDS = 8,
	SIDECAR_MOUNT_FIELDS = 29,
	SIDECAR_UNMOUNTED_FIELDS = 3,
};

extern const struct sidecar_field sidecar_top[SIDECAR_TOP_FIELDS];     /* checkpoint_info */
extern const struct sidecar_field sidecar_mount[SIDECAR_MOUNT_FIELDS]; /* checkpoint_mount */
extern const struct sidecar_field
	sidecar_unmounted[SIDECAR_UNMOUNTED_FIELDS]; /* checkpoint_unmounted */

#endif
