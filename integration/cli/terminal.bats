#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Terminals: in the foreground, over --console-socket, and for exec.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() {
	common_setup
	config '.process.terminal = true'
}
teardown() { common_teardown; }

# console_server: a caller of kedge like containerd's shim. It takes the terminal's master over
# $T/sock, types the lines of $T/type, and writes what it reads to $T/screen until the end.
console_server() {
	touch "$T/type"
	python3 -c '
import array, fcntl, os, socket, struct, sys
path, typed, screen = sys.argv[1:]
s = socket.socket(socket.AF_UNIX)
s.bind(path); s.listen(1)
c = s.accept()[0]
data, anc, _, _ = c.recvmsg(4096, 4096)
fd = array.array("i", anc[0][2])[0]
c.close(); s.close(); os.unlink(path)
fcntl.ioctl(fd, 0x5414, struct.pack("HHHH", 33, 44, 0, 0))
out = open(screen, "ab", 0)
out.write(b"got " + os.path.basename(data.rstrip(b"\0")) + b"\n")
os.write(fd, open(typed, "rb").read())
while True:
    try:
        b = os.read(fd, 4096)
    except OSError:
        break
    if not b:
        break
    out.write(b)
out.write(b"end\n")
' "$T/sock" "$T/type" "$T/screen" 3>&- &
	SERVER=$!
	wait_until 5 test -S "$T/sock"
}

# on_terminal COMMAND...: run it below a terminal of the host's, at which nobody types. At the end of its
# own input script would type ^D, or a NUL that is echoed.
on_terminal() {
	exec 8<> <(:)
	run command script -qec "$*" /dev/null <&8
	exec 8>&-
}

@test "without a terminal of the caller's the program gets one all the same" {
	script 'test -t 0 && test -t 1 && test -t 2 && readlink /proc/self/fd/0; exit 5'
	run kedge run -b "$B" t-1 </dev/null
	[ "$status" -eq 5 ]
	[[ $output == /dev/pts/0* ]]
}

@test "the terminal is the controlling one, /dev/console is it, and /dev/tty works" {
	script 'echo to-console >/dev/console; echo to-tty >/dev/tty; stat -c %t /dev/console; ps -o tty,comm'
	on_terminal kedge run -b "$B" t-1
	[ "$status" -eq 0 ]
	[[ $output == *to-console* ]]
	[[ $output == *to-tty* ]]
	[[ $output == *88* ]]
	[[ $output == *136,0*ps* ]]
}

@test "what is typed arrives, ^C interrupts the program, and the caller's terminal is put right again" {
	script 'trap "echo interrupted; exit 8" INT; echo ready; read line; echo "read <$line>"; while :; do sleep 0.05; done'
	# the keys come slowly enough: each waits for what the program says
	mkfifo "$T/keys"
	# shellcheck disable=SC2094
	{
		wait_until 5 file_has "$T/screen" ready >&2
		printf 'hello\r'
		wait_until 5 file_has "$T/screen" 'read <hello>' >&2
		printf '\003'
		wait_until 5 file_has "$T/screen" interrupted >&2
	} >"$T/keys" 2>/dev/null 3>&- &
	status=0
	command script -qefc "stty -a >$T/before; kedge run -b $B t-1; s=\$?; stty -a >$T/after; exit \$s" \
		"$T/screen" <"$T/keys" >/dev/null || status=$?
	[ "$status" -eq 8 ]
	diff "$T/before" "$T/after"
	grep -q 'read <hello>' "$T/screen"
	nothing_left t-1
}

@test "a program starts with the window's size, run or exec'd" {
	mkdir "$T/data"
	add_bind "$T/data" /data
	script 'stty size >>/data/size'
	command script -qec "stty rows 20 cols 30; for _ in 1 2 3 4 5 6 7 8 9 10; do kedge run -b $B t-1; done" \
		/dev/null </dev/null >/dev/null
	script 'while :; do sleep 1; done'
	config '.process.terminal = false'
	start_detached t-1
	command script -qec "stty rows 20 cols 30
		for _ in 1 2 3 4 5 6 7 8 9 10; do kedge exec -t t-1 sh -c 'stty size >>/data/size'; done" \
		/dev/null </dev/null >/dev/null
	[ "$(uniq -c "$T/data/size" | xargs)" = "20 20 30" ]
}

