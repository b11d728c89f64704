#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# How mounts and unmounts spread between host and container is the same after a restore, and works.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

# arrives VOLUME PATH: what the host mounts on VOLUME/later shows at PATH/later of the container
arrives() {
	mkdir -p "$T/$1/later"
	mount -t tmpfs none "$T/$1/later"
	echo late >"$T/$1/later/late"
	[ "$(kedge exec t-1 cat "$2/later/late")" = late ]
}

# stays_away VOLUME PATH: it doesn't
stays_away() { run ! arrives "$@"; }

@test "rprivate: what the host mounts stays away" {
	shared src
	add_bind "$T/src" /data rbind rprivate
	survives
	stays_away src /data
}

@test "rslave: what the host mounts arrives, what it unmounts goes" {
	shared src
	add_bind "$T/src" /data rbind rslave
	survives
	arrives src /data
	umount "$T/src/later"
	run ! kedge exec t-1 test -e /data/later/late
}

@test "rslave: what was propagated before is unmounted with the host's" {
	shared src
	fresh src/sub
	add_bind "$T/src" /data rbind rslave
	survives
	umount "$T/src/sub"
	[ -z "$(kedge exec t-1 ls /data/sub)" ]
}

@test "rslave: what the container mounts stays in the container" {
	shared src
	mkdir "$T/src/own"
	add_bind "$T/src" /data rbind rslave
	survives
	inside t-1 mount -t tmpfs none /data/own
	run ! mountpoint -q "$T/src/own"
}

@test "rshared: mounts go both ways" {
	two_way
	shared src
	mkdir "$T/src/own"
	add_bind "$T/src" /data rbind rshared
	survives
	arrives src /data
	inside t-1 mount -t tmpfs none /data/own
	mountpoint -q "$T/src/own"
}

@test "rshared: a mount that the container made is the host's, too, before and after" {
	two_way
	shared src
	mkdir "$T/src/own"
	add_bind "$T/src" /data rbind rshared
	started t-1
	inside t-1 mount -t tmpfs none /data/own
	inside t-1 touch /data/own/x
	same_before_and_after t-1 "$T/images"
	[ -e "$T/src/own/x" ]
	inside t-1 umount /data/own
	run ! mountpoint -q "$T/src/own"
}

@test "two shared binds of one source are peers of each other and of the host" {
	two_way
	shared src
	add_bind "$T/src" /one rbind rshared
	add_bind "$T/src" /two rbind rshared ro
	survives
	arrives src /one
	kedge exec t-1 test -e /two/later/late
}

@test "rshared below a root that is a slave: a slave of the host's mount, and shared" {
	shared src
	mkdir "$T/src/own"
	add_bind "$T/src" /data rbind rshared
	survives
	arrives src /data
	inside t-1 mount -t tmpfs none /data/own
	run ! mountpoint -q "$T/src/own"
}

@test "rslave and rshared: a slave that has peers of its own" {
	shared src
	add_bind "$T/src" /data rbind rslave
	add_bind "$T/src" /data2 rbind rslave rshared
	survives
	arrives src /data
	kedge exec t-1 test -e /data2/later/late
}

@test "rslave of a source that is private on the host" {
	fresh src
	mount --make-private "$T/src"
	add_bind "$T/src" /data rbind rslave
	survives
	stays_away src /data
}

@test "rshared of a source that is private on the host: a group of its own" {
	two_way
	fresh src
	mount --make-private "$T/src"
	add_bind "$T/src" /data rbind rshared
	survives
}

@test "slaves of two mounts of the host" {
	shared a b
	add_bind "$T/a" /a rbind rslave
	add_bind "$T/b" /b rbind rslave ro
	survives
	arrives a /a
	arrives b /b
}

@test "two slaves of one mount, one read-only" {
	shared src
	add_bind "$T/src" /a rbind rslave
	add_bind "$T/src" /b rbind rslave ro
	survives
	arrives src /a
	kedge exec t-1 test -e /b/later/late
}

