/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/plan/external_args.h"
#include "core/plan/external_key.h"
#include "core/plan/external_spec.h"
#include "core/plan/findings.h"

/* What CRIU takes besides mounts; anything else is a typo that it would ignore. */
static const char *const kinds[] = { "dev", "file", "macvlan", "net", "pid", "tty", "unix", "veth" };

static const char *const option_names[] = { "--external", "--ext-mount-map" };

/* What is being parsed, for messages. */
struct word {
	enum external_side side;
	bool is_old; /* of --ext-mount-map */
	const char *text;
	struct external_args *args;
	struct findings *findings;
};

static int bad(const struct word *w, const char *rule)
{
	findings_add(w->findings, ERR_INVALID, "%s '%s': %s", option_names[w->is_old], w->text,
		     rule);
	return -1;
}

static int check_mountpoint(const struct word *w, struct external_pair *pair)
{
	if (*pair->from != '/')
		return bad(w, "the mountpoint must be an absolute path inside the container");
	pair->from = external_spec_normal_path(&w->args->arena, pair->from);
	if (!pair->from)
		return bad(w, "the mountpoint must not contain \"..\"");
	if (str_eq(pair->from, "/"))
		return bad(w, "the root comes from the bundle and takes no key");
	if (!*pair->to)
		return bad(w, "the key is empty");
	if (!external_key_can_hold(pair->to))
		return bad(w, "a key can't contain \"]:\" or control characters");
	if (str_starts(pair->to, "CRIU:"))
		return bad(w, "keys that begin with \"CRIU:\" are CRIU's own");
	return 0;
}

static int check_host_path(const struct word *w, struct external_pair *pair)
{
	if (!*pair->from)
		return bad(w, "the key is empty");
	if (*pair->to != '/')
		return bad(w, "the host path must be absolute");
	return 0;
}

static int add_pair(const struct word *w, struct external_pair pair)
{
	struct external_args *args = w->args;
	const struct external_pair *old;

	if (w->side == EXTERNAL_CHECKPOINT ? check_mountpoint(w, &pair) : check_host_path(w, &pair))
		return -1;
	old = external_args_find(args, pair.from);
	if (old && !str_eq(old->to, pair.to))
		return bad(w, "the same one is mapped to something else as well");
	if (!old)
		args->v[args->n++] = pair;
	return 0;
}

/* Split `text` at `mark`; the second part begins `keep` bytes before the mark's end. */
static int split(const struct word *w, const char *text, const char *mark, size_t keep)
{
	char *from = arena_strdup(&w->args->arena, text), *at = strstr(from, mark);
	struct external_pair pair = { .from = from };

	pair.to = at + strlen(mark) - keep;
	if (keep)
		pair.to = arena_strdup(&w->args->arena, pair.to);
	*at = '\0';
	return add_pair(w, pair);
}

static int parse_auto(const struct word *w, const char *flags)
{
	bool shared = false, slave = false;

	for (; *flags; flags++) {
		bool *flag = *flags == 's' ? &shared : *flags == 'm' ? &slave : NULL;

		if (!flag || *flag)
			return bad(
				w,
				"behind \"mnt[]:\" stands \"s\" (shared), \"m\" (slaves) or both");
		*flag = true;
	}
	w->args->is_auto = true;
	w->args->allows_shared |= shared;
	w->args->allows_slave |= slave;
	return 0;
}

/* `rest` is what follows "mnt[". */
static int parse_mount(const struct word *w, const char *rest)
{
	if (str_eq(rest, "]"))
		return parse_auto(w, "");
	if (str_starts(rest, "]:") && rest[2])
		return parse_auto(w, rest + 2);
	if (w->side == EXTERNAL_RESTORE) {
		if (strstr(rest, "]:/"))
			return split(w, rest, "]:/", 1);
		if (strstr(rest, "]:"))
			return bad(w, "the host path must be absolute");
		return bad(w, "it has to be mnt[KEY]:HOSTPATH");
	}
	if (strstr(rest, "]:"))
		return split(w, rest, "]:", 0);
	return bad(w, "it has to be mnt[MOUNTPOINT]:KEY");
}

static int parse_other(const struct word *w)
{
	size_t n = strcspn(w->text, "[");

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (n == strlen(kinds[i]) && !strncmp(w->text, kinds[i], n)) {
			if (!strchr(w->text + n, ']'))
				return bad(w, "it has to be KIND[ID] or KIND[ID]:NAME");
			strv_add(&w->args->passed_on, w->text);
			return 0;
		}
	return bad(w, "CRIU knows mnt[], dev[], file[], macvlan[], net[], pid[], tty[], unix[] "
		      "and veth[]");
}

static int parse_external(const struct word *w)
{
	if (str_starts(w->text, "mnt["))
		return parse_mount(w, w->text + strlen("mnt["));
	return parse_other(w);
}

static int parse_old(const struct word *w)
{
	const char *mark = w->side == EXTERNAL_RESTORE ? ":/" : ":";

	if (str_eq(w->text, "auto"))
		return parse_auto(w, "");
	if (strstr(w->text, mark))
		return split(w, w->text, mark, strlen(mark) - 1);
	if (strchr(w->text, ':'))
		return bad(w, "the host path must be absolute");
	return bad(w, w->side == EXTERNAL_RESTORE ? "it has to be KEY:HOSTPATH or auto"
						  : "it has to be MOUNTPOINT:KEY or auto");
}

int external_args_parse(enum external_side side, const struct strv *external,
			const struct strv *ext_mount_map, struct external_args *args,
			struct err *err)
{
	struct external_args a = { .has_old_spelling = ext_mount_map->n > 0 };
	struct findings findings = { .err = err };
	struct word w = { .side = side, .args = &a, .findings = &findings };

	a.v = arena_array(&a.arena, external->n + ext_mount_map->n, sizeof(*a.v));
	for (size_t i = 0; i < external->n; i++) {
		w.text = external->v[i];
		parse_external(&w);
	}
	w.is_old = true;
	for (size_t i = 0; i < ext_mount_map->n; i++) {
		w.text = ext_mount_map->v[i];
		parse_old(&w);
	}
	if (findings_end(&findings)) {
		external_args_done(&a);
		return -1;
	}
	*args = a;
	return 0;
}

void external_args_done(struct external_args *args)
{
	strv_done(&args->passed_on);
	arena_done(&args->arena);
	*args = (struct external_args){ 0 };
}

const struct external_pair *external_args_find(const struct external_args *args, const char *from)
{
	for (size_t i = 0; i < args->n; i++)
		if (str_eq(args->v[i].from, from))
			return &args->v[i];
	return NULL;
}
