#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# exec: another program in a container, as its flags or a process.json say.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() { common_setup; }
teardown() { common_teardown; }

# process FILTER: a process.json in $T/process.json, made from the container's process
process() { jq ".process | $1" "$B/config.json" >"$T/process.json"; }

@test "the program has the container's namespaces, cgroups, root, environment and limits" {
	config '.process.env += ["A=from config"] | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 33, hard: 44}]'
	start_detached t-1
	for ns in cgroup ipc mnt net pid uts user time; do
		[ "$(kedge exec t-1 readlink "/proc/self/ns/$ns")" = "$(readlink "/proc/$(pid_of t-1)/ns/$ns")" ]
	done
	[ "$(kedge exec t-1 sh -c 'echo $A; ulimit -n; ulimit -Hn; umask')" = $'from config\n33\n44\n0022' ]
	kedge exec t-1 grep '^Cap' /proc/self/status >"$T/exec"
	kedge exec t-1 grep '^Cap' /proc/1/status >"$T/init"
	diff "$T/exec" "$T/init"
	kedge exec t-1 grep -q '^NoNewPrivs:.*1' /proc/self/status
	kedge exec -d --pid-file "$T/pid" t-1 sleep 100 </dev/null >/dev/null 2>&1
	diff <(sort "/proc/$(cat "$T/pid")/cgroup") <(sort "/proc/$(pid_of t-1)/cgroup")
}

@test "the exit status is the program's, 128 + its signal, or 255 when there was none" {
	start_detached t-1
	for n in 0 3 254; do
		run kedge exec t-1 sh -c "exit $n"
		[ "$status" -eq "$n" ]
	done
	run kedge exec t-1 sh -c 'kill -SEGV $$'
	[ "$status" -eq 139 ]
	for bad in nosuch /nosuch /etc /etc/passwd; do
		run kedge exec t-1 "$bad"
		[ "$status" -eq 255 ]
		[[ $output == *"\"$bad\""* ]]
	done
	run kedge exec t-1
	[ "$status" -eq 255 ]
	[[ $output == *"COMMAND"* ]]
	run kedge exec t-none true
	[ "$status" -eq 255 ]
	[[ $output == *"does not exist"* ]]
}

@test "stdin, stdout and stderr are the caller's" {
	start_detached t-1
	run --separate-stderr kedge exec t-1 sh -c 'cat; echo bad >&2' < <(echo typed)
	[ "$output" = typed ]
	# shellcheck disable=SC2154
	[ "$stderr" = bad ]
	[ "$(kedge exec t-1 sh -c 'seq 50000' | cksum)" = "$(seq 50000 | cksum)" ]
}

@test "--user takes a uid, and a gid behind a colon; the other groups are the container's and -g's" {
	config '.process.user = {uid: 5, gid: 6, additionalGids: [7]}'
	start_detached t-1
	[ "$(kedge exec t-1 id -u)" = 5 ]
	[ "$(kedge exec -u 1000 t-1 sh -c 'echo $(id -u) $(id -g)')" = "1000 6" ]
	[ "$(kedge exec --user 1000:1001 t-1 sh -c 'echo $(id -u) $(id -g)')" = "1000 1001" ]
	kedge exec -u 1:2 -g 8 --additional-gids 9 t-1 grep -Eq '^Groups:\s7 8 9 *$' /proc/self/status
	# HOME follows the user
	[ "$(kedge exec -u 1000:1000 t-1 sh -c 'echo $HOME')" = /home/user ]
	[ "$(kedge exec -u 0 t-1 sh -c 'echo $HOME')" = /root ]
	for bad in root 1000: :5 -1 1:x 4294967295; do
		run kedge exec "--user=$bad" t-1 true
		[ "$status" -eq 255 ]
		[[ $output == *"--user"* ]]
	done
	run kedge exec -g wheel t-1 true
	[ "$status" -eq 255 ]
}

@test "--cwd may be any directory; one that isn't there, or isn't absolute, is refused" {
	start_detached t-1
	[ "$(kedge exec --cwd /etc t-1 sh -c pwd)" = /etc ]
	[ "$(kedge exec t-1 sh -c pwd)" = / ]
	run kedge exec --cwd /nowhere t-1 sh -c pwd
	[ "$status" -eq 255 ]
	[[ $output == *"/nowhere"* ]]
	run kedge exec --cwd etc t-1 sh -c pwd
	[ "$status" -eq 255 ]
	[[ $output == *"absolute"* ]]
}

