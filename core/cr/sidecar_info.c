/* SPDX-License-Identifier: Apache-2.0 */
/* kedge.json is written; sidecar_parse.c reads it. */
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/cr/sidecar.h"
#include "core/cr/sidecar_fields.h"

#define INFO_MAX_BYTES (32U << 20)

/* --- text that may be no UTF-8 -------------------------------------------------------------------- */

static size_t utf8_bytes(const char *p)
{
	size_t left = strnlen(p, 4);

	for (size_t n = 1; n <= left; n++)
		if (str_is_utf8(p, n))
			return n;
	return 0;
}

static bool is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/* What JSON wants escaped, and what is no UTF-8. Gives the bytes that it has taken. */
static size_t add_odd(struct buf *out, const char *p)
{
	size_t n = *p == '\\' ? 0 : utf8_bytes(p);

	if (!n)
		buf_addf(out, "\\\\%03o", (unsigned char)*p);
	else if (*p == '"')
		buf_str(out, "\\\"");
	else if (n == 1 && (unsigned char)*p < ' ')
		buf_addf(out, "\\u%04x", (unsigned char)*p);
	else
		buf_add(out, p, n);
	return n ? n : 1;
}

/* A path is bytes, JSON is UTF-8: "\ooo" is a byte of any sort, and a backslash is "\134". */
static void add_text(struct buf *out, const char *text)
{
	buf_str(out, "\"");
	while (*text) {
		size_t n = 0;

		while (is_plain(text[n]))
			n++;
		buf_add(out, text, n);
		text += n;
		if (*text)
			text += add_odd(out, text);
	}
	buf_str(out, "\"");
}

/* --- writing -------------------------------------------------------------------------------------- */

/* A thousand mounts have twenty thousand fields: no printf. */
static void add_number(struct buf *out, uint64_t v)
{
	char digits[20], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	buf_add(out, p, (size_t)(digits + sizeof(digits) - p));
}

static bool is_left_out(const struct sidecar_field *f, const void *p)
{
	switch (f->kind) {
	case SIDECAR_TEXT: return !*(const char *const *)p;
	case SIDECAR_NUMBER: return !*(const unsigned int *)p && !f->is_needed;
	case SIDECAR_FLAGS: return !*(const unsigned long *)p;
	case SIDECAR_BIG: return !*(const uint64_t *)p;
	case SIDECAR_INDEX: return *(const size_t *)p == SIZE_MAX;
	case SIDECAR_TRUTH: return !*(const bool *)p;
	case SIDECAR_WORD: return false;
	}
	return true;
}

static void add_value(struct buf *out, const struct sidecar_field *f, const void *p)
{
	switch (f->kind) {
	case SIDECAR_TEXT: add_text(out, *(const char *const *)p); break;
	case SIDECAR_NUMBER: add_number(out, *(const unsigned int *)p); break;
	case SIDECAR_FLAGS: add_number(out, *(const unsigned long *)p); break;
	case SIDECAR_BIG:
		buf_str(out, "\"");
		add_number(out, *(const uint64_t *)p);
		buf_str(out, "\"");
		break;
	case SIDECAR_INDEX: add_number(out, *(const size_t *)p); break;
	case SIDECAR_TRUTH: buf_str(out, "true"); break;
	case SIDECAR_WORD: add_text(out, f->word(*(const unsigned int *)p)); break;
	}
}

/* The members of one object, each on a line that begins with `indent`. */
static void add_fields(struct buf *out, const struct sidecar_field *fields, size_t n,
		       const void *object, const char *indent)
{
	const char *comma = "";

	for (size_t i = 0; i < n; i++) {
		const void *p = (const char *)object + fields[i].offset;

		if (is_left_out(&fields[i], p))
			continue;
		buf_str(out, comma);
		buf_str(out, indent);
		buf_str(out, "\"");
		buf_str(out, fields[i].name);
		buf_str(out, "\": ");
		add_value(out, &fields[i], p);
		comma = ",";
	}
}

/* What isn't external has no origin. */
static void add_mount(struct buf *out, const struct checkpoint_mount *m)
{
	struct sidecar_field fields[SIDECAR_MOUNT_FIELDS];
	size_t n = 0;

	for (size_t i = 0; i < SIDECAR_MOUNT_FIELDS; i++)
		if (m->key || sidecar_mount[i].offset != offsetof(struct checkpoint_mount, origin))
			fields[n++] = sidecar_mount[i];
	add_fields(out, fields, n, m, "\n   ");
}

void sidecar_format_info(const struct checkpoint_info *info, struct buf *out)
{
	buf_str(out, "{");
	add_fields(out, sidecar_top, SIDECAR_TOP_FIELDS, info, "\n ");
	buf_str(out, ",\n \"mounts\": [");
	for (size_t i = 0; i < info->n; i++) {
		buf_str(out, i ? ",\n  {" : "\n  {");
		add_mount(out, &info->v[i]);
		buf_str(out, "\n  }");
	}
	buf_str(out, info->n ? "\n ],\n \"unmounted\": [" : "],\n \"unmounted\": [");
	for (size_t i = 0; i < info->n_unmounted; i++) {
		buf_str(out, i ? ",\n  {" : "\n  {");
		add_fields(out, sidecar_unmounted, SIDECAR_UNMOUNTED_FIELDS, &info->unmounted[i],
			   "\n   ");
		buf_str(out, "\n  }");
	}
	buf_str(out, info->n_unmounted ? "\n ]\n}\n" : "]\n}\n");
}

int sidecar_write_info(int images_fd, const struct checkpoint_info *info, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };

	sidecar_format_info(info, &b);
	return fd_replace_file(images_fd, SIDECAR_INFO, &b, 0600, err);
}

void sidecar_remove_info(int images_fd)
{
	unlinkat(images_fd, SIDECAR_INFO, 0);
}

int sidecar_read_info(int images_fd, struct checkpoint_info *info, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };
	int found = sidecar_read_file(images_fd, SIDECAR_INFO, INFO_MAX_BYTES, &b, err);

	return found <= 0 ? found : sidecar_parse_info(b.p, b.n, info, err);
}
