/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/str.h"

#define BLOCK_BYTES 4096

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	max_align_t data[];
};

static void *need(void *p)
{
	static const char msg[] = "kedge: out of memory\n";

	if (p)
		return p;
	if (write(STDERR_FILENO, msg, sizeof(msg) - 1) < 0)
		abort();
	abort();
}

void *xmalloc(size_t bytes)
{
	return need(malloc(bytes ? bytes : 1));
}

void *xcalloc(size_t n, size_t bytes)
{
	return need(calloc(n ? n : 1, bytes ? bytes : 1));
}

void *xrealloc(void *p, size_t n, size_t bytes)
{
	return need(reallocarray(p, n ? n : 1, bytes));
}

char *xstrdup(const char *s)
{
	return need(strdup(s));
}

char *xstrdup_filled(const char *s)
{
	return *s ? xstrdup(s) : NULL;
}

static char *format(const char *fmt, va_list ap)
{
	char *s = NULL;

	return need(vasprintf(&s, fmt, ap) < 0 ? NULL : s);
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = format(fmt, ap);
	va_end(ap);
	return s;
}

static struct arena_block *arena_grow(struct arena *arena, size_t bytes)
{
	size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
	struct arena_block *b;

	if (size > SIZE_MAX - sizeof(*b))
		need(NULL);
	b = xcalloc(1, sizeof(*b) + size);
	b->size = size;
	b->next = arena->head;
	arena->head = b;
	return b;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_block *b = arena->head;
	void *p;

	if (bytes > SIZE_MAX / 2)
		need(NULL);
	bytes = (bytes + align - 1) / align * align;
	if (!b || b->size - b->used < bytes)
		b = arena_grow(arena, bytes);
	p = (char *)b->data + b->used;
	b->used += bytes;
	return p;
}

void *arena_array(struct arena *arena, size_t n, size_t bytes)
{
	if (bytes && n > SIZE_MAX / 2 / bytes)
		need(NULL);
	return arena_alloc(arena, n * bytes);
}

char *arena_strdup(struct arena *arena, const char *s)
{
	size_t bytes;

	if (!s)
		return NULL;
	bytes = strlen(s) + 1;
	return memcpy(arena_alloc(arena, bytes), s, bytes);
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	s = arena_alloc(arena, (size_t)(len < 0 ? 0 : len) + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)(len < 0 ? 0 : len) + 1, fmt, ap);
	va_end(ap);
	return s;
}

void arena_done(struct arena *arena)
{
	while (arena->head) {
		struct arena_block *next = arena->head->next;

		free(arena->head);
		arena->head = next;
	}
}

static void strv_take(struct strv *sv, char *s)
{
	sv->v = xrealloc(sv->v, sv->n + 2, sizeof(*sv->v));
	sv->v[sv->n++] = s;
	sv->v[sv->n] = NULL;
}

void strv_add(struct strv *sv, const char *s)
{
	strv_take(sv, xstrdup(s));
}

void strv_addf(struct strv *sv, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strv_take(sv, format(fmt, ap));
	va_end(ap);
}

bool strv_has(const struct strv *sv, const char *s)
{
	for (size_t i = 0; i < sv->n; i++)
		if (!strcmp(sv->v[i], s))
			return true;
	return false;
}

void strv_done(struct strv *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		free(sv->v[i]);
	free(sv->v);
	sv->v = NULL;
	sv->n = 0;
}

static void buf_reserve(struct buf *b, size_t more)
{
	size_t want = b->n + more + 1;

	if (want < more)
		need(NULL);
	if (want <= b->cap)
		return;
	b->cap = want * 2;
	b->p = xrealloc(b->p, b->cap, 1);
}

void buf_add(struct buf *b, const void *p, size_t bytes)
{
	buf_reserve(b, bytes);
	if (bytes)
		memcpy(b->p + b->n, p, bytes);
	b->n += bytes;
	b->p[b->n] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = format(fmt, ap);
	va_end(ap);
	buf_str(b, s);
	free(s);
}

/* The length of the UTF-8 sequence at `s` (1 to 4), or 0 when it isn't one within `left` bytes. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	static const unsigned long min[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned long cp;
	size_t len;

	if (s[0] < 0x80)
		return 1;
	len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || len > left)
		return 0;
	cp = s[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (s[i] & 0x3f);
	}
	if (cp < min[len] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	return len;
}

bool str_is_utf8(const char *s, size_t bytes)
{
	for (size_t i = 0; i < bytes;) {
		size_t len = utf8_len((const unsigned char *)s + i, bytes - i);

		if (!len)
			return false;
		i += len;
	}
	return true;
}

static unsigned long code_point(const unsigned char *s, size_t len)
{
	unsigned long cp = len == 1 ? s[0] : s[0] & (0x7fU >> len);

	for (size_t i = 1; i < len; i++)
		cp = cp << 6 | (s[i] & 0x3f);
	return cp;
}

/* What moves the cursor, begins an escape sequence, or makes text look like another. */
static bool is_control(unsigned long cp)
{
	static const struct {
		unsigned long first, last;
	} ranges[] = { { 0, 0x1f },	   { 0x7f, 0x9f },     { 0x200b, 0x200f },
		       { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff } };

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	return false;
}

void buf_json(struct buf *b, const char *s)
{
	size_t left = strlen(s);

	while (left) {
		unsigned char c = (unsigned char)*s;
		size_t len = utf8_len((const unsigned char *)s, left);

		if (!len)
			buf_str(b, "\\ufffd");
		else if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (c == '\n')
			buf_str(b, "\\n");
		else if (is_control(code_point((const unsigned char *)s, len)))
			buf_addf(b, "\\u%04lx", code_point((const unsigned char *)s, len));
		else
			buf_add(b, s, len);
		len = len ? len : 1;
		s += len;
		left -= len;
	}
}

void buf_quoted(struct buf *b, const char *s)
{
	buf_str(b, "\"");
	buf_json(b, s);
	buf_str(b, "\"");
}

size_t buf_visible(struct buf *b, const char *s)
{
	size_t left = strlen(s), columns = 0;

	while (left) {
		const unsigned char *u = (const unsigned char *)s;
		size_t len = utf8_len(u, left);
		unsigned long cp = len ? code_point(u, len) : 0;
		size_t from = b->n;

		if (!len || (is_control(cp) && cp < 0x80))
			buf_addf(b, "\\x%02x", u[0]);
		else if (is_control(cp))
			buf_addf(b, "\\u{%lx}", cp);
		else
			buf_add(b, s, len);
		/* wide and combining characters count as one: good enough for paths */
		columns += len && !is_control(cp) ? 1 : b->n - from;
		len = len ? len : 1;
		s += len;
		left -= len;
	}
	return columns;
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}

bool str_eq(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool str_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), end = strlen(suffix);

	return n > end && !strcmp(s + n - end, suffix);
}

const char *str_last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int str_to_u64(const char *s, unsigned long long max, unsigned long long *value)
{
	unsigned long long v = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		unsigned int digit = (unsigned int)(*s - '0');

		if (digit > 9 || v > (max - digit) / 10)
			return -1;
		v = v * 10 + digit;
		if (v > max)
			return -1;
	}
	*value = v;
	return 0;
}
