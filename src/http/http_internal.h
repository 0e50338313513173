/* SPDX-License-Identifier: Apache-2.0 */
/* What http.c (the loop) and http_transfer.c (one request) share; for them only. */
#ifndef KVS_HTTP_INTERNAL_H
#define KVS_HTTP_INTERNAL_H

#include "http/http.h"

#include <curl/curl.h>

struct kvs_http {
	CURLM *multi;
	int epoll_fd; /* curl's sockets, and timer_fd */
	int timer_fd;
	char *user_agent;
	char *ca_file;
	char *cert_file;
	char *key_file;
	char *key_password;
	bool skip_verify;
	uint64_t connect_ms;
	struct kvs_http_transfer *transfers;
};

struct kvs_http_transfer {
	struct kvs_http *http;
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	const struct kvs_http_callbacks *callbacks;
	void *arg;
	int socket; /* that curl waits for, or -1 */
	bool repeatable;
	uint64_t left; /* bytes of body that are still allowed */
	unsigned int sendings;
	bool refused_repeat;
	bool closed_before; /* the connection, before anything was sent */
	bool header_whole;  /* the answer's header ended */
	bool too_big;
	bool stopped;
	char words[CURL_ERROR_SIZE];
	struct kvs_http_transfer *prev, *next;
};

/* Curl waits for this socket on behalf of the easy handle's transfer, or no longer. */
void http_transfer_waits(CURL *easy, int fd, bool still);

/* Makes the result of a finished transfer; *why has room for its words. */
void http_transfer_result(struct kvs_http_transfer *t, CURLcode rc,
			  struct kvs_http_result *ret_result, struct kvs_err *why);

/* Takes it out of its http and frees it. */
void http_transfer_free(struct kvs_http_transfer *t);

#endif
