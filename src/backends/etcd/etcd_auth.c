/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	state    | somebody needs the token | the login's answer      | not accepted
 *	NONE     | WANTED, at once          |                         |
 *	WANTED   | (starts when due)        |                         |
 *	BUSY     |                          | HAVE, or NONE on errors |
 *	HAVE     | is given                 |                         | WANTED, after a random pause
 */
#include "backends/etcd/etcd_auth.h"

#include "backends/etcd/etcd_call.h"
#include "backends/etcd/etcd_token.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/str.h"

#include <string.h>

/* When a server loses its tokens, all its clients come at once; each login costs it 70 ms. */
#define SPREAD_MS     2000
#define RETRY_BASE_MS 200
#define RETRY_MAX_MS  5000

enum state {
	NONE,
	WANTED,
	BUSY,
	HAVE,
};

struct etcd_auth {
	struct etcd_call call;
	enum state state;
	uint64_t due; /* WANTED: monotonic ms */
	struct kvs_backoff backoff;

	char *user;
	struct kvs_secret password;
	struct kvs_secret given; /* instead of a user: a token that others made */
	char *kept;		 /* where the token is kept, or NULL */

	char *token;	 /* HAVE; NULL: etcd wants none */
	uint64_t number; /* of the token */
	bool worked;	 /* a login of this process succeeded */
};

static void wipe(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	kvsi_free(*secret);
	*secret = NULL;
}

/* ---- what the options say ---- */

static int read_password(struct etcd_auth *a, const struct kvs_opts *opts, struct kvs_err *err)
{
	const char *file = kvs_opts_get(opts, "password-file");
	const char *value = kvs_opts_get(opts, "password");

	if (value)
		return kvs_secret_set(&a->password, "the password", value, err);
	if (file)
		return kvs_secret_read(&a->password, file, err);
	return kvs_err_set(err, KVS_E_CONFIG, "the user %s has no password; set password-file",
			   KVS_Q(kvs_s(a->user)));
}

static int read_options(struct etcd_auth *a, const struct kvs_opts *opts, struct kvs_err *err)
{
	const char *user = kvs_opts_get(opts, "user");
	const char *file = kvs_opts_get(opts, "token-file");

	if (user && file)
		return kvs_err_set(err, KVS_E_CONFIG, "user and token-file exclude each other");
	if (file)
		return kvs_secret_read(&a->given, file, err);
	if (!user)
		return 0;
	a->user = kvs_strdup(user);
	return a->user ? read_password(a, opts, err) : kvs_err_oom(err);
}

static void set_token(struct etcd_auth *a, char *token)
{
	wipe(&a->token);
	a->token = token;
	a->number++;
	a->state = HAVE;
}

static void free_auth(struct etcd_auth *a)
{
	kvsi_free(a->user);
	kvs_secret_release(&a->password);
	kvs_secret_release(&a->given);
	kvsi_free(a->kept);
	wipe(&a->token);
	kvsi_free(a);
}

static void login_dropped(struct etcd_call *call)
{
	(void)call; /* its memory is conn->auth's */
}

static void login_done(struct etcd_call *call, int code, const struct kvs_err *err);

int etcd_auth_init(struct etcd_conn *conn, const struct kvs_opts *opts, const char *name,
		   struct kvs_err *err)
{
	struct etcd_auth *a = kvs_zalloc(sizeof(*a));
	char *token;
	int code;

	if (!a)
		return kvs_err_oom(err);
	a->backoff = (struct kvs_backoff){ .base_ms = RETRY_BASE_MS, .max_ms = RETRY_MAX_MS };
	a->call = (struct etcd_call){
		.conn = conn,
		.done = login_done,
		.drop = login_dropped,
		.login = true,
	};
	code = read_options(a, opts, err);
	if (code || (!a->user && !a->given.value)) {
		free_auth(a);
		return code;
	}
	if (a->user)
		a->kept = etcd_token_path(name, a->user);
	token = a->kept ? etcd_token_load(a->kept) : NULL;
	if (token)
		set_token(a, token);
	conn->auth = a;
	return 0;
}

void etcd_auth_release(struct etcd_conn *conn)
{
	if (conn->auth)
		free_auth(conn->auth);
	conn->auth = NULL;
}

