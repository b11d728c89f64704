#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Whatever becomes of CRIU or of kedge half-way: a container that was being dumped runs on, thawed and
# with its network, and of one that was being restored nothing is left.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common
load ../lib/gate

setup() {
	common_setup
	mkdir "$T/images"
}
teardown() {
	[ -z "${GATE:-}" ] || gate_end
	common_teardown
}

no_criu() { ! pgrep -x criu; }

# cut_criu TEXT SIGNAL LOG: make $T/cut, a CRIU that gets SIGNAL when its LOG says TEXT; once
cut_criu() {
	rm -f "$T/was_cut" "$3"
	cat >"$T/cut" <<-END
		#!/bin/bash
		[ ! -e "$T/was_cut" ] || exec criu "\$@"
		(
			eval "exec \$2>&-"
			while kill -0 \$\$ 2>/dev/null; do
				grep -qs -- "$1" "$3" || continue
				touch "$T/was_cut"
				kill -s $2 \$\$
				break
			done
		) </dev/null >/dev/null 2>&1 &
		PATH=$T/slow:\$PATH exec criu "\$@"
	END
	chmod +x "$T/cut"
}

# cut_dump TEXT SIGNAL [CHECKPOINT-ARGS...]: a checkpoint that is cut off there. Now and then CRIU is
# through before it gets the signal: then again.
cut_dump() {
	local text=$1 signal=$2
	shift 2
	for _ in 1 2 3 4 5 6 7 8; do
		cut_criu "$text" "$signal" "$T/images/dump.log"
		run kedge checkpoint --leave-running --criu "$T/cut" --image-path "$T/images" "$@" t-1
		[ "$status" -eq 0 ] || break
	done
	[ "$status" -eq 1 ]
	[ -e "$T/was_cut" ]
	[ "$(grep -c '^kedge checkpoint: container t-1: criu ' <<<"$output")" -eq 1 ]
}

net_works() {
	nsenter -n -t "$(pid_of t-1)" python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 7000))
socket.create_connection(("127.0.0.1", 7000), 2)'
}

runs_on() {
	[ "$(status_of t-1)" = running ]
	timeout 10 kedge exec t-1 true
	net_works
	no_criu
}

@test "a CRIU that is older than 3.17 is refused by its version" {
	start_detached t-1
	fake_criu old 's.send(bytes([8, 10, 16, 1, 82, 4, 8, 3, 16, 16])); time.sleep(5)'
	refuses "$T/old is version 3.16, kedge needs 3.17" \
		kedge checkpoint --criu "$T/old" --image-path "$T/images" t-1
	refuses "version 3.16" env KEDGE_CRIU="$T/old" kedge checkpoint --image-path "$T/images" t-1
	kedge checkpoint --image-path "$T/images" t-1
	refuses "version 3.16" \
		kedge restore --criu "$T/old" -d -b "$B" --image-path "$T/images" t-1
	nothing_left t-1
}

@test "a CRIU that can't run on this kernel gets one sentence, with both versions" {
	start_detached t-1
	# what Debian 12's criu 3.17.1 does on Linux 6.18: the log, and an answer without success
	fake_criu kernel '
s.send(VERSION)
s.recv(1 << 20)
open("'"$T"'/images/dump.log", "w").write("""\
(00.014012) Error (criu/util.c:1410): rlimit: Can'"'"'t setup RLIMIT_NOFILE for self: Operation not permitted
(00.031231) Error (criu/kerndat.c:1700): kerndat_vdso_fill_symtable failed when initializing kerndat.
""")
s.send(bytes([8, 1, 16, 0]))'
	refuses "criu 4.1 ($T/kernel) can't work on this kernel ($(uname -r))" \
		kedge checkpoint --criu "$T/kernel" --image-path "$T/images" t-1
	[[ $output == *"criu check"* ]]
	runs_on
}

