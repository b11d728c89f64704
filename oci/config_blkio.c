/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/config_parts.h"

/* A device of weightDevice before it is known which of its weights it brings. */
struct weight_device {
	struct spec_blkio_device device;
	struct spec_opt_u64 weight, leaf_weight;
};

static void read_weight(const struct json_node *at, void *out)
{
	struct spec_opt_u64 *opt = out;

	opt->set = json_uint(at, UINT16_MAX, &opt->v);
}

/* docker writes "weight": 0 into every config; the kernel's smallest is 10 (1 in v2). */
static void read_nonzero_weight(const struct json_node *at, void *out)
{
	struct spec_opt_u64 *opt = out;

	read_weight(at, opt);
	opt->set = opt->set && opt->v;
}

static const struct json_field weight_device_fields[] = {
	JSON_NEEDED("major", json_read_u32, weight_device, device.major),
	JSON_NEEDED("minor", json_read_u32, weight_device, device.minor),
	JSON_FIELD("weight", read_weight, weight_device, weight),
	JSON_FIELD("leafWeight", read_weight, weight_device, leaf_weight),
	{ 0 },
};

/* "You MUST specify at least one of weight or leafWeight in a given entry." */
static void read_weight_device(const struct json_node *at, void *out)
{
	struct weight_device *d = out;

	json_read_object(at, weight_device_fields, d);
	if (json_is_object(at->v) && !json_member(at, "weight").v &&
	    !json_member(at, "leafWeight").v)
		json_find(at, "needs weight or leafWeight");
}

/* Append to a list with room enough. */
static void append(struct spec_blkio_list *list, const struct weight_device *d, uint64_t weight)
{
	list->v[list->n] = d->device;
	list->v[list->n++].value = weight;
}

/* One list of the document has two kinds of weights; the spec's values are a list per kind. */
static void read_weight_devices(const struct json_node *at, void *out)
{
	struct spec_resources *r = out;
	struct arena *arena = at->doc->arena;
	struct weight_device *d;
	size_t n = 0;

	d = json_read_array(at, read_weight_device, sizeof(*d), &n);
	if (!n)
		return;
	r->blkio.weight_device.v = arena_array(arena, n, sizeof(struct spec_blkio_device));
	r->blkio.leaf_weight_device.v = arena_array(arena, n, sizeof(struct spec_blkio_device));
	for (size_t i = 0; i < n; i++) {
		if (d[i].weight.set)
			append(&r->blkio.weight_device, &d[i], d[i].weight.v);
		if (d[i].leaf_weight.set)
			append(&r->blkio.leaf_weight_device, &d[i], d[i].leaf_weight.v);
	}
}

static const struct json_field throttle_fields[] = {
	JSON_NEEDED("major", json_read_u32, spec_blkio_device, major),
	JSON_NEEDED("minor", json_read_u32, spec_blkio_device, minor),
	JSON_NEEDED("rate", json_read_u64, spec_blkio_device, value),
	{ 0 },
};

static void read_throttle(const struct json_node *at, void *out)
{
	json_read_object(at, throttle_fields, out);
}

static void read_throttles(const struct json_node *at, void *out)
{
	struct spec_blkio_list *list = out;

	list->v = json_read_array(at, read_throttle, sizeof(*list->v), &list->n);
}

#define RES(key, reader, member) JSON_FIELD(key, reader, spec_resources, member)

static const struct json_field block_io_fields[] = {
	RES("weight", read_nonzero_weight, blkio.weight),
	RES("leafWeight", read_nonzero_weight, blkio.leaf_weight),
	JSON_WHOLE("weightDevice", read_weight_devices),
	RES("throttleReadBpsDevice", read_throttles, blkio.read_bps),
	RES("throttleWriteBpsDevice", read_throttles, blkio.write_bps),
	RES("throttleReadIOPSDevice", read_throttles, blkio.read_iops),
	RES("throttleWriteIOPSDevice", read_throttles, blkio.write_iops),
	{ 0 },
};

void config_read_block_io(const struct json_node *at, void *out)
{
	json_read_object(at, block_io_fields, out);
}
