#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Where the program reads from and writes to comes back: terminals, pipes, /dev/null.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() {
	common_setup
	mkdir -p "$T/images"
}
teardown() { common_teardown; }

# console_peer NAME: who holds the terminal's master. It listens on $T/NAME.sock, writes what the
# terminal shows to $T/NAME.screen and types what is written to the FIFO $T/NAME.keys.
console_peer() {
	mkfifo "$T/$1.keys"
	python3 -c '
import os, select, socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX)
s.bind(name + ".sock")
s.listen()
master = socket.recv_fds(s.accept()[0], 100, 1)[1][0]
keys = os.open(name + ".keys", os.O_RDWR)
with open(name + ".screen", "wb", 0) as screen:
    while True:
        for fd in select.select([master, keys], [], [])[0]:
            try:
                data = os.read(fd, 4096)
            except OSError:
                sys.exit()
            screen.write(data) if fd == master else os.write(master, data)
' "$T/$1" 3>&- &
	wait_until 5 test -S "$T/$1.sock"
}

# A program that says what it reads, and who it is.
reader='n=0; while read -r line; do n=$((n+1)); echo "$n:$line"; done'

@test "a terminal over --console-socket: the restore sends a new one, with the program on it" {
	config '.process.terminal = true'
	script "$reader"
	console_peer one
	kedge run -d -b "$B" --console-socket "$T/one.sock" t-1 </dev/null >/dev/null 2>&1
	echo hello >"$T/one.keys"
	wait_until 5 file_has "$T/one.screen" '^1:hello'
	kedge checkpoint --image-path "$T/images" t-1
	console_peer two
	kedge restore -d -b "$B" --image-path "$T/images" --console-socket "$T/two.sock" t-1 \
		</dev/null >/dev/null 2>&1
	echo again >"$T/two.keys"
	wait_until 5 file_has "$T/two.screen" '^2:again'
	run ! grep again "$T/one.screen"
	kedge exec t-1 sh -c 'echo to-console >/dev/console'
	wait_until 5 file_has "$T/two.screen" '^to-console'
	# the terminal still is the controlling one: ^C ends the program
	printf '\003' >"$T/two.keys"
	wait_until 5 is_stopped t-1
	kedge delete t-1
	nothing_left t-1
}

@test "a terminal in the foreground: restore takes over the caller's, and gives the exit status" {
	config '.process.terminal = true'
	script "$reader; exit 3"
	mkfifo "$T/keys1" "$T/keys2"
	command script -qfec "kedge run -b '$B' t-1" "$T/screen1" <"$T/keys1" >/dev/null 2>&1 3>&- &
	exec 8>"$T/keys1"
	echo hello >&8
	wait_until 5 file_has "$T/screen1" '^1:hello'
	kedge checkpoint --image-path "$T/images" t-1
	exec 8>&-
	wait $! || true
	command script -qfec "kedge restore -b '$B' --image-path '$T/images' t-1" "$T/screen2" \
		<"$T/keys2" >/dev/null 2>&1 3>&- &
	exec 8>"$T/keys2"
	echo again >&8
	wait_until 5 file_has "$T/screen2" '^2:again'
	[ "$(status_of t-1)" = running ]
	# ^D: the end of input
	printf '\004' >&8
	status=0
	wait $! || status=$?
	exec 8>&-
	[ "$status" -eq 3 ]
	nothing_left t-1
}

@test "the size of the terminal comes back" {
	config '.process.terminal = true | .process.consoleSize = {height: 33, width: 77}'
	script 'while read -r line; do stty size; done'
	console_peer one
	kedge run -d -b "$B" --console-socket "$T/one.sock" t-1 </dev/null >/dev/null 2>&1
	echo >"$T/one.keys"
	wait_until 5 file_has "$T/one.screen" '^33 77'
	kedge checkpoint --image-path "$T/images" t-1
	console_peer two
	kedge restore -d -b "$B" --image-path "$T/images" --console-socket "$T/two.sock" t-1 \
		</dev/null >/dev/null 2>&1
	echo >"$T/two.keys"
	wait_until 5 file_has "$T/two.screen" '^33 77'
}

@test "a terminal in the background needs --console-socket, and nothing is made without it" {
	config '.process.terminal = true'
	script "$reader"
	console_peer one
	kedge run -d -b "$B" --console-socket "$T/one.sock" t-1 </dev/null >/dev/null 2>&1
	kedge checkpoint --image-path "$T/images" t-1
	run kedge restore -d -b "$B" --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"console"*"socket"* ]]
	nothing_left t-1
	run kedge restore -d -b "$B" --image-path "$T/images" --console-socket "$T/none.sock" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"$T/none.sock"* ]]
	nothing_left t-1
}

@test "stdin, stdout and stderr are pipes: the restore connects its own" {
	script 'while read -r line; do echo "out $line"; echo "err $line" >&2; done; exit 4'
	mkfifo "$T/in1" "$T/in2"
	# pipes, not FIFOs: those are files of the host
	# shellcheck disable=SC2002
	{ cat "$T/in1" | kedge run -b "$B" t-1 2> >(cat >"$T/err1") | cat >"$T/out1"; } 3>&- &
	exec 8>"$T/in1"
	echo one >&8
	wait_until 5 file_has "$T/err1" '^err one$'
	kedge checkpoint --image-path "$T/images" t-1
	exec 8>&-
	wait $! || true
	{
		set -o pipefail
		# shellcheck disable=SC2002
		cat "$T/in2" | kedge restore -b "$B" --image-path "$T/images" t-1 \
			2> >(cat >"$T/err2") | cat >"$T/out2"
	} 3>&- &
	exec 8>"$T/in2"
	echo two >&8
	wait_until 5 file_has "$T/out2" '^out two$'
	wait_until 5 file_has "$T/err2" '^err two$'
	run ! grep two "$T/out1" "$T/err1"
	# the end of input
	exec 8>&-
	status=0
	wait $! || status=$?
	[ "$status" -eq 4 ]
	nothing_left t-1
}

@test "a second checkpoint knows the pipes of the restore, not those of the start" {
	script 'n=0; while :; do n=$((n+1)); echo "line $n"; sleep 0.1; done'
	{ kedge run -d -b "$B" t-1 </dev/null 2>/dev/null 3>&-; } | cat >"$T/out1" 3>&- &
	wait_until 5 file_has "$T/out1" '^line 2$'
	for i in 2 3; do
		kedge checkpoint --image-path "$T/images$i" t-1
		{ kedge restore -d -b "$B" --image-path "$T/images$i" t-1 </dev/null 2>/dev/null 3>&-; } |
			cat >"$T/out$i" 3>&- &
		wait_until 5 test -s "$T/out$i"
	done
	[ "$(cat "$T"/out? | sort | uniq -d | wc -l)" -eq 0 ]
	kedge delete --force t-1
}

@test "output into a file of the host is refused with advice, and the program runs on" {
	script 'while :; do echo line; sleep 0.1; done'
	kedge run -d -b "$B" t-1 </dev/null >"$T/out" 2>&1
	wait_until 5 test -s "$T/out"
	run kedge checkpoint --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"$T/out"* ]]
	[[ $output == *"pipes"* ]]
	[ "$(status_of t-1)" = running ]
	: >"$T/out"
	wait_until 5 test -s "$T/out"
}
