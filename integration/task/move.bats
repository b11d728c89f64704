#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A task moves to another host with `ctr`: its checkpoint is exported here and imported into a containerd
# there, and restored with mounts from other places.

load ../lib/common
load ../lib/containerd
load ../lib/second_host

setup() {
	containerd_setup
	second_host_start
	mkdir -p /srv/one/data "$SECOND_SRV/two/data"
	echo here >/srv/one/name
	echo there >"$SECOND_SRV/two/name"
}
teardown() {
	second_host_stop
	containerd_teardown
	rm -rf /srv/one /etc/kedge
}

# It counts in its memory. At SIGUSR1 it says so in its volume, with the name of the host: nothing there is
# open else, so that a checkpoint may come at any time. SIGTERM ends it with 7.
# shellcheck disable=SC2016
COUNT='trap "echo \$i \$(cat /name) \$(cat /scratch/kept) >/data/.n; mv /data/.n /data/n" USR1
	trap "exit 7" TERM; echo kept >/scratch/kept; echo mine >/root-file; i=0; touch /data/begun
	while :; do i=$((i + 1)); sleep 0.05; done'

# start_counting [OPTION...]: t-1, with a volume, a file that is read-only, and a tmpfs
start_counting() {
	ctr_run -d --mount=type=bind,src=/srv/one/data,dst=/data,options=rbind:rw \
		--mount=type=bind,src=/srv/one/name,dst=/name,options=bind:ro \
		--mount=type=tmpfs,src=tmpfs,dst=/scratch,options=size=64k:nosuid "$@" \
		t-1 /bin/sh -c "$COUNT"
	wait_until 5 test -e /srv/one/data/begun
	ask /srv/one/data
	N=$(cut -d ' ' -f 1 /srv/one/data/n)
}

# ask DIRECTORY [second]: what it says now is in DIRECTORY/n, its volume
ask() {
	rm -f "$1/n"
	"${@:2}" ctr task kill -s USR1 t-1
	wait_until 5 test -e "$1/n"
}

# take_over: a checkpoint of t-1 goes to the other host, and t-1 ends here
take_over() {
	ctr container checkpoint --image --rw --task t-1 example.org/moved:1
	ctr task kill -s KILL t-1
	wait_until 5 has_task_status t-1 STOPPED
	# without the flag ctr 1.7 takes the checkpoint for an image's manifest; --local, as containerd 2.1's
	# transfer of a stream ends early now and then ("short read")
	ctr images export --local --skip-manifest-json "$SECOND_SRV/moved.tar" example.org/moved:1
	cp "$T/image.tar" "$SECOND_SRV/image.tar"
	second ctr images import --local /srv/image.tar
	second ctr images import --local --no-unpack /srv/moved.tar
}

restore_there() { second timeout 30 ctr container restore --rw --live t-1 example.org/moved:1; }

# goes_on_there [PLACE]: what it says there comes from there, and the number goes on
goes_on_there() {
	local n rest
	ask "$SECOND_SRV/${1:-two}/data" second
	read -r n rest <"$SECOND_SRV/${1:-two}/data/n"
	[ "$n" -gt "$N" ]
	[ "$rest" = "there kept" ]
	[ "$(second ctr task ls | awk '$1 == "t-1" { print $3 }')" = RUNNING ]
}

# mounts [second]: all mounts of the task with flags and file systems; of volumes only the flags
mounts() {
	set -o pipefail
	"$@" ctr task exec --exec-id m t-1 cut -d ' ' -f 5- /proc/self/mountinfo |
		sed -E -e 's/dir=[^, ]*/dir=/g' -e 's,^(/data|/name) ([^ ]*).*,\1 \2,' | sort
}

second_task_is_over() { second ctr task ls | grep -q '^t-1 .*STOPPED'; }
nothing_left_there() {
	[ -z "$(second find /run/containerd/io.containerd.runtime.v2.task/default /run/containerd/s \
		/run/containerd/kedge/default -mindepth 1 ! -name .cache)" ] &&
		[ -z "$(second find /sys/fs/cgroup -path '*/default/t-1*')" ] &&
		! second grep -q /rootfs /proc/mounts
}

@test "a task goes on on another host, with volumes from another place, and ends there" {
	start_counting --annotation=dev.kedge.restore.map=/srv/one=/srv/two
	mounts >"$T/before"
	take_over
	restore_there
	goes_on_there
	mounts second >"$T/after"
	diff -u "$T/before" "$T/after"
	run second ctr task exec --exec-id e t-1 /bin/sh -c 'cat /root-file; echo x >/name'
	[[ $output == *mine* && $output == *"Read-only file system"* ]]
	second ctr task kill -s TERM t-1
	wait_until 5 second_task_is_over
	run second ctr task rm t-1
	[[ $output == *"exit code 7"* ]]
	second ctr container rm t-1
	wait_until 5 nothing_left_there
}

@test "an annotation names the source of each mount by its key" {
	start_counting --annotation=dev.kedge.restore.external.1='mnt[/data]:/srv/two/data' \
		--annotation=dev.kedge.restore.external.2='mnt[/name]:/srv/two/name'
	take_over
	restore_there
	goes_on_there
}

@test "a host says itself where volumes are, for tasks that know nothing of it" {
	start_counting
	take_over
	second mkdir -p /etc/kedge
	second tee /etc/kedge/default.toml <<-'END' >/dev/null
		[restore]
		map = ["/mnt/else=/mnt/nowhere", "/srv/one=/srv/two"]
	END
	restore_there
	goes_on_there
}

@test "a source that isn't there is refused in one sentence, and nothing has changed" {
	local before
	start_counting
	take_over
	before=$(second cat /proc/self/mountinfo | wc -l)
	run restore_there
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == "ctr: OCI runtime restore failed: container t-1: "*"/data"*"/srv/one/data"* ]]
	[[ $output == *"/name"*"/srv/one/name"* ]]
	second ctr task rm t-1 || true
	second ctr container rm t-1
	wait_until 5 nothing_left_there
	[ "$(second cat /proc/self/mountinfo | wc -l)" -eq "$before" ]
	[ ! -e "$SECOND_SRV/one" ]
	# the same checkpoint, when they are there
	cp -a "$SECOND_SRV/two" "$SECOND_SRV/one"
	restore_there
	goes_on_there one
}
