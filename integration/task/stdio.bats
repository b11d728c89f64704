#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What goes in and out of tasks: complete, in bounded memory, and whatever clients do with their ends.
# The shims are asked directly: ctr itself loses what is still in a fifo when its task has ended.

# single quotes hold the container's variables, and jq's
# shellcheck disable=SC2016

load ../lib/common
load ../lib/shim

setup() { shim_setup; }
teardown() { shim_teardown; }

# Fields of Create for stdio
out() { echo "6=$T/$1/stdout"; }
err() { echo "7=$T/$1/stderr"; }
in_() { echo "5=$T/$1/stdin"; }

# read_fifo ID NAME: what comes goes to $T/ID.NAME; $HELPER reads
read_fifo() { helper cat_fifo "$1" "$2"; }
cat_fifo() { exec cat <"$T/$1/$2" >"$T/$1.$2"; }

file_is() { [ "$(stat -c %s "$1")" -eq "$2" ]; }

# finish ID: wait for its end, delete it; its status
finish() {
	local status
	status=$(call "$1" Wait | sed -n 's/^1=//p')
	call "$1" Delete >/dev/null
	nothing_of "$1" || return 1
	echo "${status:-0}"
}

@test "all that a program writes to its terminal comes out, however soon it ends" {
	local i want
	want=$(seq 1 100000 | sed 's/$/\r/' | sha256sum)
	config '.process.args = ["/bin/seq", "1", "100000"]'
	for i in 1 2 3 4; do
		start_shim t-$i
		# half of the readers still read when it has long ended
		if [ $((i % 2)) = 1 ]; then
			helper cat_slowly t-$i stdout
		else
			read_fifo t-$i stdout
		fi
		call t-$i Create "2=$T/t-$i" "$(out t-$i)" 4:=1
		call t-$i Start
		[ "$(finish t-$i)" = 0 ]
		wait "$HELPER"
		[ "$(sha256sum <"$T/t-$i.stdout")" = "$want" ]
	done
}

cat_slowly() {
	exec <"$T/$1/$2"
	head -c 500000 >"$T/$1.$2"
	while head -c 40000 >"$T/piece" && [ -s "$T/piece" ]; do
		cat "$T/piece" >>"$T/$1.$2"
		sleep 0.5
	done
}

@test "a megabyte of a program that ends at once is complete, fifty times, on both outputs" {
	local i out err process
	process=$(process 'seq 1 150000 >&2; exec seq 1 150000')
	start_task t-1
	for i in $(seq 50); do
		rm -f "$T/t-1/stdout" "$T/t-1/stderr"
		mkfifo "$T/t-1/stdout" "$T/t-1/stderr"
		wc -l <"$T/t-1/stdout" >"$T/out" 3>&- &
		out=$!
		wc -l <"$T/t-1/stderr" >"$T/err" 3>&- &
		err=$!
		call t-1 Exec 2=e "$process" "5=$T/t-1/stdout" "6=$T/t-1/stderr" -- \
			Start 1=t-1 2=e -- Wait 1=t-1 2=e -- Delete 1=t-1 2=e >/dev/null
		wait "$out" "$err"
		[ "$(cat "$T/out" "$T/err" | xargs)" = "150000 150000" ]
	done
}

@test "a gigabyte goes through a slow reader, and the shim neither grows nor spins" {
	local i ticks size
	script 'dd if=/dev/zero bs=1M count=1024 2>/dev/null'
	start_shim t-1
	mkfifo "$T/go"
	touch "$T/read"
	helper read_in_pieces
	call t-1 Create "2=$T/t-1" "$(out t-1)"
	size=$(rss "$SHIM")
	call t-1 Start
	for i in 0 1; do
		wait_until 10 has_read $i
		# nobody reads now
		sleep 0.3
		ticks=$(ticks "$SHIM")
		sleep 1
		[ "$(ticks "$SHIM")" -le $((ticks + 1)) ]
		[ "$(rss "$SHIM")" -le $((size + 512)) ]
		has_state t-1 RUNNING
		echo >"$T/go"
	done
	[ "$(finish t-1)" = 0 ]
	wait "$HELPER"
	[ "$(awk '{ n += $1 } END { print n }' "$T/read")" -eq $((1 << 30)) ]
	[ "$(rss "$SHIM")" -le $((size + 512)) ]
}

has_read() { [ "$(wc -l <"$T/read")" -eq "$1" ]; }

# Each piece when it is told to
read_in_pieces() {
	exec 5<>"$T/go" <"$T/t-1/stdout"
	read -r <&5
	head -c 500000000 | wc -c >>"$T/read"
	read -r <&5
	wc -c >>"$T/read"
}

