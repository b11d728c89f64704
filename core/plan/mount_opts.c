/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "core/plan/mount_opts.h"

/* mount(2) copies one page of data, its NUL included. */
#define MAX_DATA_BYTES 4095

#define ATIME_FLAGS (MS_NOATIME | MS_RELATIME | MS_STRICTATIME)

enum effect {
	SET,	     /* a flag of mount(2) */
	CLEAR,	     /* the same, off */
	REC_SET,     /* an attribute of the mount and its submounts */
	REC_CLEAR,   /* the same, off */
	REC_ATIME,   /* one of the values of MOUNT_ATTR__ATIME, of which 0 is relatime */
	PROPAGATION, /* MS_SHARED and its like */
	SWITCH,	     /* a bool of struct mount_opts */
};

#define SWITCH_OF(field) SWITCH, offsetof(struct mount_opts, field)

/* In alphabetical order: it is searched by bsearch() and printed by `features`. */
static const struct word {
	const char *name;
	enum effect effect;
	unsigned long value; /* MS_…, MOUNT_ATTR_…, or the bool's offset */
} words[] = {
	{ "async", CLEAR, MS_SYNCHRONOUS },
	{ "atime", CLEAR, MS_NOATIME },
	{ "bind", SWITCH_OF(is_bind) },
	{ "defaults", SET, 0 },
	{ "dev", CLEAR, MS_NODEV },
	{ "diratime", CLEAR, MS_NODIRATIME },
	{ "dirsync", SET, MS_DIRSYNC },
	{ "exec", CLEAR, MS_NOEXEC },
	{ "idmap", SWITCH_OF(is_idmapped) },
	{ "iversion", SET, MS_I_VERSION },
	{ "lazytime", SET, MS_LAZYTIME },
	{ "loud", CLEAR, MS_SILENT },
	{ "mand", SET, MS_MANDLOCK },
	{ "noatime", SET, MS_NOATIME },
	{ "nodev", SET, MS_NODEV },
	{ "nodiratime", SET, MS_NODIRATIME },
	{ "noexec", SET, MS_NOEXEC },
	{ "noiversion", CLEAR, MS_I_VERSION },
	{ "nolazytime", CLEAR, MS_LAZYTIME },
	{ "nomand", CLEAR, MS_MANDLOCK },
	{ "norelatime", CLEAR, MS_RELATIME },
	{ "nostrictatime", CLEAR, MS_STRICTATIME },
	{ "nosuid", SET, MS_NOSUID },
	{ "nosymfollow", SET, MS_NOSYMFOLLOW },
	{ "private", PROPAGATION, MS_PRIVATE },
	{ "ratime", REC_ATIME, MOUNT_ATTR_RELATIME },
	{ "rbind", SWITCH_OF(is_rec_bind) },
	{ "rdev", REC_CLEAR, MOUNT_ATTR_NODEV },
	{ "rdiratime", REC_CLEAR, MOUNT_ATTR_NODIRATIME },
	{ "relatime", SET, MS_RELATIME },
	{ "remount", SWITCH_OF(is_remount) },
	{ "rexec", REC_CLEAR, MOUNT_ATTR_NOEXEC },
	{ "ridmap", SWITCH_OF(is_rec_idmapped) },
	{ "rnoatime", REC_ATIME, MOUNT_ATTR_NOATIME },
	{ "rnodev", REC_SET, MOUNT_ATTR_NODEV },
	{ "rnodiratime", REC_SET, MOUNT_ATTR_NODIRATIME },
	{ "rnoexec", REC_SET, MOUNT_ATTR_NOEXEC },
	{ "rnorelatime", REC_CLEAR, 0 }, /* as "norelatime": the kernel's default is relatime */
	{ "rnostrictatime", REC_ATIME, MOUNT_ATTR_RELATIME },
	{ "rnosuid", REC_SET, MOUNT_ATTR_NOSUID },
	{ "rnosymfollow", REC_SET, MOUNT_ATTR_NOSYMFOLLOW },
	{ "ro", SET, MS_RDONLY },
	{ "rprivate", PROPAGATION, MS_PRIVATE | MS_REC },
	{ "rrelatime", REC_ATIME, MOUNT_ATTR_RELATIME },
	{ "rro", REC_SET, MOUNT_ATTR_RDONLY },
	{ "rrw", REC_CLEAR, MOUNT_ATTR_RDONLY },
	{ "rshared", PROPAGATION, MS_SHARED | MS_REC },
	{ "rslave", PROPAGATION, MS_SLAVE | MS_REC },
	{ "rstrictatime", REC_ATIME, MOUNT_ATTR_STRICTATIME },
	{ "rsuid", REC_CLEAR, MOUNT_ATTR_NOSUID },
	{ "rsymfollow", REC_CLEAR, MOUNT_ATTR_NOSYMFOLLOW },
	{ "runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC },
	{ "rw", CLEAR, MS_RDONLY },
	{ "shared", PROPAGATION, MS_SHARED },
	{ "silent", SET, MS_SILENT },
	{ "slave", PROPAGATION, MS_SLAVE },
	{ "strictatime", SET, MS_STRICTATIME },
	{ "suid", CLEAR, MS_NOSUID },
	{ "symfollow", CLEAR, MS_NOSYMFOLLOW },
	{ "sync", SET, MS_SYNCHRONOUS },
	{ "tmpcopyup", SWITCH_OF(is_copied_up) },
	{ "unbindable", PROPAGATION, MS_UNBINDABLE },
};

/* Flags of mount(2) that are attributes of the mount rather than of the file system. */
static const struct {
	unsigned long flag;
	uint64_t attr;
} attributes[] = {
	{ MS_RDONLY, MOUNT_ATTR_RDONLY },	  { MS_NOSUID, MOUNT_ATTR_NOSUID },
	{ MS_NODEV, MOUNT_ATTR_NODEV },		  { MS_NOEXEC, MOUNT_ATTR_NOEXEC },
	{ MS_NODIRATIME, MOUNT_ATTR_NODIRATIME }, { MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
};

static int compare_word(const void *name, const void *word)
{
	return strcmp(name, ((const struct word *)word)->name);
}

static void apply_word(const struct word *word, struct mount_opts *o, unsigned long *propagation)
{
	switch (word->effect) {
	case SET:
		o->flags |= word->value;
		o->cleared &= ~word->value;
		break;
	case CLEAR:
		o->flags &= ~word->value;
		o->cleared |= word->value;
		break;
	case REC_SET:
		o->rec_set |= word->value;
		o->rec_clr &= ~word->value;
		break;
	case REC_CLEAR:
		o->rec_set &= ~word->value;
		o->rec_clr |= word->value;
		break;
	case REC_ATIME:
		o->rec_set = (o->rec_set & ~(uint64_t)MOUNT_ATTR__ATIME) | word->value;
		o->rec_clr |= MOUNT_ATTR__ATIME;
		break;
	case PROPAGATION: propagation[o->n_propagation++] = word->value; break;
	case SWITCH: *(bool *)((char *)o + word->value) = true; break;
	}
}

/* The kernel wants the access time as one value, and all of its bits cleared before. */
static void set_attributes(struct mount_opts *o)
{
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		if (o->flags & attributes[i].flag)
			o->attr_set |= attributes[i].attr;
		if (o->cleared & attributes[i].flag)
			o->attr_clr |= attributes[i].attr;
	}
	if ((o->flags & ATIME_FLAGS) || (o->cleared & (MS_NOATIME | MS_STRICTATIME)))
		o->attr_clr |= MOUNT_ATTR__ATIME;
	if (o->flags & MS_STRICTATIME)
		o->attr_set |= MOUNT_ATTR_STRICTATIME;
	else if (o->flags & MS_NOATIME)
		o->attr_set |= MOUNT_ATTR_NOATIME;
}

/* Lay the words that aren't ours side by side in `data`, and apply the others. */
static void apply_words(const struct spec_strings *options, struct mount_opts *o, char *data,
			unsigned long *propagation)
{
	for (size_t i = 0; i < options->n; i++) {
		const char *name = options->v[i];
		const struct word *word =
			bsearch(name, words, ARRAY_LEN(words), sizeof(*words), compare_word);

		if (word)
			apply_word(word, o, propagation);
		if (word || !*name)
			continue;
		if (data != o->data)
			*data++ = ',';
		data = stpcpy(data, name);
	}
}

int mount_opts_parse(const struct spec_mount *mount, struct arena *arena, struct mount_opts *opts,
		     struct err *err)
{
	const struct spec_strings *options = &mount->options;
	struct mount_opts o = { .data = "" };
	unsigned long *propagation;
	size_t bytes = 1;
	char *data;

	for (size_t i = 0; i < options->n; i++)
		bytes += strlen(options->v[i]) + 1;
	data = arena_alloc(arena, bytes);
	o.data = data;
	o.propagation = propagation = arena_array(arena, options->n, sizeof(*propagation));
	apply_words(options, &o, data, propagation);
	if (strlen(o.data) > MAX_DATA_BYTES)
		return err_set(err, ERR_LIMIT,
			       "the options of the file system take %zu bytes, "
			       "more than the %d that the kernel reads",
			       strlen(o.data), MAX_DATA_BYTES);
	set_attributes(&o);
	o.is_bind |= o.is_rec_bind || (mount->type && !strcmp(mount->type, "bind"));
	o.is_idmapped |= o.is_rec_idmapped || mount->uid_maps.n || mount->gid_maps.n;
	*opts = o;
	return 0;
}

const char *mount_opts_value(const char *data, const char *key)
{
	size_t n = strlen(key);
	const char *value = NULL;

	for (; data; data = strchr(data, ',')) {
		data += *data == ',';
		if (!strncmp(data, key, n) && data[n] == '=')
			value = data + n + 1;
	}
	return value;
}

const char *const *mount_opts_words(void)
{
	static const char *names[ARRAY_LEN(words) + 1];

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		names[i] = words[i].name;
	return names;
}
