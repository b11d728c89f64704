#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The main job: a checkpoint names the external mounts, a restore maps them.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() {
	common_setup
	mkdir -p "$T/old" "$T/new" "$T/images"
	add_bind "$T/old" /data
	script 'n=0; while :; do n=$((n+1)); echo $n >>/data/counter; sleep 0.1; done'
}
teardown() { common_teardown; }

last() { tail -n 1 "$1"; }

@test "without an option /data comes back from the same directory and the process counts on" {
	start_detached t-1
	wait_until 5 file_has "$T/old/counter" '^3$'
	kedge checkpoint --image-path "$T/images" t-1
	before=$(last "$T/old/counter")
	[ ! -e /run/kedge/t-1 ]
	restore_detached t-1 "$T/images"
	wait_until 5 file_has "$T/old/counter" "^$((before + 3))\$"
	[ "$(sort -n "$T/old/counter" | uniq -d | wc -l)" -eq 0 ]
	[ "$(status_of t-1)" = running ]
	kedge delete --force t-1
	nothing_left t-1
}

@test "--external mnt[/data]:PATH restores it at another path, and the old one is left alone" {
	start_detached t-1
	wait_until 5 file_has "$T/old/counter" '^3$'
	kedge checkpoint --image-path "$T/images" t-1
	before=$(last "$T/old/counter")
	restore_detached t-1 "$T/images" --external "mnt[/data]:$T/new"
	wait_until 5 file_has "$T/new/counter" "^$((before + 3))\$"
	[ "$(head -n 1 "$T/new/counter")" -le "$((before + 2))" ]
	[ "$(last "$T/old/counter")" = "$before" ]
}

@test "the live config decides: with another source in config.json no option is needed" {
	start_detached t-1
	wait_until 5 file_has "$T/old/counter" '^3$'
	kedge checkpoint --image-path "$T/images" t-1
	before=$(last "$T/old/counter")
	config --arg s "$T/new" '(.mounts[] | select(.destination == "/data")).source = $s'
	restore_detached t-1 "$T/images"
	wait_until 5 file_has "$T/new/counter" "^$((before + 1))\$"
	[ "$(last "$T/old/counter")" = "$before" ]
}

@test "--external wins over config.json" {
	mkdir "$T/third"
	start_detached t-1
	wait_until 5 file_has "$T/old/counter" '^2$'
	kedge checkpoint --image-path "$T/images" t-1
	config --arg s "$T/third" '(.mounts[] | select(.destination == "/data")).source = $s'
	restore_detached t-1 "$T/images" --external "mnt[/data]:$T/new"
	wait_until 5 test -s "$T/new/counter"
	[ ! -e "$T/third/counter" ]
}

@test "a key of one's own on checkpoint is the key to give on restore" {
	start_detached t-1
	wait_until 5 file_has "$T/old/counter" '^2$'
	kedge checkpoint --image-path "$T/images" --external 'mnt[/data]:volume-one' t-1
	restore_detached t-1 "$T/images" --external "mnt[volume-one]:$T/new"
	wait_until 5 test -s "$T/new/counter"
}

@test "the restored container is a whole one: state, exec, kill, pause, a second checkpoint, delete" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	restore_detached t-1 "$T/images" --external "mnt[/data]:$T/new" --pid-file "$T/pid"
	[ "$(cat "$T/pid")" = "$(pid_of t-1)" ]
	[ "$(kedge exec t-1 cat /proc/1/comm)" = sh ]
	kedge pause t-1
	[ "$(status_of t-1)" = paused ]
	kedge resume t-1
	mkdir "$T/images2"
	wait_until 5 test -s "$T/new/counter"
	kedge checkpoint --image-path "$T/images2" t-1
	before=$(last "$T/new/counter")
	restore_detached t-1 "$T/images2" --external "mnt[/data]:$T/new"
	wait_until 5 file_has "$T/new/counter" "^$((before + 2))\$"
	kedge kill t-1 KILL
	wait_until 5 is_stopped t-1
	kedge delete t-1
	nothing_left t-1
}

