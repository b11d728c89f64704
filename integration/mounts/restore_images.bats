#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Images are the user's: a restore reads them, and writes nothing to where they lie.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() {
	common_setup
	mkdir -p "$T/old" "$T/images"
	add_bind "$T/old" /data
	script 'n=0; while :; do n=$((n+1)); echo $n >>/data/counter; sleep 0.1; done'
}
teardown() {
	common_teardown
	umount "$T/images" 2>/dev/null || true
}

counts() { wait_until 5 file_has "$1" "^$2\$"; }

# everything about the files of the images but when they were read
picture() { (cd "$1" && find . -printf '%p %i %s %m %T@ %l\n' | sort && sha256sum ./*.img); }

# user_namespace: in one whose root is nobody to what is the host root's
user_namespace() {
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0,
		hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	chmod 777 "$T/old"
	for d in "$T" "$T"/.. "$T"/../.. "$T"/../../..; do chmod o+x "$d"; done
	chown -R 100000:100000 "$B/rootfs"
}

@test "a restore leaves the images as they were, to the byte and the second" {
	start_detached t-1
	counts "$T/old/counter" 3
	kedge checkpoint --image-path "$T/images" t-1
	picture "$T/images" >"$T/before"
	mkdir "$T/work"
	for _ in 1 2; do
		restore_detached t-1 "$T/images" --work-path "$T/work"
		kedge delete --force t-1
	done
	picture "$T/images" >"$T/after"
	diff "$T/before" "$T/after"
}

@test "images on a read-only file system restore, and nothing of ours stays in /tmp" {
	mount -t tmpfs -o mode=700 none "$T/images"
	start_detached t-1
	counts "$T/old/counter" 3
	kedge checkpoint --image-path "$T/images" t-1
	mount -o remount,ro "$T/images"
	restore_detached t-1 "$T/images"
	counts "$T/old/counter" 6
	run ! ls -d /tmp/kedge-restore-*
	kedge delete --force t-1
	umount "$T/images"
	nothing_left t-1
}

@test "a failed restore of read-only images says where its log is" {
	mount -t tmpfs -o mode=700 none "$T/images"
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	rm "$T/images/fdinfo-"*.img "$T/images/core-1.img"
	echo broken >"$T/images/core-1.img"
	mount -o remount,ro "$T/images"
	run kedge restore -d -b "$B" --image-path "$T/images" t-1
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output =~ (/tmp/kedge-restore-[A-Za-z0-9]+)/restore.log ]]
	[ -s "${BASH_REMATCH[0]}" ]
	rm -r "${BASH_REMATCH[1]}"
	umount "$T/images"
	nothing_left t-1
}

@test "images that name their predecessor by a relative link restore" {
	start_detached t-1
	counts "$T/old/counter" 3
	kedge checkpoint --image-path "$T/images" t-1
	cp -a "$T/images" "$T/pre"
	ln -s ../pre "$T/images/parent"
	restore_detached t-1 "$T/images"
	counts "$T/old/counter" 6
}

@test "images in a directory that only root may enter restore into a user namespace" {
	user_namespace
	mkdir -m 700 /run/kedge-hidden
	mkdir /run/kedge-hidden/images
	start_detached t-1
	counts "$T/old/counter" 3
	kedge checkpoint --image-path /run/kedge-hidden/images t-1
	restore_detached t-1 /run/kedge-hidden/images
	counts "$T/old/counter" 6
	rm -r /run/kedge-hidden
}

@test "images that root alone may read restore into a user namespace, and so do those they build on" {
	user_namespace
	start_detached t-1
	counts "$T/old/counter" 3
	mkdir -m 700 "$T/hidden"
	kedge checkpoint --image-path "$T/hidden/images" t-1
	[ "$(stat -c %a "$T/hidden/images")" = 700 ]
	cp -a "$T/hidden/images" "$T/hidden/pre"
	cp -a "$T/hidden/images" "$T/first"
	ln -s ../../first "$T/hidden/pre/parent"
	ln -s ../pre "$T/hidden/images/parent"
	picture "$T/hidden/images" >"$T/before"
	mkdir "$T/work"
	restore_detached t-1 "$T/hidden/images" --work-path "$T/work"
	counts "$T/old/counter" 6
	picture "$T/hidden/images" >"$T/after"
	diff "$T/before" "$T/after"
}

@test "where owners can't be mapped, such images are refused by name, and restore once all may read them" {
	user_namespace
	mkdir "$T/lower" "$T/upper" "$T/overlay"
	mount -t overlay -o "lowerdir=$T/lower,upperdir=$T/upper,workdir=$T/overlay" none "$T/images"
	start_detached t-1
	counts "$T/old/counter" 3
	kedge checkpoint --image-path "$T/images" t-1
	chmod -R go= "$T/images"
	refuses "image directory $T/images: it can't be read by the root of the container's user \
namespace: this kernel can't make idmapped mounts of that file system" \
		kedge restore -d -b "$B" --image-path "$T/images" t-1
	[[ $output == *"chmod -R o+rX"* ]]
	chmod o+x "$T/images"
	refuses ".img can't be read by the root of the container's user namespace" \
		kedge restore -d -b "$B" --dry-run --image-path "$T/images" t-1
	chmod -R o+rX "$T/images"
	restore_detached t-1 "$T/images" --work-path "$T"
	counts "$T/old/counter" 6
}

@test "images that others may write to, or that are another's, are refused" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	chmod g+w "$T/images"
	refuses "$T/images: other users may write to it" kedge restore -d -b "$B" \
		--image-path "$T/images" t-1
	[[ $output == *"--allow-unsafe-images"* ]]
	chmod g-w "$T/images"
	chmod o+w "$T/images/core-1.img"
	refuses "core-1.img: other users may write to it" kedge restore -d -b "$B" \
		--image-path "$T/images" t-1
	chmod o-w "$T/images/core-1.img"
	chown 1000 "$T/images/pstree.img"
	refuses "pstree.img belongs to user 1000" kedge restore -d -b "$B" --image-path "$T/images" \
		t-1
	chown 0 "$T/images/pstree.img"
	# so are those that they build on
	mkdir -m 777 "$T/pre"
	ln -s ../pre "$T/images/parent"
	refuses "images/parent: other users may write to it" kedge restore -d -b "$B" \
		--image-path "$T/images" t-1
	rm "$T/images/parent"
	nothing_left t-1
	restore_detached t-1 "$T/images"
	kedge delete --force t-1
	chmod go+w "$T/images"
	restore_detached t-1 "$T/images" --allow-unsafe-images
}

@test "a restore that fails late takes back the mountpoints it made, and the pid file" {
	mkdir "$T/sub"
	add_bind "$T/sub" /data/below
	add_bind "$T/sub" /fresh/one
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	rmdir "$T/old/below"
	rm -r "$B/rootfs/fresh"
	config '.hooks.createRuntime = [{path: "/bin/false"}] |
		.hooks.poststop = [{path: "/usr/bin/touch", args: ["touch", $t]}]' --arg t "$T/poststop"
	run kedge restore -d -b "$B" --image-path "$T/images" --pid-file "$T/pid" t-1
	echo "$output"
	[ "$status" -eq 1 ]
	[ ! -e "$T/old/below" ]
	[ ! -e "$B/rootfs/fresh" ]
	[ ! -e "$T/pid" ]
	[ -e "$T/poststop" ]
	nothing_left t-1
	config 'del(.hooks)'
	restore_detached t-1 "$T/images"
	[ -d "$T/old/below" ]
}

@test "a mountpoint that is missing in a read-only source is refused beforehand" {
	mkdir "$T/sub" "$T/ro"
	mount -t tmpfs none "$T/ro"
	mkdir "$T/ro/below"
	add_bind "$T/ro" /ro bind
	add_bind "$T/sub" /ro/below
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	rmdir "$T/ro/below"
	mount -o remount,ro "$T/ro"
	refuses "its mountpoint is missing in $T/ro, which is read-only" kedge restore -d -b "$B" \
		--image-path "$T/images" t-1
	umount "$T/ro"
	nothing_left t-1
}

@test "a thousand mounts restore, and are staged in no time" {
	for i in $(seq 1000); do
		mkdir -p "$T/src/$i"
	done
	jq --arg t "$T" '.mounts += [range(1; 1001) | {destination: "/m/\(.)", type: "bind",
		source: "\($t)/src/\(.)", options: ["bind", "ro"]}]' "$B/config.json" >"$B/new"
	mv "$B/new" "$B/config.json"
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	restore_detached t-1 "$T/images"
	[ "$(kedge exec t-1 grep -c ' /m/' /proc/self/mountinfo)" -eq 1000 ]
	[ "$(kedge exec t-1 grep ' /m/' /proc/self/mountinfo | grep -vc ' ro,')" -eq 0 ]
}
