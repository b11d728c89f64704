/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "oci/config.h"
#include "shim/task/sandbox_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a pod's config says, what is made of it is JSON: its errors are about fields. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sandbox_place place = { "p", "k8s.io", "/n", "/kedge" };
	Sandbox__PodConfig *pod = sandbox__pod_config__unpack(NULL, size, data);
	AUTO(buf_done) struct buf text = { 0 };
	AUTO(spec_done) struct spec spec = { 0 };
	struct err err = { 0 };

	if (pod && !sandbox_spec(pod, &place, &text, &err) &&
	    oci_config_parse(text.p, text.n, &spec, &err) && !strchr(err.msg, '/'))
		abort();
	sandbox__pod_config__free_unpacked(pod, NULL);
	return 0;
}