@test "--leave-running leaves it running, and the images restore under another id" {
	start_detached t-1
	wait_until 5 file_has "$T/old/counter" '^2$'
	pid=$(pid_of t-1)
	kedge checkpoint --leave-running --image-path "$T/images" t-1
	[ "$(status_of t-1)" = running ]
	[ "$(pid_of t-1)" = "$pid" ]
	restore_detached t-2 "$T/images" --external "mnt[/data]:$T/new"
	wait_until 5 test -s "$T/new/counter"
	[ "$(status_of t-1)" = running ]
}

@test "a read-only bind is read-only after the restore, also the second one of the same source" {
	add_bind "$T/old" /ro1 bind ro
	add_bind "$T/old" /ro2 bind ro
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	restore_detached t-1 "$T/images"
	run kedge exec t-1 touch /ro1/x
	[ "$status" -ne 0 ]
	run kedge exec t-1 touch /ro2/x
	[ "$status" -ne 0 ]
	kedge exec t-1 touch /data/x
}

@test "a file bound in comes back, and may be mapped to another file" {
	echo one >"$T/one"
	echo two >"$T/two"
	add_bind "$T/one" /etc/conf bind ro
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	restore_detached t-1 "$T/images" --external "mnt[/etc/conf]:$T/two"
	[ "$(kedge exec t-1 cat /etc/conf)" = two ]
}

@test "--ext-mount-map is the old spelling and says so" {
	start_detached t-1
	run kedge checkpoint --image-path "$T/images" --ext-mount-map /data:vol t-1
	[ "$status" -eq 0 ]
	[[ $output == *"--external"* ]]
	run restore_detached t-1 "$T/images" --ext-mount-map "vol:$T/new"
	[ "$status" -eq 0 ]
	wait_until 5 test -s "$T/new/counter"
}

@test "a key that matches no mount is refused on checkpoint, and the container runs on" {
	start_detached t-1
	run kedge checkpoint --image-path "$T/images" --external 'mnt[/dta]:x' t-1
	[ "$status" -eq 1 ]
	[[ $output == *"/dta"* ]]
	[ "$(status_of t-1)" = running ]
	[ -z "$(ls "$T/images")" ]
}

@test "everything that is wrong with a restore is said in one message, and nothing is made" {
	echo file >"$T/file"
	mkdir "$T/dir"
	add_bind "$T/file" /etc/conf bind
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	nothing_left t-1
	run kedge restore -d -b "$B" --image-path "$T/images" --external "mnt[/data]:$T/missing" \
		--external "mnt[/etc/conf]:$T/dir" --external "mnt[/typo]:$T/new" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"$T/missing"* ]]
	[[ $output == *"/etc/conf"* ]]
	[[ $output == *"/typo"* ]]
	nothing_left t-1
	restore_detached t-1 "$T/images"
}

@test "a key whose mount is gone from config.json is refused by name" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	config '.mounts |= map(select(.destination != "/data"))'
	run kedge restore -d -b "$B" --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"/data"* ]]
	[[ $output != *"(null)"* ]]
	nothing_left t-1
}

@test "shared mounts of config.json need no mnt[]:s, those that mnt[] itself takes do" {
	mkdir "$T/peer" "$T/other" "$B/rootfs/shared" "$B/rootfs/hooked"
	for m in peer other; do
		mount -t tmpfs none "$T/$m"
		mount --make-shared "$T/$m"
	done
	config '.linux.rootfsPropagation = "shared"'
	add_bind "$T/peer" /shared rbind rshared
	start_detached t-1
	kedge checkpoint --image-path "$T/images" --leave-running t-1
	[ "$(status_of t-1)" = running ]
	kedge delete --force t-1

	# a mount that config.json doesn't know
	config --arg p "$T/other" --arg r "$B/rootfs/hooked" '.hooks.createContainer =
		[{path: "/bin/mount", args: ["mount", "--bind", $p, $r]}]'
	start_detached t-2
	run kedge checkpoint --image-path "$T/images2" --external 'mnt[]' t-2
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"/hooked: it is a shared mount"* ]]
	[[ $output != *"/shared:"* ]]
	[[ $output == *"mnt[]:s"* ]]
	[ "$(status_of t-2)" = running ]
	[ ! -e "$T/images2" ]
	kedge checkpoint --image-path "$T/images2" --external 'mnt[]:s' t-2
	umount "$T/peer" "$T/other"
}

