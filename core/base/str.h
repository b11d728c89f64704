/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str.h - memory and text: scope-bound pointers, an arena, string vectors, a growing buffer
 *
 * Effects  none beyond the heap. Running out of memory ends the process by abort(): a runtime that
 *          can't get a few KiB can't clean up either, and every caller stays readable.
 */
#ifndef KEDGE_CORE_BASE_STR_H
#define KEDGE_CORE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* `auto_free char *p = NULL;` is freed when it leaves its scope. */
static inline void auto_free_cleanup(void *p)
{
	free(*(void **)p);
}
#define auto_free __attribute__((cleanup(auto_free_cleanup)))

/* `AUTO(x_done) struct x v = { 0 };` calls x_done(&v) when v leaves its scope. */
#define AUTO(done) __attribute__((cleanup(done)))

/* Hand a pointer over: gives the value and leaves NULL behind. */
#define take_ptr(p)                         \
	({                                  \
		__typeof__(*(p)) v_ = *(p); \
		*(p) = NULL;                \
		v_;                         \
	})

/* malloc, calloc, realloc and friends that never give NULL. The caller frees. */
void *xmalloc(size_t bytes) __attribute__((malloc, returns_nonnull));
/* `n` zeroed objects of `bytes` bytes each; the caller frees. */
void *xcalloc(size_t n, size_t bytes) __attribute__((malloc, returns_nonnull));
/* Resize to n * bytes (overflow is checked); the caller frees. */
void *xrealloc(void *p, size_t n, size_t bytes) __attribute__((returns_nonnull));
/* A copy of `s`; the caller frees. */
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
/* A copy of `s`, or NULL where `s` is empty, as protobuf gives what isn't there; the caller frees. */
char *xstrdup_filled(const char *s) __attribute__((malloc));
/* A formatted string; the caller frees. */
char *xasprintf(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), malloc, returns_nonnull));

/*
 * An arena: memory that belongs to one value (a spec, a plan) and goes with it in one call.
 * A zeroed struct is an empty arena.
 */
struct arena_block;
struct arena {
	struct arena_block *head;
};

/* `bytes` zeroed bytes, aligned for any type, owned by the arena. */
void *arena_alloc(struct arena *arena, size_t bytes) __attribute__((returns_nonnull));
/* A zeroed array of `n` objects of `bytes` bytes, owned by the arena. */
void *arena_array(struct arena *arena, size_t n, size_t bytes) __attribute__((returns_nonnull));
/* A copy of `s` in the arena; NULL stays NULL. */
char *arena_strdup(struct arena *arena, const char *s);
/* A formatted string in the arena. */
char *arena_printf(struct arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull));
/* Give all memory of the arena back; it is empty afterwards. */
void arena_done(struct arena *arena);

/* A growing vector of strings, NULL-terminated whenever `v` is not NULL (fit for execve). */
struct strv {
	char **v;
	size_t n;
};

/* Append a copy of `s`. */
void strv_add(struct strv *sv, const char *s);
/* Append a formatted string. */
void strv_addf(struct strv *sv, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Whether `s` is one of the strings. */
bool strv_has(const struct strv *sv, const char *s);
/* Free the strings and the vector; it is empty afterwards. */
void strv_done(struct strv *sv);

/* A growing byte buffer; `p` is NUL-terminated behind `n` whenever it is not NULL. */
struct buf {
	char *p;
	size_t n;
	size_t cap;
};

/* Append `bytes` bytes. */
void buf_add(struct buf *b, const void *p, size_t bytes);
/* Append a string. */
void buf_str(struct buf *b, const char *s);
/* Append formatted text. */
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Append `s` as the inside of a JSON string (RFC 8259 §7); bytes that are not UTF-8 become U+FFFD. */
void buf_json(struct buf *b, const char *s);
/* Append `s` as a JSON string, quotes and all. */
void buf_quoted(struct buf *b, const char *s);
/*
 * Append `s` as a terminal may see it: control characters (C1 and the ones that turn the direction
 * of text among them) and bytes that are not UTF-8 as \xNN or \u{N}. Gives the columns it takes.
 */
size_t buf_visible(struct buf *b, const char *s);
/* Free the memory; the buffer is empty afterwards. */
void buf_done(struct buf *b);

/* Whether `a` and `b` are both NULL or equal. */
bool str_eq(const char *a, const char *b);
/* Whether `s` begins with `prefix`. */
bool str_starts(const char *s, const char *prefix);
/* Whether `s` ends with `suffix` and has something before it. */
bool str_ends(const char *s, const char *suffix);
/* What is behind the last slash of a path; all of it if there is none. Borrowed from it. */
const char *str_last_part(const char *path);
/* Whether the first `bytes` bytes of `s` are valid UTF-8 (RFC 3629; no surrogates, no overlongs). */
bool str_is_utf8(const char *s, size_t bytes);

/*
 * Strict decimal: digits only, no sign, no space, nothing behind, at most `max`.
 * Returns 0, or -1 with `*value` untouched (CVE-2026-30892: lax id parsing runs as another user).
 */
int str_to_u64(const char *s, unsigned long long max, unsigned long long *value);

#endif
