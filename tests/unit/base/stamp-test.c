/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stamp.h"
#include "tests/lib/tap.h"

int main(void)
{
	char text[KVS_STAMP_SIZE] = "as it was";

	ok(!kvs_stamp(UINT64_C(253402300800000), text), "the year 10000");
	is_str(text, "as it was", "writes nothing");
	ok(kvs_stamp(0, text), "the first moment");
	is_str(text, "1970-01-01T00:00:00.000Z", "is 1970");
	ok(kvs_stamp(UINT64_C(1767268800007), text), "a moment of 2026");
	is_str(text, "2026-01-01T12:00:00.007Z", "has its milliseconds");
	ok(kvs_stamp(UINT64_C(253402300799999), text), "the last moment");
	is_str(text, "9999-12-31T23:59:59.999Z", "is 9999");
	return tap_end();
}
