#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The program starts as `process` of config.json says: arguments, user, capabilities, limits.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() { common_setup; }
teardown() { common_teardown; }

# runs TEXT: run TEXT in the bundle, its output in $output
runs() {
	script "$1"
	run kedge run -b "$B" t-1 </dev/null
}

# status_line NAME: a line of /proc/self/status of the last `runs`
status_line() { sed -n "s/^$1:\s*//p" <<<"$output"; }

@test "args are passed as they are: empty ones, spaces, quotes, newlines, UTF-8, many" {
	config '.process.args = ["/bin/sh", "-c", "for a; do echo \"<$a>\"; done", "sh", "", "a b", "\"q\"", "x\ny", "ü€"]'
	run kedge run -b "$B" t-1 </dev/null
	[ "$output" = $'<>\n<a b>\n<"q">\n<x\ny>\n<ü€>' ]
	config '.process.args = (["/bin/sh", "-c", "echo $#", "sh"] + [range(5000) | "argument"])'
	run kedge run -b "$B" t-1 </dev/null
	[ "$output" = 5000 ]
}

@test "the program is looked for in config.json's PATH, and args[0] stays what it was" {
	mkdir -p "$B/rootfs/opt"
	mv "$B/rootfs/bin/sh" "$B/rootfs/opt/mysh"
	ln -s /bin/busybox "$B/rootfs/opt/sh"
	config '.process.env = ["PATH=/nowhere:/opt"] | .process.args = ["sh", "-c", "echo $0 $PATH"]'
	run kedge run -b "$B" t-1 </dev/null
	[ "$output" = "sh /nowhere:/opt" ]
	config '.process.env = [] | .process.args = ["sh"]'
	run kedge run -b "$B" t-1 </dev/null
	[ "$status" -eq 1 ]
	[[ $output == *'"sh": executable file not found in $PATH'* ]]
	nothing_left t-1
}

@test "env is config.json's and nothing of the caller's, but HOME, from /etc/passwd" {
	config '.process.env = ["PATH=/bin", "ONE=1", "EMPTY=", "TWO=a=b"]'
	export FROM_CALLER=secret
	runs 'env | sort | grep -vE "^(PWD|SHLVL|_)="'
	[ "$output" = $'EMPTY=\nHOME=/root\nONE=1\nPATH=/bin\nTWO=a=b' ]
	config '.process.env += ["HOME=/given"]'
	runs 'echo $HOME'
	[ "$output" = /given ]
	rm "$B/rootfs/etc/passwd"
	config '.process.env = ["PATH=/bin"]'
	runs 'echo $HOME'
	[ "$output" = / ]
}

@test "a cwd that is missing is made, also below a link; one that leads out is refused" {
	config '.process.cwd = "/srv/deep/down"'
	runs 'pwd; stat -c "%a %u" /srv/deep/down'
	[ "$output" = $'/srv/deep/down\n755 0' ]
	ln -s /srv "$B/rootfs/link"
	config '.process.cwd = "/link/deep/new"'
	runs 'pwd -P'
	[ "$output" = /srv/deep/new ]
	[ -d "$B/rootfs/srv/deep/new" ]
	ln -s ../../../../../../../../.."$T" "$B/rootfs/out"
	config '.process.cwd = "/out/new"'
	runs 'pwd -P'
	[ ! -e "$T/new" ]
}

@test "the user may not need to enter cwd: root's is entered before the user changes" {
	mkdir -m 700 "$B/rootfs/private"
	config '.process.cwd = "/private" | .process.user = {uid: 1000, gid: 1000}'
	runs 'id -u; ls . 2>&1'
	[ "$status" -ne 0 ]
	[[ $output == *"ermission denied"* ]]
	[[ $output == 1000* ]]
}

@test "uid, gid and additional groups are taken as numbers, also those without a name" {
	config '.process.user = {uid: 4242, gid: 4343, additionalGids: [0, 5, 65534]}'
	runs 'id -u; id -g; cat /proc/self/status'
	[ "${lines[0]}" = 4242 ]
	[ "${lines[1]}" = 4343 ]
	[ "$(status_line Uid | tr -s '\t ' ' ')" = "4242 4242 4242 4242" ]
	[ "$(status_line Gid | tr -s '\t ' ' ')" = "4343 4343 4343 4343" ]
	[ "$(status_line Groups | tr -s ' ')" = "0 5 65534 " ]
	config '.process.user = {uid: 0, gid: 0}'
	runs 'cat /proc/self/status'
	# the caller's groups don't get in
	[ "$(status_line Groups | tr -d ' ')" = "" ]
}

