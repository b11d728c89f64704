#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Names that change under kedge's hands: sources, directories above them, destinations, images. Whatever
# it finds, nothing but what was declared is mounted, and nothing else is made or touched.

# single quotes hold jq's and the container's variables; for_seconds calls the functions
# shellcheck disable=SC2016,SC2030,SC2031,SC2317

load ../lib/common
load ../lib/hostile

setup() {
	[ -x "$TREE/build/hack/racer" ] || {
		echo "make build/hack/racer"
		return 1
	}
	hostile_setup
	racers=()
}
teardown() {
	stop_racers
	common_teardown
}

# race NAME...: let them change places from now on
race() {
	"$TREE/build/hack/racer" "$T/count.${#racers[@]}" "$@" 3>&- &
	racers+=($!)
}

stop_racers() {
	for pid in "${racers[@]}"; do
		kill "$pid"
		wait "$pid"
	done
	racers=()
}

# at_least N: the racers made so many exchanges
at_least() {
	local sum=0 n
	stop_racers
	for f in "$T"/count.*; do
		n=$(cat "$f")
		sum=$((sum + n))
	done
	echo "# $sum exchanges, $rounds rounds, $restored of them ran" >&3
	[ "$sum" -ge "$1" ]
}

look_at_victim() {
	find "$T/victim" -printf '%p %y %m %u %s %T@ %C@ %l\n' | sort
	sha256sum "$T/victim/file"
}

# for_seconds N COMMAND...: over and over; sets rounds and restored, how many of them succeeded
for_seconds() {
	local end=$((SECONDS + $1))
	shift
	rounds=0 restored=0
	while [ "$SECONDS" -lt "$end" ]; do
		"$@"
		rounds=$((rounds + 1))
	done
}

