/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "backends/etcd/etcd_link.h"

#include "backends/etcd/etcd_tls.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/rand.h"

#include <arpa/inet.h>
#include <grpc/grpc_security.h>
#include <string.h>

#define DEFAULT_DIAL_MS	     1000
#define MAX_MESSAGE	     (-1) /* backlogs of watches are as large as they are */
#define KEEPALIVE_MS	     10000
#define KEEPALIVE_TIMEOUT_MS 5000
#define FIRST_BACKOFF_MS     200
#define MAX_BACKOFF_MS	     1000

int etcd_link_init(struct etcd_link *link, const struct kvs_opts *opts, bool tls,
		   struct kvs_err *err)
{
	link->dial_timeout = kvs_opts_ms(opts, "dial-timeout", DEFAULT_DIAL_MS);
	if (!link->dial_timeout || link->dial_timeout > INT32_MAX)
		link->dial_timeout = DEFAULT_DIAL_MS;
	return etcd_tls_init(&link->tls, opts, tls, err);
}

static void close_channels(struct etcd_link *link)
{
	size_t i;

	for (i = 0; i < link->n; i++) {
		if (link->all[i].channel)
			grpc_channel_destroy(link->all[i].channel);
		link->all[i].channel = NULL;
	}
	if (link->creds)
		grpc_channel_credentials_release(link->creds);
	link->creds = NULL;
}

static void free_members(struct etcd_member *all, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (all[i].channel)
			grpc_channel_destroy(all[i].channel);
		kvsi_free(all[i].target);
		kvsi_free(all[i].name);
	}
	kvsi_free(all);
}

void etcd_link_release(struct etcd_link *link)
{
	close_channels(link);
	free_members(link->all, link->n);
	link->all = NULL;
	link->n = link->current = 0;
	etcd_tls_release(&link->tls);
}

/* Three slashes also for addresses: so a target never equals the name of the peer that a call reached
 * (etcd_call.c tells by that whether anything was sent). */
static char *target_of(const struct kvs_endpoint *e)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (!e->port)
		return kvs_asprintf("unix://%s", e->host);
	if (inet_pton(AF_INET, e->host, address) == 1)
		return kvs_asprintf("ipv4:///%s:%u", e->host, e->port);
	if (inet_pton(AF_INET6, e->host, address) == 1)
		return kvs_asprintf("ipv6:///[%s]:%u", e->host, e->port);
	return kvs_asprintf("dns:///%s:%u", e->host, e->port);
}

static int make_member(const struct kvs_endpoint *e, struct etcd_member *m, struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf name;

	kvs_buf_init(&name, 4096);
	kvs_endpoint_print(e, &name);
	if (kvs_buf_failed(&name))
		return kvs_buf_check(&name, "the name of a server", err);
	*m = (struct etcd_member){ .target = target_of(e), .name = kvs_strdup(name.data) };
	return m->target && m->name ? 0 : kvs_err_oom(err);
}

static int make_members(const struct kvs_endpoints *list, struct etcd_member **ret_all,
			struct kvs_err *err)
{
	struct etcd_member *all = kvs_zalloc(list->n * sizeof(*all));
	size_t i;
	int code = all ? 0 : kvs_err_oom(err);

	for (i = 0; i < list->n && !code; i++)
		code = make_member(&list->all[i], &all[i], err);
	if (code)
		free_members(all, all ? i : 0);
	else
		*ret_all = all;
	return code;
}

static void shuffle_members(struct etcd_link *link)
{
	struct etcd_member swap;
	size_t i, k;

	for (i = link->n; i > 1; i--) {
		k = (size_t)kvs_rand_below(i);
		swap = link->all[i - 1];
		link->all[i - 1] = link->all[k];
		link->all[k] = swap;
	}
}

/* Makes m what it was in the former list, if it was there. */
static void take_former(struct etcd_link *link, struct etcd_member *m)
{
	struct etcd_member *old;
	size_t i;

	for (i = 0; i < link->n; i++) {
		old = &link->all[i];
		if (!old->id || strcmp(old->target, m->target) != 0)
			continue;
		m->id = old->id;
		m->failed = old->failed;
		m->channel = old->channel;
		old->id = 0;
		old->channel = NULL;
		return;
	}
	m->id = ++link->last_id;
}

