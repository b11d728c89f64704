/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "core/plan/external_args.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses side and spelling, each line is a word. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(external_args_done) struct external_args args = { 0 };
	AUTO(strv_done) struct strv words = { 0 };
	AUTO(buf_done) struct buf text = { 0 };
	const struct strv none = { 0 };
	struct err err = { 0 };
	enum external_side side = size && data[0] & 1 ? EXTERNAL_RESTORE : EXTERNAL_CHECKPOINT;
	bool is_old = size && data[0] & 2;

	if (size)
		buf_add(&text, data + 1, size - 1);
	for (char *rest = text.p, *word; (word = strsep(&rest, "\n"));)
		strv_add(&words, word);
	external_args_parse(side, is_old ? &none : &words, is_old ? &words : &none, &args, &err);
	return 0;
}