@test "a window that changes its size changes the program's" {
	mkdir "$T/data"
	add_bind "$T/data" /data
	script 'stty size >/data/first; trap "stty size >/data/second; exit 0" WINCH; : >/data/ready
		while :; do sleep 0.05; done'
	mkfifo "$T/keys"
	sleep 20 >"$T/keys" 3>&- &
	holder=$!
	command script -qec "stty rows 20 cols 30; tty >$T/tty; kedge run -b $B t-1" /dev/null \
		<"$T/keys" >/dev/null 3>&- &
	outer=$!
	wait_until 5 test -e "$T/data/ready"
	stty -F "$(cat "$T/tty")" rows 21 cols 31
	wait "$outer"
	kill "$holder"
	[ "$(cat "$T/data/first")" = "20 30" ]
	[ "$(cat "$T/data/second")" = "21 31" ]
}

@test "much output comes through whole, and the exit status after it" {
	script 'seq 20000; exit 3'
	kedge run -b "$B" t-1 </dev/null >"$T/out" || status=$?
	[ "$status" -eq 3 ]
	[ "$(tr -d '\r' <"$T/out" | cksum)" = "$(seq 20000 | cksum)" ]
}

@test "create --console-socket: the caller gets the master, and talks with the program" {
	script 'stty size; read a; echo "a is $a"; exit 0'
	console_server
	echo typed >"$T/type"
	kedge create --console-socket "$T/sock" -b "$B" t-1 </dev/null >/dev/null 2>&1
	wait_until 5 file_has "$T/screen" 'got .*ptmx'
	kedge start t-1
	wait "$SERVER"
	grep -q '^33 44' "$T/screen"
	grep -q '^a is typed' "$T/screen"
	grep -q '^end' "$T/screen"
}

@test "run -d --console-socket returns, and the program runs on with its terminal" {
	script 'echo up; while :; do sleep 0.05; done'
	console_server
	kedge run -d --console-socket "$T/sock" -b "$B" t-1 </dev/null >/dev/null 2>&1
	wait_until 5 file_has "$T/screen" '^up'
	[ "$(status_of t-1)" = running ]
	kedge delete --force t-1
	wait "$SERVER"
	grep -q '^end' "$T/screen"
}

@test "exec -t in the foreground has a terminal; exec -d -t gives it to --console-socket" {
	config '.process.terminal = false'
	start_detached t-1
	on_terminal "stty rows 17 cols 71; kedge exec -t t-1 sh -c 'tty=\$(readlink /proc/self/fd/0); stty size; exit 6'"
	[ "$status" -eq 6 ]
	[[ $output == *"17 71"* ]]
	run kedge exec t-1 test -t 0 </dev/null
	[ "$status" -eq 1 ]
	console_server
	kedge exec -d -t --console-socket "$T/sock" t-1 sh -c 'echo on $(readlink /proc/self/fd/0)'
	wait "$SERVER"
	grep -q '^on /dev/pts/' "$T/screen"
}

@test "the terminal belongs to the program's user" {
	config '.process.user = {uid: 1000, gid: 1000}'
	script 'stat -c %u:%g $(readlink /proc/self/fd/0); echo x >/dev/tty'
	on_terminal kedge run -b "$B" t-1
	[ "$status" -eq 0 ]
	[[ $output == 1000:5* ]]
}

@test "a terminal in the background needs a socket, a socket a terminal, and the socket must be there" {
	run kedge run -d -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"without setting console socket"* ]]
	run kedge create -b "$B" t-1
	[ "$status" -eq 1 ]
	run kedge create --console-socket "$T/none" -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"$T/none"* ]]
	run kedge create --console-socket "$T/$(printf 'd%.0s' {1..120})" -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"longer than 107 bytes"* ]]
	nothing_left t-1
	config '.process.terminal = false'
	run kedge create --console-socket "$T/none" -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"cannot use console socket"* ]]
	nothing_left t-1
}

@test "a terminal without a devpts in the container is refused in plain words" {
	config '.mounts |= map(select(.destination != "/dev/pts")) | .root.readonly = false'
	run kedge run -b "$B" t-1 </dev/null
	[ "$status" -eq 1 ]
	[[ $output == *pts* || $output == *ptmx* ]]
	nothing_left t-1
}