@test "umask is 0022, or what config.json says, and not the caller's" {
	umask 0077
	runs 'umask'
	[ "$output" = 0022 ]
	config '.process.user.umask = 2'
	runs 'umask; touch /dev/shm/f; stat -c %a /dev/shm/f'
	[ "$output" = $'0002\n664' ]
	config '.process.user.umask = 0'
	runs 'umask'
	[ "$output" = 0000 ]
}

@test "each of the five capability sets is its own" {
	config '.process.noNewPrivileges = false | .process.capabilities = {
		bounding: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_FOWNER"],
		permitted: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_KILL"], effective: ["CAP_CHOWN", "CAP_KILL"],
		inheritable: ["CAP_KILL", "CAP_CHOWN"], ambient: ["CAP_KILL"]} |
		.process.user = {uid: 1000, gid: 1000}'
	runs 'exec cat /proc/self/status'
	# execve by a user who isn't root: permitted and effective come from the ambient set
	[ "$(status_line CapInh)" = 0000000000000021 ]
	[ "$(status_line CapPrm)" = 0000000000000020 ]
	[ "$(status_line CapEff)" = 0000000000000020 ]
	[ "$(status_line CapBnd)" = 000000000000002b ]
	[ "$(status_line CapAmb)" = 0000000000000020 ]
	config '.process.user = {uid: 0, gid: 0} | .process.capabilities |= (.inheritable = [] | .ambient = [])'
	runs 'exec cat /proc/self/status'
	# root gets the bounding set by execve
	[ "$(status_line CapEff)" = 000000000000002b ]
	[ "$(status_line CapInh)" = 0000000000000000 ]
}

@test "without capabilities in config.json root has none; an unknown name is a warning" {
	config '.process.capabilities = {}'
	runs 'cat /proc/self/status'
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		[ "$(status_line $set)" = 0000000000000000 ]
	done
	runs 'chown 1 /etc/passwd'
	[ "$status" -ne 0 ]
	config '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_TIME_TRAVEL"]}'
	runs 'cat /proc/self/status'
	[ "$status" -eq 0 ]
	[[ $output == *CAP_TIME_TRAVEL* ]]
	[ "$(status_line CapBnd)" = 0000000000000001 ]
}

@test "noNewPrivileges keeps a set-uid program from its owner's rights" {
	# busybox drops such rights by itself; this is the host's
	use_python
	cp /usr/bin/id "$B/rootfs/bin/id-suid"
	chmod 4755 "$B/rootfs/bin/id-suid"
	config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
	runs 'id-suid'
	[[ $output == uid=1000* ]]
	[[ $output != *euid=0* ]]
	config '.process.noNewPrivileges = false'
	runs 'id-suid'
	[[ $output == *euid=0* ]]
}

@test "rlimits: soft and hard of each kind; above the host's hard limit as much as there is, with a warning" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0},
		{type: "RLIMIT_NPROC", soft: 1000, hard: 1001}, {type: "RLIMIT_STACK", soft: 8388608, hard: 8388608},
		{type: "RLIMIT_FSIZE", soft: 18446744073709551615, hard: 18446744073709551615}]'
	runs 'cat /proc/self/limits'
	for line in 'Max open files +100 +200' 'Max core file size +0 +0' 'Max processes +1000 +1001' \
		'Max stack size +8388608 +8388608' 'Max file size +unlimited +unlimited'; do
		grep -Eq "^$line" <<<"$output"
	done
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 30, hard: 1000}]'
	script 'ulimit -n; ulimit -Hn'
	run bash -c 'ulimit -n 500; exec kedge run -b "$0" t-1 </dev/null' "$B"
	[ "$status" -eq 0 ]
	if capsh --has-p=cap_sys_resource 2>/dev/null; then
		[ "$output" = $'30\n1000' ]
	else
		[[ $output == *"RLIMIT_NOFILE 30:1000 is more than this host allows"* ]]
		[[ $output == *$'30\n500' ]]
	fi
}

