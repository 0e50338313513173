/* SPDX-License-Identifier: Apache-2.0 */
/* What the header of an answer says; Consul's API documentation has the names. */
#ifndef KVS_CONSUL_HEADER_H
#define KVS_CONSUL_HEADER_H

#include <kvsync/kvsync.h>

#include <stdbool.h>

struct consul_header {
	uint64_t index;	     /* X-Consul-Index; 0: none */
	bool filtered;	     /* access rules hid something */
	bool tells_filtered; /* the server is one that would have said so */
	bool no_leader;	     /* X-Consul-KnownLeader: false */
	bool has_contact;
	uint64_t contact_ms;	 /* X-Consul-LastContact */
	uint64_t retry_after_ms; /* of a 429 or 503; 0: none */
	bool is_html;
	char location[128]; /* escaped, of a redirect */
};

/* Takes one line of it; others than those above do not matter. */
void consul_header_take(struct consul_header *h, struct kvs_str name, struct kvs_str value);

#endif