@test "--env adds variables and replaces those of config.json" {
	config '.process.env += ["A=1", "B=2"]'
	start_detached t-1
	[ "$(kedge exec -e A=new --env C=3=4 -e E= t-1 sh -c 'echo $A $B $C "<$E>"; env | grep -c ^A=')" = $'new 2 3=4 <>\n1' ]
	run kedge exec -e NOVALUE t-1 true
	[ "$status" -eq 255 ]
	[[ $output == *NOVALUE* ]]
	# the program is looked for in the PATH it gets
	run kedge exec -e PATH=/nowhere t-1 sh
	[ "$status" -eq 255 ]
	[[ $output == *'not found in $PATH'* ]]
}

@test "--cap adds capabilities, but not to the inheritable set" {
	config '.process.noNewPrivileges = false'
	start_detached t-1
	caps() { kedge exec "$@" t-1 sh -c 'grep ^Cap /proc/self/status' | awk '{ print $2 }' | tr '\n' ' '; }
	# AUDIT_WRITE, KILL, NET_BIND_SERVICE are `kedge spec`'s, in all sets but the inheritable
	[ "$(caps)" = "0000000000000000 0000000020000420 0000000020000420 0000000020000420 0000000000000000 " ]
	[ "$(caps --cap CAP_NET_ADMIN -c CAP_SYS_PTRACE)" = \
		"0000000000000000 0000000020081420 0000000020081420 0000000020081420 0000000000000000 " ]
	run kedge exec --cap CAP_FLYING t-1 true
	[ "$status" -eq 255 ]
	[[ $output == *CAP_FLYING* ]]
}

@test "--no-new-privs sets it, and =false takes it back" {
	config '.process.noNewPrivileges = false'
	start_detached t-1
	nnp() { kedge exec "$@" t-1 sed -n 's/^NoNewPrivs:\s*//p' /proc/self/status; }
	ln -sf busybox "$B/rootfs/bin/sed"
	[ "$(nnp)" = 0 ]
	[ "$(nnp --no-new-privs)" = 1 ]
	[ "$(nnp --no-new-privs=false)" = 0 ]
}

@test "process.json says everything: args, env, user, cwd, capabilities, umask, limits, oomScoreAdj" {
	start_detached t-1
	process '.args = ["/bin/sh", "-c", "pwd; id -u; umask; ulimit -n; echo $ONLY; cat /proc/self/oom_score_adj; grep CapEff /proc/self/status"]
		| .cwd = "/tmp" | .user = {uid: 3, gid: 4, umask: 54} | .env = ["PATH=/bin", "ONLY=this"]
		| .rlimits = [{type: "RLIMIT_NOFILE", soft: 20, hard: 20}] | .oomScoreAdj = 321
		| .capabilities = {bounding: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"], effective: ["CAP_CHOWN"],
			inheritable: ["CAP_CHOWN"], ambient: ["CAP_CHOWN"]}'
	[ "$(kedge exec --process "$T/process.json" t-1 </dev/null)" = \
		$'/tmp\n3\n0066\n20\nthis\n321\nCapEff:\t0000000000000001' ]
}

@test "a process.json that is wrong is refused with the place" {
	start_detached t-1
	process '.args = [] | .cwd = "x"'
	run kedge exec -p "$T/process.json" t-1
	[ "$status" -eq 255 ]
	[[ $output == *args* ]]
	[[ $output == *cwd* ]]
	echo '{"args": ["a"' >"$T/process.json"
	run kedge exec -p "$T/process.json" t-1
	[ "$status" -eq 255 ]
	[[ $output == *process.json* ]]
	run kedge exec -p "$T/none.json" t-1
	[ "$status" -eq 255 ]
	[[ $output == *none.json* ]]
}

@test "-d returns 0 at once, but not for a program that isn't there" {
	start_detached t-1
	kedge exec -d --pid-file "$T/pid" t-1 sleep 50 </dev/null >/dev/null 2>&1
	[ "$(tr '\0' ' ' <"/proc/$(cat "$T/pid")/cmdline")" = "sleep 50 " ]
	# its parent is not kedge, which has ended: the container's init or who adopts orphans
	[ "$(readlink "/proc/$(cat "$T/pid")/ns/pid")" = "$(readlink "/proc/$(pid_of t-1)/ns/pid")" ]
	run kedge exec -d --pid-file "$T/pid2" t-1 nosuch
	[ "$status" -eq 255 ]
	[ ! -e "$T/pid2" ]
	kedge exec t-1 sh -c 'kill $(ps -o pid,args | grep "[s]leep 50" | tr -s " " | cut -d " " -f 2)'
}

