#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The mounts of containers as Docker, Kubernetes and Podman make them.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

@test "Docker: three files, a shm, two volumes, a cgroup namespace" {
	mkdir -p "$T/containers" /srv/volumes/v1/_data
	for f in hosts hostname resolv.conf; do
		echo "$f" >"$T/containers/$f"
		add_bind "$T/containers/$f" "/etc/$f" rbind rprivate
	done
	fresh shm -o nosuid,nodev,noexec,size=64k
	add_bind "$T/shm" /dev/shm rbind rprivate nosuid noexec nodev
	drop_mount /dev/shm && add_bind "$T/shm" /dev/shm rbind rprivate
	volume project
	add_bind /srv/volumes/v1/_data /var/lib/db rbind rprivate
	add_bind "$T/project" /app rbind rprivate ro
	config '.linux.namespaces += [{type: "cgroup"}]'
	survives
	rm -r /srv/volumes
}

@test "Docker: the daemon's socket, and /etc/localtime by a symlink" {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/docker.sock"
	mkdir "$T/zone" && echo zone >"$T/zone/Berlin" && ln -s zone/Berlin "$T/localtime"
	add_bind "$T/docker.sock" /var/run/docker.sock rbind rprivate
	add_bind "$T/localtime" /etc/localtime rbind rprivate ro
	survives
}

@test "Docker: --read-only with --tmpfs /run, /tmp and a volume" {
	volume src
	ro_root
	add_mount /run tmpfs tmpfs noexec nosuid nodev
	add_mount /tmp tmpfs tmpfs noexec nosuid nodev size=1m
	add_bind "$T/src" /data rbind rprivate
	started t-1
	kedge exec t-1 sh -c 'echo 1 >/run/pid; echo tmp >/tmp/x'
	same_before_and_after t-1 "$T/images"
}

# A pod's directory: a service account as the kubelet lays it out, logs, an emptyDir.
pod() {
	local dir=$1
	mkdir -p "$dir/sa" "$dir/logs" "$dir/empty" "$dir/etc"
	mount -t tmpfs -o size=64k tmpfs "$dir/sa"
	mkdir "$dir/sa/..2026"
	echo token >"$dir/sa/..2026/token"
	ln -s ..2026 "$dir/sa/..data"
	ln -s ..data/token "$dir/sa/token"
	mount --make-shared "$dir/sa"
	echo hosts >"$dir/etc/hosts"
	: >"$dir/termination-log"
}
pod_mounts() {
	add_bind "$1/sa" /var/run/secrets/kubernetes.io/serviceaccount rbind rprivate ro
	add_bind "$1/logs" /var/log rbind rslave rw
	add_bind "$1/empty" /cache rbind rprivate rw
	add_bind "$1/etc/hosts" /etc/hosts rbind rprivate rw
	add_bind "$1/termination-log" /dev/termination-log rbind rprivate rw
}

@test "Kubernetes: service account, logs, emptyDir, hosts, termination log" {
	ln -s /run "$B/rootfs/var-run"
	mkdir -p "$B/rootfs/var" "$B/rootfs/run" && ln -s ../run "$B/rootfs/var/run"
	pod "$T/pod1"
	pod_mounts "$T/pod1"
	survives
}

@test "Kubernetes: restored into another pod, whose volumes are elsewhere, by the live config" {
	pod "$T/pod1"
	pod "$T/pod2"
	pod_mounts "$T/pod1"
	started t-1
	checkpointed t-1 "$T/images"
	config '.mounts |= map(if .source then .source |= sub("/pod1/"; "/pod2/") else . end)'
	umount "$T/pod1/sa" && rm -r "$T/pod1"
	restore_detached t-1 "$T/images"
	[ "$(kedge exec t-1 cat /var/run/secrets/kubernetes.io/serviceaccount/token)" = token ]
	kedge exec t-1 touch /cache/written
	[ -e "$T/pod2/empty/written" ]
	run kedge exec t-1 touch /var/run/secrets/kubernetes.io/serviceaccount/x
	[ "$status" -ne 0 ]
	counts_on t-1 "$COUNT"
}

@test "Kubernetes: mountPropagation Bidirectional and HostToContainer" {
	shared csi host
	mkdir "$T/csi/later" "$T/host/later"
	two_way # as containerd does for Bidirectional
	add_bind "$T/csi" /csi rbind rshared rw
	add_bind "$T/host" /host rbind rslave ro
	survives
	inside t-1 mount -t tmpfs none /csi/later
	mountpoint -q "$T/csi/later"
	mount -t tmpfs none "$T/host/later"
	kedge exec t-1 grep -q ' /host/later ' /proc/self/mountinfo
}

@test "Podman: /run/secrets, /dev/shm, .containerenv, a mask over /proc/acpi" {
	volume secrets
	: >"$T/containerenv"
	fresh shm
	add_bind "$T/secrets" /run/secrets bind rprivate nosuid noexec nodev
	add_bind "$T/containerenv" /run/.containerenv bind rprivate
	drop_mount /dev/shm && add_bind "$T/shm" /dev/shm bind rprivate nosuid noexec nodev
	survives
}

@test "a database: data on a disk, its sockets in a tmpfs, configuration file read-only" {
	ext4 disk
	echo conf >"$T/conf"
	add_bind "$T/disk" /var/lib/data bind noatime
	add_mount /run/db tmpfs tmpfs mode=700
	add_bind "$T/conf" /etc/db.conf bind ro
	survives
}

@test "a program that has files of its volumes open goes on writing to them" {
	volume src
	add_bind "$T/src" /data
	script 'exec 3>>/data/log; token=t; n=0
while :; do n=$((n + 1)); echo "$n" >&3; echo "$token $n" >/dev/counter.new; mv /dev/counter.new /dev/counter; sleep 0.03; done'
	started t-1
	kedge checkpoint --image-path "$T/images" t-1
	last=$(tail -n 1 "$T/src/log")
	restore_detached t-1 "$T/images"
	wait_until 5 file_has "$T/src/log" "^$((last + 3))\$"
	[ "$(uniq -d "$T/src/log" | wc -l)" -eq 0 ]
	[ "$(wc -l <"$T/src/log")" -ge $((last + 3)) ]
}