static size_t first_that_works(const struct etcd_link *link)
{
	size_t i;

	for (i = 0; i < link->n; i++)
		if (!link->all[i].failed)
			return i;
	return 0;
}

int etcd_link_set(struct etcd_link *link, const struct kvs_endpoints *list, bool shuffle,
		  struct kvs_err *err)
{
	struct etcd_member *all;
	size_t i;
	int code = make_members(list, &all, err);

	if (code)
		return code;
	for (i = 0; i < list->n; i++)
		take_former(link, &all[i]);
	free_members(link->all, link->n);
	link->all = all;
	link->n = list->n;
	if (shuffle)
		shuffle_members(link);
	link->current = first_that_works(link);
	return 0;
}

/* ---- channels ---- */

/* gRPC's argument tables are not const, but it only reads them. */
static char *unconst(const char *s)
{
	return (char *)(uintptr_t)s;
}

static grpc_arg number(const char *name, int value)
{
	return (grpc_arg){ GRPC_ARG_INTEGER, unconst(name), { .integer = value } };
}

static grpc_arg text(const char *name, const char *value)
{
	return (grpc_arg){ GRPC_ARG_STRING, unconst(name), { .string = unconst(value) } };
}

/*
 * No proxies, service configs or retries of gRPC's own: the environment must not redirect a store,
 * and only we know which request may be repeated.  Pings go on forever on an idle watch (by
 * default they stop after two) so that a hung member is noticed.  The least pause between
 * connection attempts is also the time that one may take.
 */
static grpc_channel *make_channel(struct etcd_link *link, const struct etcd_member *m)
{
	const char *server_name = link->tls.server_name;
	grpc_arg list[] = {
		number(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
		number(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
		number(GRPC_ARG_ENABLE_RETRIES, 0),
		number(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, MAX_MESSAGE),
		number(GRPC_ARG_KEEPALIVE_TIME_MS, KEEPALIVE_MS),
		number(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, KEEPALIVE_TIMEOUT_MS),
		number(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0),
		number(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, FIRST_BACKOFF_MS),
		number(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, (int)link->dial_timeout),
		number(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, MAX_BACKOFF_MS),
		text(GRPC_ARG_PRIMARY_USER_AGENT_STRING, PACKAGE_NAME "/" PACKAGE_VERSION),
		text(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, server_name),
	};
	grpc_channel_args args = { .num_args = sizeof(list) / sizeof(list[0]), .args = list };

	if (!server_name)
		args.num_args--;
	return grpc_channel_create(m->target, link->creds, &args);
}

static int make_credentials(struct etcd_link *link, struct kvs_err *err)
{
	if (link->creds)
		return 0;
	if (link->tls.on)
		return etcd_tls_credentials(&link->tls, &link->creds, err);
	link->creds = grpc_insecure_credentials_create();
	return 0;
}

int etcd_link_channel(struct etcd_link *link, grpc_channel **ret_channel, size_t *ret_member,
		      struct kvs_err *err)
{
	struct etcd_member *m;
	int code;

	if (!link->n)
		return kvs_err_set(err, KVS_E_UNAVAILABLE, "no member of etcd is known");
	m = &link->all[link->current];
	/* A certificate was renewed: what is under way goes on with the old one. */
	if (m->failed && etcd_tls_changed(&link->tls))
		close_channels(link);
	code = make_credentials(link, err);
	if (code)
		return code;
	if (!m->channel)
		m->channel = make_channel(link, m);
	else if (m->failed)
		grpc_channel_reset_connect_backoff(m->channel);
	*ret_channel = m->channel;
	*ret_member = m->id;
	return 0;
}

static struct etcd_member *member_of(const struct etcd_link *link, size_t id)
{
	size_t i;

	for (i = 0; i < link->n; i++)
		if (link->all[i].id == id)
			return &link->all[i];
	return NULL;
}

void etcd_link_failed(struct etcd_link *link, size_t id)
{
	struct etcd_member *m = member_of(link, id);

	if (!m)
		return;
	m->failed = true;
	if (m == &link->all[link->current])
		link->current = (link->current + 1) % link->n;
}

void etcd_link_worked(struct etcd_link *link, size_t id)
{
	struct etcd_member *m = member_of(link, id);

	if (m)
		m->failed = false;
}

const char *etcd_link_name(const struct etcd_link *link, size_t id)
{
	const struct etcd_member *m = member_of(link, id);

	return m ? m->name : "a former member";
}
