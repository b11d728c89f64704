/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "shim/task/args.h"

#define STDIN_MAX_BYTES (4U << 20)

#define AT(field) offsetof(struct args, field)

static const struct {
	const char *name;
	size_t offset;
	bool is_switch;
} flags[] = {
	{ "namespace", AT(namespace), false },
	{ "address", AT(address), false },
	{ "publish-binary", AT(publish_binary), false },
	{ "id", AT(id), false },
	{ "bundle", AT(bundle), false },
	{ "socket", AT(socket), false },
	{ "debug-socket", AT(debug_socket), false },
	{ "debug", AT(debug), true },
	{ "v", AT(version), true },
	{ "version", AT(version), true },
	{ "info", AT(info), true },
};

static int find_flag(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (strlen(flags[i].name) == n && !strncmp(flags[i].name, name, n))
			return (int)i;
	return -1;
}

static bool is_true(const char *text)
{
	static const char *const words[] = { "1", "t", "T", "true", "TRUE", "True" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(text, words[i]))
			return true;
	return false;
}

/* Take the flag at `*argv` and its value, which may be the word behind it. */
static int take_flag(char ***argv, struct args *args, struct err *err)
{
	const char *word = **argv, *name = word + 1 + (word[1] == '-');
	size_t n = strcspn(name, "=");
	const char *value = name[n] ? name + n + 1 : NULL;
	int i = find_flag(name, n);
	char *field;

	if (i < 0)
		return err_set(err, ERR_INVALID, "flag provided but not defined: %s", word);
	field = (char *)args + flags[i].offset;
	if (flags[i].is_switch) {
		*(bool *)field = !value || is_true(value);
		return 0;
	}
	if (!value)
		value = *++*argv;
	if (!value)
		return err_set(err, ERR_INVALID, "flag needs an argument: %s", word);
	*(const char **)field = value;
	return 0;
}

int args_parse(char **argv, struct args *args, struct err *err)
{
	struct args out = { 0 };

	if (*argv)
		argv++;
	for (; *argv; argv++) {
		if ((*argv)[0] != '-' || !(*argv)[1])
			break;
		if (!strcmp(*argv, "--")) {
			argv++;
			break;
		}
		if (take_flag(&argv, &out, err))
			return -1;
	}
	out.verb = *argv;
	*args = out;
	return 0;
}

int args_read_stdin(struct buf *in, struct err *err)
{
	if (isatty(STDIN_FILENO))
		return 0;
	return fd_read_all(STDIN_FILENO, STDIN_MAX_BYTES, in, err) ? err_wrap(err, "stdin") : 0;
}
