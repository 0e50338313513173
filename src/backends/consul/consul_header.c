/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/consul/consul_header.h"

#include "base/parse.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

#define MAX_RETRY_AFTER_MS 60000u

static void take_number(struct kvs_str value, uint64_t *ret)
{
	char digits[24];

	if (value.n >= sizeof(digits))
		return;
	memcpy(digits, value.p, value.n);
	digits[value.n] = '\0';
	(void)kvs_parse_uint(digits, 0, UINT64_MAX, ret, NULL);
}

static bool is_word(struct kvs_str value, const char *word)
{
	return value.n == strlen(word) && strncasecmp(value.p, word, value.n) == 0;
}

static void take_index(struct consul_header *h, struct kvs_str value)
{
	take_number(value, &h->index);
}

static void take_filtered(struct consul_header *h, struct kvs_str value)
{
	h->filtered = is_word(value, "true");
}

/* Servers that send this also tell when they filter (1.12 and later). */
static void take_backend(struct consul_header *h, struct kvs_str value)
{
	(void)value;
	h->tells_filtered = true;
}

static void take_leader(struct consul_header *h, struct kvs_str value)
{
	h->no_leader = is_word(value, "false");
}

static void take_contact(struct consul_header *h, struct kvs_str value)
{
	h->has_contact = true;
	take_number(value, &h->contact_ms);
}

/* In seconds; the form that is a date is not used by Consul. */
static void take_retry_after(struct consul_header *h, struct kvs_str value)
{
	uint64_t seconds = 0;

	take_number(value, &seconds);
	h->retry_after_ms = seconds < MAX_RETRY_AFTER_MS / 1000 ? seconds * 1000
								: MAX_RETRY_AFTER_MS;
}

static void take_type(struct consul_header *h, struct kvs_str value)
{
	h->is_html = value.n >= 9 && strncasecmp(value.p, "text/html", 9) == 0;
}

static void take_location(struct consul_header *h, struct kvs_str value)
{
	(void)kvs_escape_into(h->location, sizeof(h->location), value.p, value.n);
}

void consul_header_take(struct consul_header *h, struct kvs_str name, struct kvs_str value)
{
	static const struct {
		const char *name;
		void (*take)(struct consul_header *h, struct kvs_str value);
	} known[] = {
		{ "X-Consul-Index", take_index },
		{ "X-Consul-Results-Filtered-By-ACLs", take_filtered },
		{ "X-Consul-Query-Backend", take_backend },
		{ "X-Consul-KnownLeader", take_leader },
		{ "X-Consul-LastContact", take_contact },
		{ "Retry-After", take_retry_after },
		{ "Content-Type", take_type },
		{ "Location", take_location },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (is_word(name, known[i].name))
			known[i].take(h, value);
}