# restore_once PATH...: restore; if that works, only ROOTFS and the PATHs may be seen
restore_once() {
	kedge --log "$T/restore.err" restore -d -b "$B" --image-path "$T/images" t-1 \
		</dev/null >/dev/null 2>&1 || return 0
	restored=$((restored + 1))
	python3 "$TREE/integration/lib/declared.py" "$(pid_of t-1)" "$B/rootfs" "$T/ro:ro" /dev/null "$@"
	# what was promised is there; its mountpoint may have been renamed since
	[ "$(awk -v data="${T#/tmp}/data" '$4 == data' "/proc/$(pid_of t-1)/mountinfo" | wc -l)" -ge 1 ]
	[ "$(awk -v ro="${T#/tmp}/ro" '$4 == ro && $6 ~ /^ro/' "/proc/$(pid_of t-1)/mountinfo" | wc -l)" -ge 1 ]
	kedge delete --force t-1
}

@test "create: a source that is a directory, a file and another directory by turns" {
	mkdir "$T/other"
	touch "$T/plain"
	before=$(look_at_victim)
	create_once() {
		kedge create -b "$B" t-1 </dev/null >/dev/null 2>&1 || return 0
		restored=$((restored + 1))
		only_declared_or t-1 "$T/other" "$T/plain"
		kedge delete --force t-1
	}
	# stands still for the look: what is mounted is one of the three
	only_declared_or() {
		local at
		at=$(awk '$5 == "/data" { print $4 }' "/proc/$(pid_of "$1")/mountinfo")
		[[ $at == */data || $at == */other || $at == */plain ]]
		[[ $at != */victim* ]]
	}
	race "$T/data" "$T/plain" "$T/other"
	for_seconds 8 create_once
	at_least 10000
	[ "$(look_at_victim)" = "$before" ]
	nothing_left t-1
}

@test "create: a mountpoint inside a source that turns into a link to somewhere else" {
	mkdir -p "$T/data/sub"
	ln -s "$T/victim" "$T/data/link"
	ln -s /etc "$T/data/link2"
	touch "$B/rootfs/etc/mark"
	add_bind "$T/ro" /data/sub/deep/er rbind ro
	before=$(look_at_victim)
	create_once() {
		kedge create -b "$B" t-1 </dev/null >/dev/null 2>&1 || return 0
		restored=$((restored + 1))
		kedge delete --force t-1
	}
	race "$T/data/sub" "$T/data/link" "$T/data/link2"
	for_seconds 8 create_once
	at_least 10000
	[ "$(look_at_victim)" = "$before" ]
	[ ! -e /etc/deep ]
	nothing_left t-1
}

@test "restore: a source that is a directory, a file and another directory by turns" {
	hostile_dump
	mkdir "$T/other"
	touch "$T/plain"
	before=$(look_at_victim)
	restore_one_of() {
		local at
		kedge --log "$T/restore.err" restore -d -b "$B" --image-path "$T/images" t-1 \
			</dev/null >/dev/null 2>&1 || return 0
		restored=$((restored + 1))
		at=$(awk '$5 == "/data" { print $4 }' "/proc/$(pid_of t-1)/mountinfo")
		[[ $at == */data || $at == */other || $at == */plain ]]
		kedge delete --force t-1
	}
	race "$T/data" "$T/plain" "$T/other"
	for_seconds 10 restore_one_of
	at_least 10000
	[ "$restored" -ge 1 ]
	[ "$(look_at_victim)" = "$before" ]
	nothing_left t-1
}

@test "restore: a directory above a mountpoint in a source that turns into a link" {
	mkdir -p "$T/data/sub/deep"
	ln -s "$T/victim" "$T/data/link"
	add_bind "$T/ro" /data/sub/deep rbind ro
	hostile_dump
	before=$(look_at_victim)
	race "$T/data/sub" "$T/data/link"
	for_seconds 10 restore_once "$T/data"
	at_least 10000
	[ "$(look_at_victim)" = "$before" ]
	nothing_left t-1
}

@test "restore: a destination in the root file system that turns into a link or a file" {
	hostile_dump
	ln -s "$T/victim" "$B/rootfs/link"
	touch "$B/rootfs/plain"
	before=$(look_at_victim)
	race "$B/rootfs/data" "$B/rootfs/link" "$B/rootfs/plain"
	for_seconds 10 restore_once "$T/data"
	at_least 10000
	[ "$(look_at_victim)" = "$before" ]
	nothing_left t-1
}

@test "restore: another container changes the destination in a root file system that they share" {
	hostile_dump
	ln -s "$T/victim" "$B/rootfs/link"
	before=$(look_at_victim)
	script 'while :; do mv -T /data /tmp/d && mv -T /link /data && mv -T /data /link && mv -T /tmp/d /data; done'
	cp "$B/config.json" "$T/config.json"
	config '.mounts |= map(select(.destination != "/data" and .destination != "/ro"))'
	start_detached t-2
	cp "$T/config.json" "$B/config.json"
	for_seconds 8 restore_once "$T/data"
	kedge delete --force t-2
	echo "# $rounds rounds, $restored of them ran" >&3
	[ "$(look_at_victim)" = "$before" ]
	nothing_left t-1
}

@test "restore: a link in a source that a part of it leads over by turns" {
	mkdir -p "$T/data/dir/part"
	mkdir "$T/victim/part"
	ln -s "$T/victim" "$T/data/link"
	hostile_dump
	python3 "$TREE/integration/lib/images.py" "$T"/images/mountpoints-*.img "m = at('/data')
new(mountpoint='/mnt', root=get(m, 'root') + '/dir/part', **{f: get(m, f) for f in
    ('fstype', 'root_dev', 'source', 'options', 'flags')})"
	before=$(look_at_victim)
	race "$T/data/dir" "$T/data/link"
	for_seconds 10 restore_once "$T/data"
	at_least 10000
	[ "$(look_at_victim)" = "$before" ]
	nothing_left t-1
}

@test "restore: the image of the mounts changes places with a hostile one" {
	hostile_dump
	attack "new(mountpoint='/mnt', fstype=17, source='o', root='/', root_dev=9999,
		options='lowerdir=$T/victim:$T/data'); put(at('/ro'), flags=0)"
	file=$(basename "$T"/images/mountpoints-*.img)
	before=$(look_at_victim)
	no_overlay() {
		kedge --log "$T/restore.err" restore -d -b "$B" --image-path "$T/images" t-1 \
			</dev/null >/dev/null 2>&1 || return 0
		restored=$((restored + 1))
		run ! grep -E ' /mnt | /ro rw' "/proc/$(pid_of t-1)/mountinfo"
		kedge delete --force t-1
	}
	race "$T/images/$file" "$T/evil/$file"
	for_seconds 10 no_overlay
	at_least 10000
	[ "$(look_at_victim)" = "$before" ]
	nothing_left t-1
}
