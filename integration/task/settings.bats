#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What annotations, the runtime's options and the host's say of checkpoints and restores: each arrives, by
# its effect; what is wrong is refused by its name, and a log that an error names is there.

load ../lib/common
load ../lib/containerd

setup() {
	containerd_setup
	mkdir "$T/a" "$T/b"
}
teardown() {
	containerd_teardown
	rm -rf /etc/kedge
}

# run_with COMMAND [ANNOTATION...]: t-1 runs it with $T/a at /data and the host's python; annotations are
# without dev.kedge.
run_with() {
	local command=$1 annotation options=()
	shift
	for annotation; do
		options+=(--annotation="dev.kedge.$annotation")
	done
	ctr_run -d --mount="type=bind,src=$T/a,dst=/data,options=rbind:rw" "${options[@]}" \
		--mount=type=bind,src=/usr,dst=/usr,options=rbind:ro \
		--mount=type=bind,src=/usr/lib,dst=/lib,options=rbind:ro \
		--mount=type=bind,src=/usr/lib64,dst=/lib64,options=rbind:ro \
		${OPTIONS:+"--runtime-config-path=$OPTIONS"} t-1 /bin/sh -c "$command"
	wait_until 5 test -e "$T/a/ready"
}
IDLE='touch /data/ready; while :; do sleep 0.1; done'
LOCKED='exec /usr/bin/python3 -c "
import fcntl, time
f = open(\"/data/lock\", \"w\")
fcntl.flock(f, fcntl.LOCK_EX)
open(\"/data/ready\", \"w\").close()
while True: time.sleep(1)"'

remove() {
	ctr task rm -f t-1 >/dev/null 2>&1 || true
	ctr container rm t-1
	rm -f "$T/a/ready"
}

# fails_with TEXT...: the checkpoint is refused in a sentence that has each; the container runs on
fails_with() {
	local text
	run ctr task checkpoint t-1
	echo "$output"
	[ "$status" -eq 1 ]
	for text; do
		[[ $output == *"$text"* ]]
	done
	[ "$(task_status t-1)" = RUNNING ]
}

# checkpoint: to an image for a restore
checkpoint() { ctr container checkpoint --image --rw "--task" t-1 example.org/ck:1; }
restore() { timeout 30 ctr container restore --rw --live t-1 example.org/ck:1; }

@test "file-locks, by the annotation, the options' file, the host's, and on both sides" {
	local log
	run_with "$LOCKED"
	fails_with 'OCI runtime checkpoint failed: container t-1: criu dump failed: ' file-locks
	log=$(grep -o '/[^ )]*dump.log' <<<"$output")
	grep -q Error "$log"
	remove
	run_with "$LOCKED" checkpoint.file-locks=true
	ctr task checkpoint t-1
	remove
	ctr image ls -q | grep checkpoint/ | xargs ctr image rm --sync
	printf '[checkpoint]\nfile-locks = true\n' >"$T/options.toml"
	OPTIONS=$T/options.toml run_with "$LOCKED"
	ctr task checkpoint t-1
	remove
	ctr image ls -q | grep checkpoint/ | xargs ctr image rm --sync
	mkdir /etc/kedge
	echo 'file-locks = true' >/etc/kedge/default.toml
	run_with "$LOCKED"
	checkpoint
	remove
	restore
	run flock -n "$T/a/lock" true
	[ "$status" -eq 1 ]
}

@test "a key that checkpoint.external gives is the one that restore.external takes" {
	run_with "$IDLE" 'checkpoint.external=mnt[/data]:volume' "restore.external=mnt[volume]:$T/b"
	checkpoint
	remove
	restore
	ctr task exec --exec-id e t-1 touch /data/here
	[ -e "$T/b/here" ]
}

@test "words that are no values are refused by the name of who said them" {
	local setting
	for setting in exit=yes tcp-established=1 file-locks= ext-unix-sk=on timeout=soon; do
		run_with "$IDLE" "checkpoint.$setting"
		fails_with "annotation dev.kedge.checkpoint.${setting%=*}"
		remove
	done
	for setting in network-lock=ipchains manage-cgroups-mode=hard 'external=mnt[/data' \
		criu=/tmp/criu map=/a=/b; do
		run_with "$IDLE" "checkpoint.$setting"
		fails_with "${setting%%=*}"
		remove
	done
	printf '[checkpoint]\nfile-lock = true\n' >"$T/options.toml"
	OPTIONS=$T/options.toml run_with "$IDLE"
	fails_with "the runtime's options: $T/options.toml" file-lock
	mkdir /etc/kedge
	echo '[checkpoint' >/etc/kedge/default.toml
	fails_with "the host's options: /etc/kedge/default.toml"
}

@test "what is wrong for a restore is refused by name, and right it works" {
	local setting
	run_with "$IDLE"
	checkpoint
	remove
	mkdir /etc/kedge
	for setting in 'tcp-established = 1' 'network-lock = "ipchains"' 'manage-cgroups-mode = "hard"' \
		'map = ["srv=/b"]' 'external = ["mnt[/dta]:/b"]' 'exit = true'; do
		printf '[restore]\n%s\n' "$setting" >/etc/kedge/default.toml
		run restore
		echo "$output"
		[ "$status" -eq 1 ]
		[[ $output == *"OCI runtime restore failed: "*"${setting%% *}"* ]]
		remove
	done
	cat >/etc/kedge/default.toml <<-END
		[restore]
		tcp-established = true
		file-locks = true
		ext-unix-sk = true
		network-lock = "skip"
		manage-cgroups-mode = "soft"
		map = ["$T/a=$T/b"]
	END
	restore
	ctr task exec --exec-id e t-1 touch /data/here
	[ -e "$T/b/here" ]
}

@test "a work-path of the options' file gets CRIU's logs, and keeps them" {
	printf 'work-path = "%s"\nnetwork-lock = "skip"\n' "$T/work" >"$T/options.toml"
	OPTIONS=$T/options.toml run_with "$IDLE" checkpoint.tcp-established=true
	ctr task checkpoint t-1
	[ -s "$T/work/dump.log" ]
	run grep -ci iptables "$T/work/dump.log"
	[ "$output" = 0 ]
}
