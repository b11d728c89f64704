/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "core/cr/criu_explain.h"

#define DIGITS	  "0123456789"
#define ID_DIGITS 10 /* in the name of a directory of CRIU's */

void mount_names_add(struct mount_names *names, unsigned int id, const char *mountpoint,
		     const char *source)
{
	names->v = xrealloc(names->v, names->n + 1, sizeof(*names->v));
	names->v[names->n++] =
		(struct mount_name){ .id = id, .mountpoint = mountpoint, .source = source };
}

void mount_names_done(struct mount_names *names)
{
	free(take_ptr(&names->v));
	names->n = 0;
}

static const struct mount_name *find_id(const struct mount_names *names, unsigned long long id)
{
	for (size_t i = names->n; i-- > 0;)
		if (names->v[i].id == id)
			return &names->v[i];
	return NULL;
}

/* By a path of CRIU's: that of the mountpoint, or the one it got for the source. */
static const struct mount_name *find_path(const struct mount_names *names, const char *path)
{
	for (size_t i = names->n; i-- > 0;)
		if (str_eq(names->v[i].mountpoint, path) || str_eq(names->v[i].alias, path))
			return &names->v[i];
	return NULL;
}

/* A text on its way. */
struct text {
	const struct mount_names *names;
	struct buf out;
	const char *before;	       /* the word before, or NULL */
	const struct mount_name *last; /* which the word before named, or NULL */
	bool is_of_mounts; /* within "mnt: …" or "mnt-v2: …", up to the next cause */
};

static void add_name(struct text *t, const struct mount_name *name, const char *below)
{
	bool is_root = !strcmp(name->mountpoint, "/");

	buf_addf(&t->out, "%s%s", is_root && *below ? "" : name->mountpoint, below);
	if (name->source)
		buf_addf(&t->out, " (from %s)", name->source);
	t->last = name;
}

/* The number at `s`, which ends at a byte of `ends` or the end; NULL when there is none. */
static const char *number(const char *s, const char *ends, unsigned long long *v)
{
	size_t n = strspn(s, DIGITS);
	char text[24];

	if (!n || n >= sizeof(text) || (s[n] && !strchr(ends, s[n])))
		return NULL;
	snprintf(text, sizeof(text), "%.*s", (int)n, s);
	return str_to_u64(text, UINT_MAX, v) ? NULL : s + n;
}

/* "12:./x", "12:(null)", "-1:/srv/x": the id is worth more than the path. */
static bool explain_pair(struct text *t, const char *word)
{
	const struct mount_name *name;
	unsigned long long id;
	const char *path = number(word + (*word == '-'), ":", &id);

	if (!path || !*path ||
	    !(path[1] == '/' || str_starts(path, ":./") || str_starts(path, ":(null)")))
		return false;
	path += 1 + (path[1] == '.');
	name = *word == '-' ? NULL : find_id(t->names, id);
	if (name)
		add_name(t, name, "");
	else
		buf_str(&t->out, *path == '/' ? path : "an unknown mount");
	return true;
}

/* "/tmp/.criu.mntns.a1B2c3/mnt-0000000012/sub" */
static bool explain_yard(struct text *t, const char *word)
{
	const char *at = strstr(word, "/mnt-");
	const struct mount_name *name;
	unsigned long long id;
	const char *end;

	if (!at || strspn(at + strlen("/mnt-"), DIGITS) != ID_DIGITS)
		return false;
	end = number(at + strlen("/mnt-"), "/", &id);
	name = end ? find_id(t->names, id) : NULL;
	if (name)
		add_name(t, name, end);
	return name;
}

/* "./x" of a dump, or the path of a staged source. */
static bool explain_path(struct text *t, const char *word)
{
	const char *path = word + (word[0] == '.');
	const struct mount_name *name;

	if (*path != '/')
		return false;
	name = find_path(t->names, path);
	if (name && name == t->last) /* "Mount 12 ./data": said already */
		t->out.n -= t->out.p[t->out.n - 1] == ' ';
	else if (name && (path != word || str_eq(name->alias, path)))
		add_name(t, name, "");
	else
		buf_str(&t->out, path);
	return true;
}

/* The mount in which `path` lies: the one with the longest mountpoint. */
static const struct mount_name *find_above(const struct mount_names *names, const char *path)
{
	const struct mount_name *found = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < names->n; i++) {
		size_t n = strlen(names->v[i].mountpoint);

		if (n >= longest && n > 1 && !strncmp(path, names->v[i].mountpoint, n) &&
		    path[n] == '/') {
			found = &names->v[i];
			longest = n;
		}
	}
	return found;
}

/* "File data/f has bad size": an open file of the container, without the slash. */
static bool explain_file(struct text *t, const char *word)
{
	const struct mount_name *name;
	auto_free char *path = xasprintf("/%s", word);

	if (!(str_eq(t->before, "file") || str_eq(t->before, "File")) || !strchr(word, '/'))
		return false;
	name = find_above(t->names, path);
	buf_str(&t->out, path);
	if (name && name->source)
		buf_addf(&t->out, " (from %s%s)", name->source, path + strlen(name->mountpoint));
	return true;
}

/* A bare number is a mount's id only behind these words; others count bytes, pids, groups. */
static bool explain_number(struct text *t, const char *word)
{
	static const char *const words[] = { "mount", "Mount", "to",   "from",	 "of",
					     "on",    "for",   "make", "mnt_id", "bind" };
	const char *digits = str_starts(word, "mount=") ? word + strlen("mount=") : word;
	const struct mount_name *name;
	unsigned long long id;
	bool is_id = digits != word;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		is_id |= t->is_of_mounts && str_eq(t->before, words[i]);
	if (!is_id || !number(digits, "", &id))
		return false;
	name = find_id(t->names, id);
	if (!name)
		return false;
	buf_add(&t->out, word, (size_t)(digits - word));
	add_name(t, name, "");
	return true;
}

/* A word without what ends it: "59:" is "59"; "12:(null)" stays. */
static size_t bare_length(const char *word, size_t n)
{
	static const char null[] = "(null)";

	while (n && strchr(":;,)", word[n - 1]) &&
	       (n < sizeof(null) - 1 || memcmp(word + n - (sizeof(null) - 1), null, 6) != 0))
		n--;
	return n;
}

static void explain_word(struct text *t, const char *word)
{
	const struct mount_name *last = t->last;

	if (!explain_pair(t, word) && !explain_yard(t, word) && !explain_path(t, word) &&
	    !explain_file(t, word) && !explain_number(t, word))
		buf_str(&t->out, word);
	if (t->last == last)
		t->last = NULL;
}

static void explain_text(struct text *t, const char *text)
{
	auto_free char *before = NULL;

	while (*text) {
		size_t n = strcspn(text, " "), bare = bare_length(text, n);
		auto_free char *word = xasprintf("%.*s", (int)bare, text);

		explain_word(t, word);
		t->is_of_mounts = (t->is_of_mounts || str_starts(word, "mnt")) &&
				  (!n || text[n - 1] != ';');
		n += text[n] == ' ';
		buf_add(&t->out, text + bare, n - bare);
		text += n;
		free(before);
		before = take_ptr(&word);
		t->before = before;
	}
}

void criu_explain(const struct mount_names *names, struct err *err)
{
	struct text t = { .names = names };

	if (!err || err->kind != ERR_CRIU)
		return;
	explain_text(&t, err->msg);
	snprintf(err->msg, sizeof(err->msg), "%s", t.out.p ? t.out.p : "");
	buf_done(&t.out);
}