@test "a CRIU that answers something else than what it was asked" {
	start_detached t-1
	fake_criu empty 's.send(VERSION); s.recv(1 << 20); s.send(b"")'
	refuses criu kedge checkpoint --criu "$T/empty" --image-path "$T/images" t-1
	fake_criu other 's.send(VERSION); s.recv(1 << 20); s.send(bytes([8, 2, 16, 1]))'
	refuses "answer of type 2" kedge checkpoint --criu "$T/other" --image-path "$T/images" t-1
	runs_on
	kedge checkpoint --image-path "$T/images" t-1
	# RESTORE, success, and the pid of somebody else
	sleep 1000 3>&- &
	victim=$!
	fake_criu thief "s.send(VERSION); s.recv(1 << 20)
pid = $victim
s.send(bytes([8, 2, 16, 1, 0x22, 4, 8, pid & 127 | 128, pid >> 7 & 127 | 128, pid >> 14]))"
	refuses "process $victim, which is no child of ours" \
		kedge restore --criu "$T/thief" -d -b "$B" --image-path "$T/images" t-1
	kill "$victim"
	nothing_left t-1
}

@test "a CRIU that is killed at any step of a dump leaves the container running, with its network" {
	start_detached t-1
	pid=$(pid_of t-1)
	# a CRIU that dies while it has a task's registers takes the task along: keep it at the lock, which
	# is before that, until the signal is there
	mkdir "$T/slow"
	printf '#!/bin/sh\nsleep 0.3\nexec /usr/sbin/iptables-restore "$@"\n' >"$T/slow/iptables-restore"
	chmod +x "$T/slow/iptables-restore"
	for step in 'Seized task' 'Running network-lock' 'Dumping pages' 'Dumping task cwd'; do
		cut_dump "$step" KILL --network-lock iptables
		runs_on
	done
	[ "$(pid_of t-1)" = "$pid" ]
	cut_dump 'Dumping pages' KILL
	runs_on
}

@test "a CRIU that stops half-way is ended by --timeout, and the container runs on, with its network" {
	start_detached t-1
	cut_dump 'Dumping pages' STOP --timeout 1
	[[ $output == *"1 s"* ]]
	runs_on
}

@test "a paused container whose dump is cut off stays paused" {
	start_detached t-1
	kedge pause t-1
	cut_dump 'Dumping pages' KILL
	[ "$(status_of t-1)" = paused ]
	kedge resume t-1
	runs_on
}

@test "a paused container doesn't run for a moment when no CRIU comes" {
	start_detached t-1
	kedge pause t-1
	run strace -f -qq -e trace=write -o "$T/trace" \
		kedge checkpoint --criu /nonesuch --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"/nonesuch"* ]]
	grep -q 'write(' "$T/trace"
	run ! grep -E '"(THAWED|0)' "$T/trace"
	[ "$(status_of t-1)" = paused ]
	kedge resume t-1
	runs_on
}

@test "a CRIU that is killed, or stops, at any step of a restore leaves nothing behind" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	for step in 'Forking task' 'mnt: Start' 'Restoring namespaces' 'Restoring resources'; do
		for _ in 1 2 3 4 5 6 7 8; do
			cut_criu "$step" KILL "$T/images/restore.log"
			run kedge restore --criu "$T/cut" -d -b "$B" --image-path "$T/images" t-1
			[ "$status" -eq 0 ] || break
			kedge delete --force t-1
		done
		[ "$status" -eq 1 ]
		[ -e "$T/was_cut" ]
		[[ $output == *"criu was killed by signal 9"* ]]
		nothing_left t-1
		no_criu
	done
	cut_criu 'Restoring namespaces' STOP "$T/images/restore.log"
	refuses "1 s" kedge restore --timeout 1 --criu "$T/cut" -d -b "$B" --image-path "$T/images" t-1
	nothing_left t-1
	no_criu
	restore_detached t-1 "$T/images"
}

