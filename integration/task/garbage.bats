#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Clients that don't behave: the shim serves the others meanwhile, and is afterwards what it was before.

load ../lib/common
load ../lib/containerd

setup() {
	containerd_setup
	ctr_run -d t-1 /bin/sh -c 'while :; do sleep 100; done'
}
teardown() { containerd_teardown; }

garbage() { timeout 100 "$TREE/integration/lib/garbage.py" "$1" "$BUNDLES/t-1"; }

@test "random bytes, with and without the head of a frame" { garbage random; }
@test "half frames, frames that are too long, out of order or of no known type" { garbage frames; }
@test "services, methods, tasks and messages that aren't there" { garbage unknown; }
@test "10,000 requests in flight on several connections" { garbage flight; }
@test "1,000 requests at once that need a process each" { garbage kills; }
@test "clients that never read their answers" { garbage deaf; }
@test "hundreds of connections, and more than there are fds for" { garbage many; }
@test "other users are refused" { garbage peers; }
