/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_parts.h - the readers of config.json's parts, for the files of oci/ only
 *
 * In       struct json_node of a part
 * Out      that part of struct spec
 * Effects  findings and warnings of the document; see config.h
 * Source   as each reader says
 *
 * All have the shape of a reader of json_read.h.
 */
#ifndef KEDGE_OCI_CONFIG_PARTS_H
#define KEDGE_OCI_CONFIG_PARTS_H

#include "oci/json_read.h"

/* What linux.namespaces[].type may be; the value is an enum spec_ns. config-linux.md#namespaces */
extern const struct json_word config_namespace_types[];

/* The keys of `hooks` by enum spec_hook_kind; NULL ends. config.md#posix-platform-hooks */
extern const char *const config_hook_names[];

/* out: struct spec_process. config.md#process */
void config_read_process(const struct json_node *at, void *out);
/* out: struct spec_mounts. config.md#mounts */
void config_read_mounts(const struct json_node *at, void *out);
/* out: struct spec_id_maps. config-linux.md#user-namespace-mappings */
void config_read_id_maps(const struct json_node *at, void *out);
/* out: struct spec_hooks[SPEC_HOOK_KINDS]. config.md#posix-platform-hooks */
void config_read_hooks(const struct json_node *at, void *out);
/* out: struct spec. config-linux.md */
void config_read_linux(const struct json_node *at, void *out);
/* out: struct spec_resources. config-linux.md#control-groups */
void config_read_resources(const struct json_node *at, void *out);
/* out: struct spec_resources, of which it fills `blkio`. config-linux.md#block-io */
void config_read_block_io(const struct json_node *at, void *out);
/* out: struct spec_seccomp *. config-linux.md#seccomp */
void config_read_seccomp(const struct json_node *at, void *out);
/* out: struct spec_pairs, the keys as paths below /proc/sys. config-linux.md#sysctl */
void config_read_sysctl(const struct json_node *at, void *out);

/* The rules that span several members, on a spec that has been read from `root`. */
void config_check(const struct json_node *root, const struct spec *spec);
/* Which sysctls the spec's namespaces allow; `linux_node` is /linux. */
void config_check_sysctl(const struct json_node *linux_node, const struct spec *spec);

#endif