@test "a slave of a directory below a shared mount" {
	shared src
	volume src/dir
	add_bind "$T/src/dir" /data rbind rslave ro
	survives
	arrives src/dir /data
}

@test "a slave with submounts, each of which is shared on the host" {
	shared src
	fresh src/a
	fresh src/a/b
	add_bind "$T/src" /data rbind rslave
	survives
	arrives src/a/b /data/a/b
}

@test "a slave that is mapped to another shared mount is that one's slave" {
	shared src new
	echo src >"$T/new/name"
	add_bind "$T/src" /data rbind rslave
	started t-1
	checkpointed t-1 "$T/images"
	restore_detached t-1 "$T/images" --external "mnt[/data]:$T/new"
	arrives new /data
	umount "$T/new/later"
	stays_away src /data
}

@test "a slave that is mapped to a private mount is private, and a note says so" {
	shared src
	fresh new
	mount --make-private "$T/new"
	add_bind "$T/src" /data rbind rslave
	started t-1
	checkpointed t-1 "$T/images"
	restore_detached t-1 "$T/images" --external "mnt[/data]:$T/new"
	grep -q /data "$T/restore.err"
	[ "$(kedge exec t-1 cat /data/name)" = new ]
	counts_on t-1 "$COUNT"
	stays_away new /data
}

@test "two slaves of one mount that are mapped to two mounts" {
	shared src a b
	add_bind "$T/src" /a rbind rslave
	add_bind "$T/src" /b rbind rslave
	started t-1
	checkpointed t-1 "$T/images"
	restore_detached t-1 "$T/images" --external "mnt[/a]:$T/a" --external "mnt[/b]:$T/b"
	arrives a /a
	run ! kedge exec t-1 test -e /b/later/late
	umount "$T/a/later"
	arrives b /b
}

@test "a shared bind that is mapped to another shared mount is a peer of that one" {
	two_way
	shared src new
	mkdir "$T/new/own"
	add_bind "$T/src" /data rbind rshared
	started t-1
	checkpointed t-1 "$T/images"
	restore_detached t-1 "$T/images" --external "mnt[/data]:$T/new"
	arrives new /data
	inside t-1 mount -t tmpfs none /data/own
	mountpoint -q "$T/new/own"
}

@test "an unbindable bind" {
	volume src
	add_bind "$T/src" /data bind unbindable
	survives
	mkdir -p "$B/rootfs/new"
	run ! inside t-1 mount --bind /data /new
}

@test "a group of peers that is all the container's" {
	mkdir "$B/rootfs/peer"
	add_mount /scratch tmpfs tmpfs
	started t-1
	inside t-1 mount --make-shared /scratch
	inside t-1 mount --bind /scratch /peer
	same_before_and_after t-1 "$T/images"
	inside t-1 sh -c 'mkdir /scratch/in; mount -t tmpfs none /scratch/in; touch /scratch/in/x'
	kedge exec t-1 test -e /peer/in/x
}

@test "a slave of a mount of the container" {
	mkdir "$B/rootfs/slave"
	add_mount /scratch tmpfs tmpfs
	started t-1
	inside t-1 mount --make-shared /scratch
	inside t-1 mount --bind /scratch /slave
	inside t-1 mount --make-slave /slave
	same_before_and_after t-1 "$T/images"
	inside t-1 sh -c 'mkdir /scratch/in; mount -t tmpfs none /scratch/in; touch /scratch/in/x'
	kedge exec t-1 test -e /slave/in/x
}