@test "a full work directory, or a full image directory, fails the dump and not the container" {
	start_detached t-1
	mkdir "$T/full"
	mount -t tmpfs -o size=16k tmpfs "$T/full"
	run kedge checkpoint --leave-running --image-path "$T/images" --work-path "$T/full" t-1
	[ "$status" -eq 0 ] || [[ $output == *"criu dump failed"* ]]
	runs_on
	dd if=/dev/zero of="$T/full/x" bs=1k 2>/dev/null || true
	refuses "$T/full" kedge checkpoint --image-path "$T/full" --work-path "$T" t-1
	runs_on
	umount "$T/full"
	mount -t tmpfs -o size=64k tmpfs "$T/full"
	refuses "No space left on device" \
		kedge checkpoint --image-path "$T/full/new" --work-path "$T" t-1
	[ -z "$(ls -A "$T/full")" ]
	refuses "No space left on device" kedge checkpoint --image-path "$T/full" t-1
	[ "$(ls -A "$T/full")" = dump.log ]
	# what isn't all ours is left as it is
	touch "$T/full/mine.img"
	refuses "No space left on device" kedge checkpoint --image-path "$T/full" t-1
	[ -e "$T/full/mine.img" ] && [ -e "$T/full/descriptors.json" ]
	runs_on
	umount "$T/full"
	kedge delete --force t-1
	nothing_left t-1
}

@test "kill -9 of kedge checkpoint, at 20 moments: the container runs or is stopped, never frozen" {
	start_detached t-1
	for round in $(seq 20); do
		rm -rf "$T/images"
		kedge checkpoint --image-path "$T/images" t-1 >/dev/null 2>&1 3>&- &
		victim=$!
		sleep "0.$(printf %03d $((RANDOM % 120)))"
		kill -9 "$victim" 2>/dev/null || true
		wait "$victim" 2>/dev/null || true
		wait_until 15 no_criu
		if [ ! -e /run/kedge/t-1 ]; then
			start_detached t-1
		elif [ "$(status_of t-1)" = stopped ]; then
			kedge delete t-1
			nothing_left t-1
			start_detached t-1
		fi
		runs_on || {
			echo "round $round: $(kedge state t-1)"
			tail -n 3 "$T/images/dump.log"
			return 1
		}
	done
	kedge delete --force t-1
	nothing_left t-1
}

@test "delete --force ends a CRIU whose kedge was killed, and its action script, if it doesn't find out" {
	start_detached t-1
	gate_make
	gate_criu network-lock
	gate_close
	kedge checkpoint --image-path "$T/images" t-1 >/dev/null 2>&1 3>&- &
	victim=$!
	gate_reached
	kill -9 "$victim"
	kedge delete --force t-1
	nothing_left t-1
	no_criu
	run pgrep -f "$GATE/go"
	[ -z "$output" ]
}

@test "kill -9 of kedge restore, at 20 moments: delete --force leaves nothing, half a process neither" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	for round in $(seq 20); do
		kedge restore -d -b "$B" --image-path "$T/images" t-1 </dev/null >/dev/null 2>&1 3>&- &
		victim=$!
		sleep "0.$(printf %03d $((RANDOM % 120)))"
		kill -9 "$victim" 2>/dev/null || true
		wait "$victim" 2>/dev/null || true
		# half a container is deleted without --force
		[ ! -e /run/kedge/t-1 ] || is_running t-1 || kedge delete t-1
		kedge delete --force t-1
		wait_until 5 no_criu
		nothing_left t-1 || {
			echo "round $round"
			return 1
		}
	done
	restore_detached t-1 "$T/images"
	runs_on
}

@test "a container that ends after it was looked at is not dumped by the number of its first process" {
	start_detached t-1
	# CRIU has told its version, and only then is the request made
	fake_criu ending "import signal
os.kill($(pid_of t-1), signal.SIGKILL)
time.sleep(0.3)
s.send(VERSION)
open('$T/asked', 'wb').write(s.recv(1 << 20))"
	refuses 'its first process has ended meanwhile' kedge checkpoint --criu "$T/ending" \
		--image-path "$T/images" t-1
	[ ! -s "$T/asked" ]
	[ ! -e "$T/images/kedge.json" ]
}