@test "oomScoreAdj is set; one lower than allowed is a warning where CAP_SYS_RESOURCE is missing" {
	config '.process.oomScoreAdj = 555'
	runs 'cat /proc/self/oom_score_adj'
	[ "$output" = 555 ]
	config '.process.oomScoreAdj = -500'
	runs 'cat /proc/self/oom_score_adj'
	[ "$status" -eq 0 ]
	if capsh --has-p=cap_sys_resource 2>/dev/null; then
		[ "$output" = -500 ]
	else
		[[ $output == *"oomScoreAdj -500 is lower than this host allows"* ]]
	fi
	config 'del(.process.oomScoreAdj)'
	runs 'cat /proc/self/oom_score_adj'
	[ "$output" = "$(cat /proc/self/oom_score_adj)" ]
}

@test "scheduler, ioPriority and personality are set" {
	use_python
	config '.process.scheduler = {policy: "SCHED_BATCH", nice: 7} |
		.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6} | .linux.personality = {domain: "LINUX32"}'
	# ioprio_get(IOPRIO_WHO_PROCESS, 0), sched_getscheduler(0), getpriority by setpriority's file
	config '.process.args = ["/usr/bin/perl", "-e",
		"printf \"%x %d %d \", syscall(252, 1, 0), syscall(145, 0), getpriority(0, 0); print `uname -m`"]'
	ln -s busybox "$B/rootfs/bin/uname"
	run kedge run -b "$B" t-1 </dev/null
	[ "$status" -eq 0 ]
	[[ $output == "4006 3 7 i686" ]]
}

@test "hostname and domainname are the container's, and the host keeps its own" {
	before=$(hostname)
	config '.hostname = "inside" | .domainname = "example.org"'
	runs 'hostname; cat /proc/sys/kernel/domainname'
	[ "$output" = $'inside\nexample.org' ]
	[ "$(hostname)" = "$before" ]
}

@test "signals that the caller blocks or ignores are not blocked or ignored in the container" {
	config '.process.args = ["/bin/grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]'
	# shellcheck disable=SC2054 # one word each
	caller=(env --block-signal=USR1 --ignore-signal=PIPE,INT,QUIT,CHLD)
	run "${caller[@]}" kedge run -b "$B" t-1 </dev/null
	[ "$(status_line SigBlk)" = 0000000000000000 ]
	# 32 and 33 are the C library's own
	[ $((0x$(status_line SigIgn) & 0x7fffffff)) -eq 0 ]
	script 'while :; do sleep 1; done'
	start_detached t-1
	run "${caller[@]}" kedge exec t-1 grep -E '^Sig(Blk|Ign)' /proc/self/status
	[ "$(status_line SigBlk)" = 0000000000000000 ]
	# 32 and 33 are the C library's own
	[ $((0x$(status_line SigIgn) & 0x7fffffff)) -eq 0 ]
}

@test "sysctls are set in the container's namespaces, and the host's stay" {
	before=$(cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward)
	config '.linux.sysctl = {"kernel.msgmax": "12345", "net.ipv4.ip_forward": "1", "net.ipv4.conf.lo.rp_filter": "2"}'
	runs 'cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/lo/rp_filter'
	[ "$output" = $'12345\n1\n2' ]
	[ "$(cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward)" = "$before" ]
	config '.linux.sysctl = {"vm.swappiness": "1"}'
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *vm.swappiness* ]]
	config '.linux.sysctl = {"net.ipv4.no_such": "1"}'
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *no_such* ]]
	nothing_left t-1
}

@test "without process there is nothing to run" {
	config 'del(.process)'
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"/process"* ]]
	nothing_left t-1
}

@test "unknown keys are ignored at every level" {
	config '.nobody = {a: 1} | .process.nobody = [] | .linux.nobody = 1 | .root.x = true | .mounts[0].y = 1 |
		.windows = {} | .linux.resources.unheard = 3'
	runs 'echo fine'
	[ "$output" = fine ]
}
