/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bare program does with libcurl on one connection that is kept alive: the floor of what
 * kvsync can do through it.
 *
 *	bare_http get URL ...               reads each in turn
 *	bare_http put URL [N [SIZE]]        writes N values below URL in turn; 1000 of 100 bytes by
 *	                                    default; prints "put KEYS_PER_SECOND", median of five passes
 */
#include "bench/bench.h"

#include <curl/curl.h>

#define PASSES 5

static size_t swallow(char *p, size_t size, size_t n, void *arg)
{
	(void)p, (void)arg;
	return size * n;
}

static CURL *new_easy(void)
{
	CURL *easy = curl_global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl_easy_init();

	if (!easy)
		bench_die("curl: cannot begin");
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
	return easy;
}

static void perform(CURL *easy, const char *url)
{
	CURLcode rc = curl_easy_setopt(easy, CURLOPT_URL, url);

	if (!rc)
		rc = curl_easy_perform(easy);
	if (rc)
		bench_die("%s: %s", url, curl_easy_strerror(rc));
}

static void get_all(CURL *easy, char **urls)
{
	for (; *urls; urls++)
		perform(easy, *urls);
}

static double put_pass(CURL *easy, const char *base, size_t n, char *value, int pass)
{
	double begin = bench_now_ms();
	char url[512];

	/* Consul does nothing for an equal value. */
	memset(value, 'a' + pass, strlen(value));
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(url, sizeof(url), "%s/%08zu", base, i);
		perform(easy, url);
	}
	return bench_rate(n, begin);
}

static void put_all(CURL *easy, const char *base, size_t n, size_t size)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	char *value = malloc(size + 1);
	double rates[PASSES];

	if (!headers || !value)
		bench_die("no memory");
	memset(value, '0', size);
	value[size] = '\0';
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, value);
	(void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
	for (int pass = 0; pass < PASSES; pass++)
		rates[pass] = put_pass(easy, base, n, value, pass);
	printf("put %.0f\n", bench_median(rates, PASSES));
	curl_slist_free_all(headers);
	free(value);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	CURL *easy;

	if (strcmp(what, "get") != 0 && strcmp(what, "put") != 0) {
		fprintf(stderr, "usage: bare_http get URL ... | put URL [N [SIZE]]\n");
		return 2;
	}
	easy = new_easy();
	if (*what == 'g')
		get_all(easy, argv + 2);
	else
		put_all(easy, argv[2], bench_operand(argc, argv, 3, 1000, 1000000),
			bench_operand(argc, argv, 4, 100, 1000000));
	curl_easy_cleanup(easy);
	curl_global_cleanup();
	return 0;
}
