/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <string.h>

#include "core/base/str.h"
#include "shim/cli/signame.h"

static const struct {
	const char *name;
	int number;
} names[] = {
	{ "HUP", SIGHUP },	 { "INT", SIGINT },	  { "QUIT", SIGQUIT },
	{ "ILL", SIGILL },	 { "TRAP", SIGTRAP },	  { "ABRT", SIGABRT },
	{ "IOT", SIGIOT },	 { "BUS", SIGBUS },	  { "FPE", SIGFPE },
	{ "KILL", SIGKILL },	 { "USR1", SIGUSR1 },	  { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },	 { "PIPE", SIGPIPE },	  { "ALRM", SIGALRM },
	{ "TERM", SIGTERM },	 { "STKFLT", SIGSTKFLT }, { "CHLD", SIGCHLD },
	{ "CLD", SIGCHLD },	 { "CONT", SIGCONT },	  { "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },	 { "TTIN", SIGTTIN },	  { "TTOU", SIGTTOU },
	{ "URG", SIGURG },	 { "XCPU", SIGXCPU },	  { "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM }, { "PROF", SIGPROF },	  { "WINCH", SIGWINCH },
	{ "IO", SIGIO },	 { "POLL", SIGPOLL },	  { "PWR", SIGPWR },
	{ "SYS", SIGSYS },
};

static int find_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!strcasecmp(names[i].name, name))
			return names[i].number;
	}
	return -1;
}

/* "RTMIN", "RTMIN+n", "RTMAX", "RTMAX-n" */
static int find_realtime(const char *name)
{
	bool from_min = !strncasecmp(name, "RTMIN", 5);
	unsigned long long range = (unsigned long long)(SIGRTMAX - SIGRTMIN);
	unsigned long long n = 0;

	if (!from_min && strncasecmp(name, "RTMAX", 5))
		return -1;
	if (name[5] && (name[5] != (from_min ? '+' : '-') || str_to_u64(name + 6, range, &n)))
		return -1;
	return from_min ? SIGRTMIN + (int)n : SIGRTMAX - (int)n;
}

int signame_parse(const char *text, int *sig, struct err *err)
{
	const char *name = strncasecmp(text, "SIG", 3) ? text : text + 3;
	unsigned long long number;
	int found;

	if (!str_to_u64(text, (unsigned long long)SIGRTMAX, &number)) {
		*sig = (int)number;
		return 0;
	}
	found = find_name(name);
	if (found < 0)
		found = find_realtime(name);
	if (found < 0) {
		err_set(err, ERR_INVALID, "unknown signal \"%s\"", text);
		return err_hint(err, "`kill -l` lists the names");
	}
	*sig = found;
	return 0;
}