@test "a dump that fails leaves the container running and keeps the log" {
	start_detached t-1
	mount -t tmpfs -o size=64k tmpfs "$T/images"
	run kedge checkpoint --image-path "$T/images" --work-path "$T" t-1
	umount "$T/images"
	[ "$status" -eq 1 ]
	[[ $output == *"$T/dump.log"* ]]
	[ -s "$T/dump.log" ]
	[ "$(status_of t-1)" = running ]
	kedge exec t-1 true
}

@test "with a cgroup namespace the restored container still sees its own cgroups alone" {
	config '.linux.namespaces += [{type: "cgroup"}]'
	start_detached t-1
	kedge exec t-1 cat /proc/1/cgroup /proc/1/mountinfo >"$T/before"
	kedge checkpoint --image-path "$T/images" t-1
	restore_detached t-1 "$T/images"
	kedge exec t-1 cat /proc/1/cgroup /proc/1/mountinfo >"$T/after"
	grep -q '^0::/$' "$T/before"
	# all but the ids of mounts and devices
	diff <(cut -d' ' -f4- "$T/before" | sort) <(cut -d' ' -f4- "$T/after" | sort)
	diff <(kedge exec t-1 ls /sys/fs/cgroup/pids) <(ls "$(dirname "$(find /sys/fs/cgroup -path '*pids/t-1/tasks')")")
	grep -q '^0::/$' "$T/after"
}

@test "output goes on over the new pipe after a restore" {
	script 'n=0; while :; do n=$((n+1)); echo "line $n"; sleep 0.1; done'
	{ kedge run -d -b "$B" t-1 </dev/null 2>/dev/null 3>&-; } | cat >"$T/out1" 3>&- &
	wait_until 5 file_has "$T/out1" '^line 3$'
	kedge checkpoint --image-path "$T/images" t-1
	jq -e '.[1] | startswith("pipe:[")' "$T/images/descriptors.json"
	{ kedge restore -d -b "$B" --image-path "$T/images" t-1 </dev/null 2>/dev/null 3>&-; } |
		cat >"$T/out2" 3>&- &
	wait_until 5 test -s "$T/out2"
	last=$(tail -n 1 "$T/out1" | tr -dc 0-9)
	first=$(head -n 1 "$T/out2" | tr -dc 0-9)
	[ "$first" -gt "$last" ]
	[ "$first" -le $((last + 2)) ]
	kedge delete --force t-1
}

@test "a read-only root comes back read-only, whether it has a /tmp or not" {
	for tmp in with without; do
		[ "$tmp" = with ] || rmdir "$B/rootfs/tmp"
		start_detached t-1
		run kedge exec t-1 touch /bin/x
		[ "$status" -ne 0 ]
		kedge checkpoint --image-path "$T/images.$tmp" t-1
		restore_detached t-1 "$T/images.$tmp"
		run kedge exec t-1 touch /bin/x
		[ "$status" -ne 0 ]
		[[ $output == *"ead-only"* ]]
		kedge delete --force t-1
	done
	nothing_left t-1
}

@test "a hundred mounts, a missing mountpoint, a symlinked and a relative source all come back" {
	for i in $(seq 100); do
		mkdir -p "$T/many/$i" "$B/rel"
		echo "$i" >"$T/many/$i/n"
	done
	ln -s "$T/many/7" "$T/link"
	echo relative >"$B/rel/n"
	# one edit for all of them
	config --arg t "$T" '.mounts += [range(1; 101) | {destination: "/m/\(.)", type: "bind",
		source: ($t + "/many/\(.)"), options: ["rbind", "ro"]}] + [
		{destination: "/link", type: "bind", source: ($t + "/link"), options: ["bind"]},
		{destination: "/rel/", type: "bind", source: "rel", options: ["bind"]}]'
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	rm -r "$B/rootfs/m" "$B/rootfs/link"
	restore_detached t-1 "$T/images"
	[ "$(kedge exec t-1 sh -c 'cat /m/*/n' | sort -n | tr -d '\n')" = "$(seq 100 | tr -d '\n')" ]
	[ "$(kedge exec t-1 cat /link/n)" = 7 ]
	[ "$(kedge exec t-1 cat /rel/n)" = relative ]
	run kedge exec t-1 touch /m/50/x
	[ "$status" -ne 0 ]
	kedge delete --force t-1
	nothing_left t-1
}