@test "a group of peers on the host's disk, and a slave of it, none of them the host's" {
	volume src src/in
	add_bind "$T/src" /data bind private
	mkdir "$B/rootfs/peer" "$B/rootfs/part" "$B/rootfs/slave"
	started t-1
	inside t-1 mount --make-shared /data
	inside t-1 mount --bind /data /peer
	inside t-1 mount --bind /data/in /part
	inside t-1 mount --bind /data /slave
	inside t-1 mount --make-slave /slave
	inside t-1 mount --make-shared /slave
	same_before_and_after t-1 "$T/images"
	inside t-1 mount -t tmpfs none /part
	inside t-1 mount -t tmpfs none /peer/in
	kedge exec t-1 grep -q ' /slave/in ' /proc/self/mountinfo
}

@test "peers by the host's group that are mapped to two private mounts have a group each" {
	shared src
	fresh a
	fresh b
	mount --make-private "$T/a"
	mount --make-private "$T/b"
	two_way
	add_bind "$T/src" /a bind rshared
	add_bind "$T/src" /b bind rshared
	started t-1
	checkpointed t-1 "$T/images"
	restore_detached t-1 "$T/images" --external "mnt[/a]:$T/a" --external "mnt[/b]:$T/b"
	[ "$(kedge exec t-1 cat /a/name /b/name)" = "$(printf 'a\nb')" ]
	counts_on t-1 "$COUNT"
}

@test "a shared bind that a tmpfs covers is refused by name, and a slave that one covers comes back" {
	shared src
	two_way
	add_bind "$T/src" /vol/data bind rshared
	add_mount /vol tmpfs tmpfs
	started t-1
	checkpointed t-1 "$T/images"
	grep -q "/vol/data: it is shared with the host's mount" "$W/checkpoint.out"
	restore_refused "/vol/data: source $T/src: it is to be shared with the host's mount"
	set_options /vol/data bind rslave
	restore_detached t-1 "$T/images"
	counts_on t-1 "$COUNT"
}

@test "a tmpfs that the container has on a slave" {
	shared src
	mkdir "$T/src/own"
	add_bind "$T/src" /data rbind rslave
	started t-1
	inside t-1 mount -t tmpfs none /data/own
	inside t-1 touch /data/own/x
	same_before_and_after t-1 "$T/images"
	arrives src /data
}

@test "rootfsPropagation slave: what the host mounts below the root arrives" {
	mount --bind "$B/rootfs" "$B/rootfs"
	mount --make-shared "$B/rootfs"
	config '.linux.rootfsPropagation = "rslave"'
	mkdir "$B/rootfs/later"
	survives
	mount -t tmpfs none "$B/rootfs/later"
	echo late >"$B/rootfs/later/late"
	[ "$(kedge exec t-1 cat /later/late)" = late ]
}

# the runtime-spec: it "belongs to a new peer group", which "does not mean that it is shared with the host"
@test "rootfsPropagation shared: the root has a group of its own" {
	mount --bind "$B/rootfs" "$B/rootfs"
	mount --make-shared "$B/rootfs"
	two_way
	mkdir "$B/rootfs/later" "$B/rootfs/own" "$B/rootfs/peer"
	started t-1
	inside t-1 mount --bind / /peer
	same_before_and_after t-1 "$T/images"
	mount -t tmpfs none "$B/rootfs/later"
	run ! kedge exec t-1 grep -q ' /later ' /proc/self/mountinfo
	inside t-1 mount -t tmpfs none /own
	kedge exec t-1 grep -q ' /peer/own ' /proc/self/mountinfo
	run ! mountpoint -q "$B/rootfs/own"
}

@test "rootfsPropagation private" {
	config '.linux.rootfsPropagation = "rprivate"'
	survives
}

@test "rootfsPropagation unbindable" {
	config '.linux.rootfsPropagation = "unbindable"'
	survives
}

@test "a slave still is one after two rounds" {
	shared src
	add_bind "$T/src" /data rbind rslave
	survives
	same_before_and_after t-1 "$T/images2"
	arrives src /data
}

@test "a shared one still is one after two rounds" {
	two_way
	shared src
	add_bind "$T/src" /data rbind rshared
	survives
	same_before_and_after t-1 "$T/images2"
	arrives src /data
}
