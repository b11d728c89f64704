#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# CRIU leaves a tracefs out of its images without a word, and most hosts have one below /sys: it comes
# back all the same, or is refused by name.

# single quotes hold jq's and the container's variables; EXPECT is lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() {
	host_tracefs_done
	mounts_teardown
}

# tracefs NAME [MOUNT-ARGS...]: one on $T/NAME
tracefs() {
	local name=$1
	shift
	mkdir -p "$T/$name"
	mount -t tracefs "$@" tracefs "$T/$name"
}

# has_tracefs PATH [FLAG]: the container has one there
has_tracefs() { grep -Eq " $1 ([^ ]*,)?${2:-}[^ ]* (.* )?- tracefs " "/proc/$(pid_of t-1)/mountinfo"; }

@test "in an rbind of the host's /sys, read-only" {
	host_tracefs
	add_bind /sys /host/sys rbind rro
	survives
	has_tracefs /host/sys/kernel/tracing ro,nosuid,nodev,noexec
	kedge exec t-1 cat /host/sys/kernel/tracing/trace_clock
	same_before_and_after t-1 "$T/images2"
}

@test "private, as a slave, shared with the host, and in one that is shared" {
	volume private slave
	tracefs private/sub
	tracefs slave/sub
	mount --make-shared "$T/slave/sub"
	shared both
	tracefs both/sub
	mount --make-rshared "$T/both"
	two_way
	add_bind "$T/private" /private rbind rprivate
	add_bind "$T/slave" /slave rbind rslave
	add_bind "$T/both" /both rbind rshared
	add_bind "$T/both" /both-slave rbind rslave
	survives
	for place in private slave both both-slave; do
		has_tracefs "/$place/sub"
	done
}

@test "as the source, a part of it, a file of it, and over something else" {
	tracefs src
	fresh under
	add_bind "$T/src" /traces bind ro
	add_bind "$T/src/events" /events
	add_bind "$T/src/trace_clock" /clock bind ro
	add_bind "$T/under" /under
	add_bind "$T/src" /under bind nosuid
	survives
	has_tracefs /traces ro
	has_tracefs /under nosuid
}

@test "moved, or unmounted, by the container" {
	volume src
	tracefs src/a
	tracefs src/b
	mkdir "$B/rootfs/new"
	add_bind "$T/src" /data rbind
	started t-1
	inside t-1 mount -o move /data/a /new
	inside t-1 umount /data/b
	same_before_and_after t-1 "$T/images"
	has_tracefs /new
	run ! has_tracefs /data/b
	same_before_and_after t-1 "$T/images2"
}

@test "in a user namespace" {
	volume src
	tracefs src/sub
	user_namespace
	add_bind "$T/src" /data rbind
	survives
	has_tracefs /data/sub
}

@test "a source elsewhere has one there, too; else that is refused, and the user may name another" {
	volume src/sub new/sub empty
	tracefs src/sub
	tracefs new/sub
	add_bind "$T/src" /data rbind
	started t-1
	checkpointed t-1 "$T/images"
	other_source src new
	echo src >"$T/new/name"
	cp -a "$T/src/sub/." "$T/new/sub" 2>/dev/null || true
	kedge delete -f t-1
	kedge restore -d -b "$B" --image-path "$T/images" --external "mnt[/data]:$T/new" t-1 </dev/null
	has_tracefs /data/sub
	kedge delete -f t-1
	umount "$T/new/sub"
	restore_refused "/data/sub: source $T/new/sub: nothing is mounted there" \
		--external "mnt[/data]:$T/new"
	[[ $output == *"--external 'mnt[KEY]:HOSTPATH'"* ]]
	mount -t tmpfs tmpfs "$T/new/sub"
	restore_refused "source $T/new/sub: tmpfs is mounted there now, and was tracefs at the checkpoint" \
		--map "$T/src=$T/new"
	kedge restore -d -b "$B" --image-path "$T/images" --external "mnt[/data]:$T/new" \
		--external "mnt[/data/sub]:$T/empty" t-1 </dev/null
	[ "$(kedge exec t-1 cat /data/sub/name)" = empty ]
}

@test "one that the container has mounted, what lies on one, and one of an inner namespace" {
	volume src
	tracefs src/sub
	mkdir "$B/rootfs/media"
	add_bind "$T/src" /data rbind
	started t-1
	inside t-1 mount -t tmpfs tmpfs /data/sub/events
	inside t-1 mount --bind /data/sub /media
	checkpoint_refused "/data/sub/events: it lies on a tracefs, which CRIU leaves out"
	[[ $output == *"/media: CRIU leaves a tracefs out, and it is no bind of config.json's"* ]]
	inside t-1 umount /data/sub/events
	inside t-1 umount /media
	inside t-1 sh -c 'busybox unshare -m sh -c "touch /dev/ready; while :; do sleep 1; done" >/dev/null 2>&1 &'
	wait_until 5 test -e "/proc/$(pid_of t-1)/root/dev/ready"
	checkpoint_refused "/data/sub, in the mount namespace of process"
}

@test "a kedge.json that tells of one that wasn't there mounts nothing that config.json hasn't" {
	volume src/sub
	fresh src/other
	tracefs src/sub
	add_bind "$T/src" /data rbind
	started t-1
	checkpointed t-1 "$T/images"
	kedge delete -f t-1
	lie() {
		jq "(.mounts[] | select(.mountpoint == \"/data/sub\")) |= (. + $1)" "$T/images/kedge.json" >"$T/lie"
		cp -a "$T/images" "$T/lies"
		cat "$T/lie" >"$T/lies/kedge.json"
	}
	lie '{mountpoint: "/data/other"}'
	restore_lies "/data/other: source $T/src/other: tmpfs is mounted there now"
	lie '{mountpoint: "/data/../sub"}'
	restore_lies 'kedge.json: mount'
	lie '{mountpoint: "/etc"}'
	restore_lies '/etc'
	lie '{parent: 4711}'
	restore_lies "what it is mounted on isn't in the file"
}
restore_lies() {
	refused_and_unchanged "$1" kedge restore -d -b "$B" --image-path "$T/lies" t-1
	rm -r "$T/lies"
}

@test "without kedge.json nobody knows of it, and a warning names it" {
	volume src
	tracefs src/sub
	add_bind "$T/src" /data rbind
	started t-1
	checkpointed t-1 "$T/images"
	kedge delete -f t-1
	kedge plan restore -b "$B" --image-path "$T/images" | grep -Eq "^/data/sub +submount .* ok$"
	kedge inspect "$T/images" | grep -Eq "^ +/data/sub +tracefs +/data/sub +$T/src/sub "
	rm "$T/images/kedge.json"
	kedge restore -d -b "$B" --image-path "$T/images" t-1 </dev/null 2>"$T/restore.err"
	grep "/data/sub: CRIU leaves a tracefs out of its images" "$T/restore.err"
	run ! has_tracefs /data/sub
}