@test "a signal to exec in the foreground reaches its program only" {
	start_detached t-1
	mkfifo "$T/up"
	kedge exec t-1 sh -c 'trap "exit 44" TERM; echo up; while :; do sleep 0.05; done' \
		</dev/null >"$T/up" 2>/dev/null 3>&- &
	pid=$!
	read -r line <"$T/up"
	[ "$line" = up ]
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 44 ]
	[ "$(status_of t-1)" = running ]
}

@test "kill -9 of exec in the foreground leaves the container in order" {
	start_detached t-1
	kedge exec t-1 sleep 60 </dev/null >/dev/null 2>&1 3>&- &
	pid=$!
	has_sleep() { kedge ps t-1 | grep -q 'sleep 60'; }
	wait_until 5 has_sleep
	kill -9 "$pid"
	wait "$pid" || true
	kedge exec t-1 true
	kedge delete --force t-1
	nothing_left t-1
}

@test "--preserve-fds passes fds on, and otherwise none gets in" {
	start_detached t-1
	echo three >"$T/3"
	[ "$(kedge exec --preserve-fds 1 t-1 cat /proc/self/fd/3 3<"$T/3")" = three ]
	[ "$(kedge exec t-1 sh -c 'ls /proc/self/fd' 3<"$T/3" 8<"$T/3" | tr '\n' ' ')" = '0 1 2 3 ' ]
}

@test "into a created container, not into a stopped one, into a paused one only by --ignore-paused" {
	kedge create -b "$B" t-1 </dev/null >/dev/null 2>&1
	kedge exec t-1 true
	kedge start t-1
	kedge pause t-1
	run kedge exec t-1 true
	[ "$status" -eq 255 ]
	[[ $output == *"kedge resume t-1"* ]]
	kedge exec --ignore-paused t-1 true </dev/null >/dev/null 2>&1 3>&- &
	pid=$!
	# it starts when the container goes on
	sleep 0.1
	kill -0 "$pid"
	kedge resume t-1
	wait "$pid"
	kedge kill t-1 KILL
	wait_until 5 is_stopped t-1
	run kedge exec t-1 true
	[ "$status" -eq 255 ]
	[[ $output == *stopped* ]]
}

@test "--cgroup puts the program into a cgroup below the container's" {
	start_detached t-1
	for c in pids memory; do
		mkdir "/sys/fs/cgroup/$c/t-1/sub"
	done
	kedge exec -d --cgroup pids,memory:sub --pid-file "$T/pid" t-1 sleep 100 </dev/null >/dev/null 2>&1
	grep -Eq ':pids:/t-1/sub$' "/proc/$(cat "$T/pid")/cgroup"
	grep -Eq ':memory:/t-1/sub$' "/proc/$(cat "$T/pid")/cgroup"
	grep -Eq ':freezer:/t-1$' "/proc/$(cat "$T/pid")/cgroup"
	# no way out of the container's
	kedge exec --cgroup pids:../.. t-1 cat /proc/self/cgroup | grep -Eq ':pids:/t-1$'
	run kedge exec --cgroup pids:none t-1 true
	[ "$status" -eq 255 ]
	kedge delete --force t-1
	nothing_left t-1
}

@test "in a container with a user namespace ids are those inside" {
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 5000}] |
		.linux.gidMappings = [{containerID: 0, hostID: 300000, size: 5000}]'
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$B"
	chown -R 200000:300000 "$B/rootfs"
	start_detached t-1
	kedge exec -d -u 1000:1001 -g 7 --pid-file "$T/pid" t-1 sleep 100 </dev/null >/dev/null 2>&1
	grep -Eq '^Uid:\s201000\s' "/proc/$(cat "$T/pid")/status"
	grep -Eq '^Gid:\s301001\s' "/proc/$(cat "$T/pid")/status"
	grep -Eq '^Groups:\s300007 *$' "/proc/$(cat "$T/pid")/status"
	run kedge exec -u 6000 t-1 true
	[ "$status" -eq 255 ]
	[[ $output == *6000* ]]
}

@test "a hundred exec's leave no process behind, and none is lost" {
	start_detached t-1
	for _ in {1..100}; do
		kedge exec t-1 true
	done
	[ "$(kedge ps -f json t-1 | jq length)" -le 2 ]
}
