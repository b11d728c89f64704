#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What lies beside the images is hostile, too: kedge.json improves messages and never decides what is
# mounted, descriptors.json gives no file away, and a directory that others may write to is no source of
# truth.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common
load ../lib/hostile

setup() {
	hostile_setup
	hostile_dump
}
teardown() { common_teardown; }

# lie JQ [JQ-ARGS...]: $T/evil has a kedge.json that was changed so
lie() {
	attack pass
	jq "$@" <"$T/images/kedge.json" >"$T/evil/kedge.json"
	run ! cmp -s "$T/images/kedge.json" "$T/evil/kedge.json"
}

# put_notes NAME: stdin is that file of $T/evil
put_notes() {
	attack pass
	rm -f "$T/evil/$1"
	cat >"$T/evil/$1"
}

@test "a kedge.json that names other sources doesn't get them mounted" {
	lie --arg from "$T/data" --arg to "$T/victim" \
		'walk(if type == "string" then gsub($from; $to) else . end)'
	harmless
	lie --arg to "$T/victim" 'walk(if type == "string" and startswith("/") then $to else . end)'
	harmless
	lie 'walk(if . == "/data" then "/ro" elif . == "/ro" then "/data" else . end)'
	harmless
}

@test "a kedge.json that says writable doesn't loosen what config.json has read-only" {
	lie 'walk(if type == "string" and (startswith("/") | not) then gsub("\\bro\\b"; "rw") else . end)'
	harmless
	lie 'walk(if type == "object" then with_entries(if .key == "flags" then .value |=
		(if type == "array" then [] elif type == "number" then 0 else "" end) else . end) else . end)'
	harmless
	# as it would be with options that are the same as now, and flags that never were
	attack "put(at('/ro'), flags=0)"
	jq 'walk(if type == "object" then with_entries(if .key == "flags" then .value |=
		(if type == "array" then [] elif type == "number" then 0 else "" end) else . end) else . end)' \
		<"$T/images/kedge.json" >"$T/evil/kedge.json"
	harmless
}

@test "a kedge.json that is nothing of the kind is refused with its name, or ignored" {
	for text in '' '[]' '{}' '{"version": 99999}' '{"version": -1, "mounts": 7}' \
		'{"version": 1, "mounts": [null, 7, {"id": -1}, {"id": 1e300}, {"id": "x"}]}'; do
		put_notes kedge.json <<<"$text"
		harmless
	done
	head -c 100000 /dev/zero | tr '\0' '[' | put_notes kedge.json
	harmless
	yes '{"mounts":' | head -n 50000 | put_notes kedge.json
	harmless
	head -c 5000 /dev/urandom | put_notes kedge.json
	harmless
	lie '.mounts += [range(20000) as $i | {id: $i, mountpoint: "/x\($i)", key: "/x\($i)"}]'
	harmless
}

@test "a kedge.json that is a link, a fifo, a device or endless is refused with its name, or ignored" {
	[ -e "$T/images/kedge.json" ]
	for make in 'ln -s /dev/zero' 'ln -s ../images/kedge.json' mkfifo mkdir 'truncate -s 100G'; do
		attack pass
		rm "$T/evil/kedge.json"
		# two words
		# shellcheck disable=SC2086
		$make "$T/evil/kedge.json"
		SECONDS=0
		harmless
		[ "$SECONDS" -le 20 ]
	done
}

@test "a descriptors.json that is nothing of the kind is refused with its name" {
	for text in '{' '{}' null '[1, 2, 3, 4]' '"pipe:[1]"'; do
		put_notes descriptors.json <<<"$text"
		refused descriptors.json
	done
	head -c 60000 /dev/zero | tr '\0' '[' | put_notes descriptors.json
	refused descriptors.json
	head -c 5000 /dev/urandom | put_notes descriptors.json
	refused descriptors.json
}

@test "descriptors.json gives away pipes of kedge's stdio and nothing else" {
	for text in '["extRootNetNS", "extRootPidNS", "socket:[1]"]' '["/etc/passwd", null, 7]' \
		'["etc/passwd", "file[1:2]", "tty[1:2]"]' '["pipe:[1]", "pipe:[1]", "pipe:[1]"]' \
		"[\"pipe:[$(printf '1%.0s' {1..5000})]\"]"; do
		put_notes descriptors.json <<<"$text"
		harmless
	done
}

@test "an image directory that others may write to is refused, unless the user says so" {
	attack pass
	for mode in 0777 0770 0702; do
		chmod "$mode" "$T/evil"
		refused "$T/evil"
		refused allow-unsafe-images
	done
	chmod 0700 "$T/evil"
	chown 1000 "$T/evil"
	refused "$T/evil"
	chmod 0777 "$T/evil"
	restore_detached t-1 "$T/evil" --allow-unsafe-images
	only_declared t-1
}

@test "an image that others may write to is refused, unless the user says so" {
	attack pass
	file=$(basename "$T"/evil/mountpoints-*.img)
	chmod 0666 "$T/evil/$file"
	refused "$file"
	chmod 0600 "$T/evil/$file"
	chown 1000 "$T/evil/$file"
	refused "$file"
	restore_detached t-1 "$T/evil" --allow-unsafe-images
	only_declared t-1
}