@test "nobody reads: a task is created, started, asked, killed and deleted all the same" {
	local begin=$SECONDS
	config '.root.readonly = false'
	# more lines than a pipe has pages
	script 'n=0; while [ $n -lt 40 ]; do n=$((n + 1)); echo $n; echo $n >&2; sleep 0.01; done
		touch /written; while :; do sleep 1; done'
	start_task t-1 "$(in_ t-1)" "$(out t-1)" "$(err t-1)"
	wait_until 5 test -e "$B/rootfs/written"
	has_state t-1 RUNNING
	call t-1 Kill 3:=9
	[ "$(finish t-1)" = 137 ]
	[ $((SECONDS - begin)) -le 8 ]
}

@test "nobody reads, and the fifo is full: the exit is told within seconds, and the delete comes" {
	local begin ticks
	script 'seq 1 1000000'
	start_task t-1 "$(out t-1)"
	sleep 0.3
	ticks=$(ticks "$SHIM")
	sleep 0.7
	[ "$(ticks "$SHIM")" -le $((ticks + 1)) ]
	begin=$SECONDS
	call t-1 Kill 3:=9
	[ "$(call t-1 Wait | sed -n 's/^1=//p')" = 137 ]
	[ $((SECONDS - begin)) -le 4 ]
	call t-1 Delete
	[ $((SECONDS - begin)) -le 16 ]
	nothing_of t-1
}

@test "fifos that vanish with their readers neither stop the program nor make the shim spin" {
	local ticks
	script 'n=0; while [ $n -lt 20 ]; do n=$((n + 1)); echo $n; echo $n >&2; sleep 0.1; done; exit 3'
	start_shim t-1
	read_fifo t-1 stdout
	call t-1 Create "2=$T/t-1" "$(in_ t-1)" "$(out t-1)" "$(err t-1)"
	call t-1 Start
	wait_until 5 file_has "$T/t-1.stdout" 3
	kill "$HELPER"
	rm "$T/t-1/stdin" "$T/t-1/stdout" "$T/t-1/stderr"
	ticks=$(ticks "$SHIM")
	call t-1 CloseIO 3:=1
	sleep 0.5
	[ "$(ticks "$SHIM")" -le $((ticks + 2)) ]
	[ "$(finish t-1)" = 3 ]
}

@test "a client that goes is followed by another, which gets what comes" {
	script 'while read -r line; do echo "got $line"; done; exit 5'
	start_shim t-1
	read_fifo t-1 stdout
	call t-1 Create "2=$T/t-1" "$(in_ t-1)" "$(out t-1)"
	call t-1 Start
	echo one >"$T/t-1/stdin"
	wait_until 5 file_has "$T/t-1.stdout" 'got one'
	kill -KILL "$HELPER"
	wait "$HELPER" || true
	echo two >"$T/t-1/stdin"
	read_fifo t-1 stdout
	echo three >"$T/t-1/stdin"
	wait_until 5 file_has "$T/t-1.stdout" 'got three'
	[ "$(cat "$T/t-1.stdout")" = $'got two\ngot three' ]
	has_state t-1 RUNNING
	call t-1 CloseIO 3:=1
	[ "$(finish t-1)" = 5 ]
}

@test "a hundred megabytes of stdin arrive, and end after CloseIO alone" {
	script 'cat /dev/null; wc -c'
	start_shim t-1
	read_fifo t-1 stdout
	call t-1 Create "2=$T/t-1" "$(in_ t-1)" "$(out t-1)"
	call t-1 Start
	head -c 104857600 /dev/zero >"$T/t-1/stdin"
	sleep 0.5
	has_state t-1 RUNNING
	[ ! -s "$T/t-1.stdout" ]
	call t-1 CloseIO 3:=1
	[ "$(finish t-1)" = 0 ]
	wait "$HELPER"
	[ "$(cat "$T/t-1.stdout")" = 104857600 ]
}

@test "CloseIO before the client is through takes nothing away" {
	script 'cat | wc -c'
	start_shim t-1
	read_fifo t-1 stdout
	call t-1 Create "2=$T/t-1" "$(in_ t-1)" "$(out t-1)"
	exec 6>"$T/t-1/stdin"
	echo before >&6
	call t-1 CloseIO 3:=1
	call t-1 Start
	echo after >&6
	sleep 0.3
	has_state t-1 RUNNING
	exec 6>&-
	[ "$(finish t-1)" = 0 ]
	wait "$HELPER"
	[ "$(cat "$T/t-1.stdout")" = 13 ]
}