void etcd_auth_cancel(struct etcd_conn *conn)
{
	if (conn->auth)
		etcd_call_abandon(&conn->auth->call);
}

/* ---- the login ---- */

static void want(struct etcd_conn *conn, uint64_t pause)
{
	conn->auth->state = WANTED;
	conn->auth->due = kvsi_monotonic_ms() + pause;
	etcd_gate_timer(conn, pause);
}

static int take_token(struct etcd_auth *a, struct kvs_err *err)
{
	Etcdpb__AuthenticateResponse *answer = etcd_call_answer(
		&a->call, &etcdpb__authenticate_response__descriptor, err);
	char *token;

	if (!answer)
		return err->code;
	token = kvs_strdup(answer->token);
	etcd_message_free(answer);
	if (!token)
		return kvs_err_oom(err);
	set_token(a, token);
	if (a->kept)
		etcd_token_save(a->kept, token);
	return 0;
}

static void login_done(struct etcd_call *call, int code, const struct kvs_err *err)
{
	struct etcd_conn *conn = call->conn;
	struct etcd_auth *a = conn->auth;
	struct kvs_err why = { 0 };

	a->state = NONE;
	if (!code) {
		code = take_token(a, &why);
		err = &why;
	} else if (err->remote == GRPC_STATUS_FAILED_PRECONDITION) {
		/* Nobody needs to log in to this cluster (any more). */
		set_token(a, NULL);
		code = 0;
	}
	if (!code) {
		kvs_backoff_reset(&a->backoff);
		a->worked = true;
	} else if (code == KVS_E_UNAVAILABLE) {
		a->backoff.failures++;
	}
	etcd_gate_open(conn, code, err);
}

static int send_login(struct etcd_auth *a, struct kvs_err *err)
{
	Etcdpb__AuthenticateRequest request = ETCDPB__AUTHENTICATE_REQUEST__INIT;
	bool changed;
	int code = kvs_secret_refresh(&a->password, false, &changed, err);

	if (code)
		return code;
	request.name = a->user;
	request.password = a->password.value;
	return etcd_call_start(&a->call, "/etcdserverpb.Auth/Authenticate",
			       (ProtobufCMessage *)&request, ETCD_READ, 0, err);
}

static int take_given(struct etcd_auth *a, struct kvs_err *err)
{
	char *token = kvs_strdup(a->given.value);

	if (!token)
		return kvs_err_oom(err);
	set_token(a, token);
	return 0;
}

void etcd_auth_dispatch(struct etcd_conn *conn)
{
	struct etcd_auth *a = conn->auth;
	struct kvs_err err = { 0 };
	int code;

	if (!a || a->state != WANTED)
		return;
	if (kvsi_monotonic_ms() < a->due) {
		etcd_gate_timer(conn, a->due - kvsi_monotonic_ms());
		return;
	}
	a->state = BUSY;
	code = a->user ? send_login(a, &err) : take_given(a, &err);
	if (code)
		a->state = NONE;
	if (a->state != BUSY)
		etcd_gate_open(conn, code, &err);
}

/* ---- for those who need it ---- */

bool etcd_auth_ready(struct etcd_conn *conn)
{
	struct etcd_auth *a = conn->auth;

	if (!a || a->state == HAVE)
		return true;
	if (a->state == NONE)
		want(conn, a->backoff.failures ? kvs_backoff_next(&a->backoff) : 0);
	return false;
}

const char *etcd_auth_token(const struct etcd_conn *conn, uint64_t *ret_number)
{
	if (!conn->auth)
		return NULL;
	*ret_number = conn->auth->number;
	return conn->auth->token;
}

/* Has somebody put another token into the file? */
static bool given_another(struct etcd_auth *a)
{
	bool changed = false;

	return !kvs_secret_refresh(&a->given, true, &changed, NULL) && changed &&
	       !take_given(a, NULL);
}

bool etcd_auth_renew(struct etcd_conn *conn, uint64_t number)
{
	struct etcd_auth *a = conn->auth;

	if (!a)
		return false;
	if (a->state != HAVE || number != a->number)
		return true;
	if (!a->user)
		return given_another(a);
	if (a->kept)
		etcd_token_forget(a->kept);
	want(conn, a->worked ? kvs_rand_below(SPREAD_MS) : 0);
	return true;
}
