#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Bad input gets one clear error that names the object, and leaves nothing behind.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() { common_setup; }
teardown() { common_teardown; }

@test "config.json: truncated, empty, not UTF-8, nested too deeply, 100 MB, not a file, not there" {
	cp "$B/config.json" "$T/good"
	head -c 500 "$T/good" >"$B/config.json"
	refuses config.json kedge run -b "$B" t-1
	: >"$B/config.json"
	refuses "is empty" kedge run -b "$B" t-1
	sed 's/"kedge"/"\xff\xfe"/' "$T/good" >"$B/config.json"
	refuses UTF-8 kedge run -b "$B" t-1
	head -c 200000 /dev/zero | tr '\0' '[' >"$B/config.json"
	refuses config.json kedge run -b "$B" t-1
	truncate -s 100000000 "$B/config.json"
	refuses "100000000 bytes" kedge run -b "$B" t-1
	rm "$B/config.json" && mkfifo "$B/config.json"
	refuses "not a regular file" kedge run -b "$B" t-1
	rm "$B/config.json"
	refuses "config.json" kedge run -b "$B" t-1
	nothing_left t-1
}

@test "a bundle without rootfs, and a rootfs that is a file" {
	rm -r "$B/rootfs"
	refuses "$B/rootfs" kedge run -b "$B" t-1
	touch "$B/rootfs"
	refuses "$B/rootfs is not a directory" kedge run -b "$B" t-1
	nothing_left t-1
}

@test "ids that can't be: with a slash, dots, empty, of 5,000 bytes" {
	for id in a/b .. . '' "$(head -c 5000 /dev/zero | tr '\0' a)" 'a b' $'a\nb'; do
		for c in "run -b $B" state start delete "kill" pause; do
			# shellcheck disable=SC2086 # words of one command
			refuses "container id" kedge $c "$id"
		done
	done
	nothing_left t-1
}

@test "a program that isn't there, isn't executable, or is a directory" {
	config '.process.args = ["/nowhere"]'
	refuses /nowhere kedge run -b "$B" t-1
	config '.process.args = ["nowhere"]'
	refuses 'executable file not found in $PATH' kedge run -b "$B" t-1
	config '.process.args = ["/etc/passwd"]'
	refuses "/etc/passwd" kedge run -b "$B" t-1
	config '.process.args = ["/etc"]'
	refuses "/etc" kedge run -b "$B" t-1
	nothing_left t-1
}

@test "a mount whose source is missing is named with its number and destination" {
	add_bind "$T/missing" /data
	refuses "(/data)" kedge run -b "$B" t-1
	[[ $output == *"$T/missing"* ]]
	nothing_left t-1
}

@test "images: no directory, an empty one, a broken magic, a length past the end, files that are missing" {
	mkdir "$T/images" "$T/empty"
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	nothing_left t-1
	cp -r "$T/images" "$T/good"
	broken() {
		refuses "$1" kedge restore -d -b "$B" --image-path "$T/images" t-1
		nothing_left t-1
		rm -r "$T/images"
		cp -r "$T/good" "$T/images"
	}
	refuses "$T/none" kedge restore -d -b "$B" --image-path "$T/none" t-1
	refuses "$T/empty" kedge restore -d -b "$B" --image-path "$T/empty" t-1
	printf XXXX | dd of="$T/images/inventory.img" conv=notrunc 2>/dev/null
	broken inventory.img
	mounts=$(basename "$T"/images/mountpoints-*.img)
	printf XXXX | dd of="$T/images/$mounts" bs=1 seek=4 conv=notrunc 2>/dev/null
	broken "$mounts"
	printf '\377\377\377\177' | dd of="$T/images/$mounts" bs=1 seek=8 conv=notrunc 2>/dev/null
	broken "$mounts"
	truncate -s -5 "$T/images/$mounts"
	broken "$mounts"
	rm "$T/images/$mounts"
	broken "$mounts"
	core=$(basename "$T/images/"core-1.img)
	rm "$T/images/$core"
	broken "$core"
	rm "$T/images/inventory.img"
	ln -s "$T/good/inventory.img" "$T/images/inventory.img"
	broken inventory.img
	restore_detached t-1 "$T/images"
}

@test "a CRIU that isn't there, can't be executed, or is something else" {
	mkdir "$T/images"
	start_detached t-1
	refuses "$T/none" kedge checkpoint --criu "$T/none" --image-path "$T/images" t-1
	touch "$T/plain"
	refuses "$T/plain" kedge checkpoint --criu "$T/plain" --image-path "$T/images" t-1
	refuses "/bin/true" kedge checkpoint --criu /bin/true --image-path "$T/images" t-1
	[ "$(status_of t-1)" = running ]
}

@test "a CRIU that answers garbage, ends half-way, or hangs: the container runs on" {
	mkdir "$T/images"
	start_detached t-1
	fake_criu garbage 's.send(b"\xff" * 40); time.sleep(5)'
	refuses "criu" kedge checkpoint --criu "$T/garbage" --image-path "$T/images" t-1
	fake_criu ends 's.send(VERSION); s.recv(1 << 20); sys.exit(3)'
	refuses "criu" kedge checkpoint --criu "$T/ends" --image-path "$T/images" t-1
	fake_criu hangs 's.send(VERSION); s.recv(1 << 20); time.sleep(1000)'
	refuses "1 s" kedge checkpoint --criu "$T/hangs" --timeout 1 --image-path "$T/images" t-1
	[ "$(status_of t-1)" = running ]
	kedge exec t-1 true
	kedge checkpoint --image-path "$T/images" t-1
	refuses "criu" kedge restore --criu "$T/ends" -d -b "$B" --image-path "$T/images" t-1
	nothing_left t-1
	refuses "1 s" kedge restore --criu "$T/hangs" --timeout 1 -d -b "$B" --image-path "$T/images" t-1
	nothing_left t-1
	run pgrep -f "$T/hangs"
	[ "$status" -ne 0 ]
	restore_detached t-1 "$T/images"
}

@test "a disk that is full: the dump fails, says so, and the container runs on" {
	mkdir "$T/images"
	mount -t tmpfs -o size=48k tmpfs "$T/images"
	start_detached t-1
	run kedge checkpoint --image-path "$T/images" --work-path "$T" t-1
	umount "$T/images"
	[ "$status" -eq 1 ]
	[[ $output == *"criu dump failed"* ]]
	[ "$(status_of t-1)" = running ]
	kedge exec t-1 true
	kedge delete --force t-1
	nothing_left t-1
}

@test "kill -9 of a checkpoint or a restore, whenever it comes, leaves what delete can remove" {
	start_detached t-1
	for ms in 5 20 40 80 120; do
		rm -rf "$T/i$ms"
		kedge checkpoint --leave-running --image-path "$T/i$ms" t-1 >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.$(printf %03d "$ms")"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		# CRIU dies with kedge and lets the tasks go; a freezer it left frozen would show here
		wait_until 10 is_running t-1
		kedge exec t-1 true
	done
	mkdir "$T/images"
	kedge checkpoint --image-path "$T/images" t-1
	for ms in 5 20 40 60 90; do
		kedge restore -d -b "$B" --image-path "$T/images" t-1 </dev/null >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.$(printf %03d "$ms")"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		kedge delete --force t-1
		nothing_left t-1
	done
}