@test "a full disk takes what it can of a log, and the program goes on" {
	mkdir "$T/small"
	mount -t tmpfs -o size=64k tmpfs "$T/small"
	script 'seq 1 200000 && echo through >&2; while [ ! -e /stop ]; do sleep 0.1; done; echo last'
	start_task t-1 "6=file://$T/small/log" "7=file://$T/err"
	wait_until 10 file_has "$T/err" through
	file_is "$T/small/log" 65536
	grep -q "output is lost: No space left" "$T/t-1.log"
	# and when there is space again
	truncate -s 0 "$T/small/log"
	touch "$B/rootfs/stop"
	[ "$(finish t-1)" = 0 ]
	[ "$(cat "$T/small/log")" = last ]
	umount "$T/small"
}

# A logger that does $1 once it has started
make_logger() {
	printf '#!/bin/bash\n%s\n' "$1" >"$T/logger"
	chmod +x "$T/logger"
}

@test "a logger that crashes takes neither the task nor the shim along, and isn't waited for" {
	local begin
	make_logger 'exec 5>&-; head -c 10 <&3 >'"$T/logged"'; kill -SEGV $$'
	script 'trap "" PIPE; echo 123456789; while [ ! -e /stop ]; do sleep 0.1; echo x; done 2>/dev/null; exit 4'
	start_task t-1 "6=binary://$T/logger" "7=binary://$T/logger"
	wait_until 5 file_is "$T/logged" 10
	wait_until 5 file_has "$T/t-1.log" 'logger .* ended with status 139'
	has_state t-1 RUNNING
	touch "$B/rootfs/stop"
	begin=$SECONDS
	[ "$(finish t-1)" = 4 ]
	[ $((SECONDS - begin)) -le 6 ]
}

@test "a logger that ends before it is ready doesn't keep a task from being created" {
	local begin=$SECONDS
	make_logger 'exit 3'
	script 'exit 6'
	start_task t-1 "6=binary://$T/logger" "7=binary://$T/logger"
	[ "$(finish t-1)" = 6 ]
	grep -q 'logger .* ended with status 3' "$T/t-1.log"
	[ $((SECONDS - begin)) -le 8 ]
}

# writes_to_proc ID [FIELD-OF-CREATE]: the program can open its own stdout and stderr by name
writes_to_proc() {
	script 'echo one >/dev/stdout && echo two >/proc/self/fd/1 && echo three >/dev/stderr'
	start_shim "$1"
	read_fifo "$1" stdout
	call "$1" Create "2=$T/$1" "$(out "$1")" "$(err "$1")" "${@:2}"
	call "$1" Start
	[ "$(finish "$1")" = 0 ]
	wait "$HELPER"
	[ "$(xargs <"$T/$1.stdout")" = "one two" ]
}

@test "a program of another user can open its own stdout by name" {
	config '.process.user = {uid: 1000, gid: 1000}'
	writes_to_proc t-1
}

@test "in a user namespace, too, where the pipes are given to io_uid and io_gid" {
	chmod 755 "$B" "$T" "${T%/*}" "${T%/*/*}"
	chown -R 100000:100000 "$B/rootfs"
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 2000}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 2000}]
		| .process.user = {uid: 1000, gid: 1000}'
	writes_to_proc t-1 10@containerd.runc.v1.Options=4:=100000,5:=100000
}

@test "a shim with all of stdio and its eye on memory has at most twelve fds" {
	start_task t-1 "$(in_ t-1)" "$(out t-1)" "$(err t-1)"
	has_state t-1 RUNNING
	# a client's connection isn't there at the moment; containerd's would be
	[ "$(fds "$SHIM")" -le 11 ] || ls -l "/proc/$SHIM/fd"
	[ "$(fds "$SHIM")" -le 11 ]
}

@test "a terminal comes back with a restored task, in the size that the client sets" {
	config '.process.terminal = true'
	script 'n=0; while read -r line; do n=$((n + 1)); echo "$n:$line:$(stty size)"; done; exit 3'
	start_shim t-1
	read_fifo t-1 stdout
	call t-1 Create "2=$T/t-1" "$(in_ t-1)" "$(out t-1)" 4:=1
	call t-1 Start
	echo one >"$T/t-1/stdin"
	wait_until 5 file_has "$T/t-1.stdout" '^1:one:'
	call t-1 Checkpoint "2=$T/images" 3@containerd.runc.v1.CheckpointOptions=1:=1
	[ "$(finish t-1)" = 137 ]
	start_shim t-2
	read_fifo t-2 stdout
	call t-2 Create "2=$T/t-2" "$(in_ t-2)" "$(out t-2)" 4:=1 "8=$T/images"
	call t-2 ResizePty 3:=77 4:=33
	call t-2 Start
	echo two >"$T/t-2/stdin"
	wait_until 5 file_has "$T/t-2.stdout" '^2:two:33 77'
	# it still is the controlling terminal: ^C ends the program
	printf '\003' >"$T/t-2/stdin"
	[ "$(finish t-2)" = 130 ]
}
