/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	state    | somebody needs the token | its time has come       | not accepted
 *	NONE     | WANTED, at once          |                         |
 *	WANTED   |                          | HAVE if another program |
 *	         |                          | kept one, else BUSY     |
 *	BUSY     | (the login's answer: HAVE, or NONE on errors)      |
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

	char *token;	      /* the newest; NULL: there was none yet, or HAVE: etcd wants none */
	uint64_t number;      /* of the token */
	bool renewed_by_kept; /* another program got it */
	bool worked;	      /* etcd has taken a token of this process */
};

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

static void free_token(struct etcd_auth *a)
{
	if (a->token)
		kvs_wipe_free(a->token, strlen(a->token));
}

static void set_token(struct etcd_auth *a, char *token)
{
	free_token(a);
	a->token = token;
	a->renewed_by_kept = false;
	a->number++;
	a->state = HAVE;
}

/* A token that another program has kept, and that is not the one that was refused. */
static bool take_kept(struct etcd_auth *a)
{
	char *token = a->kept ? etcd_token_load(a->kept) : NULL;

	if (!token)
		return false;
	if (a->token && !strcmp(a->token, token)) {
		etcd_token_forget(a->kept);
		kvs_wipe_free(token, strlen(token));
		return false;
	}
	set_token(a, token);
	return true;
}

static void free_auth(struct etcd_auth *a)
{
	kvsi_free(a->user);
	kvs_secret_release(&a->password);
	kvs_secret_release(&a->given);
	kvsi_free(a->kept);
	free_token(a);
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
	(void)take_kept(a);
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
	if (!etcd_token_is_sound(answer->token)) {
		etcd_message_free(answer);
		return kvs_err_set(err, KVS_E_PROTOCOL, "etcd gave a token that cannot be sent");
	}
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
	if (!code)
		kvs_backoff_reset(&a->backoff);
	else if (code == KVS_E_UNAVAILABLE)
		a->backoff.failures++;
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
	char *token;

	if (!etcd_token_is_sound(a->given.value))
		return kvs_err_set(err, KVS_E_CONFIG, "what token-file holds is no token");
	token = kvs_strdup(a->given.value);
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
	/* Not twice: in the end it is a login that tells. */
	if (!a->renewed_by_kept && take_kept(a)) {
		a->renewed_by_kept = true;
		etcd_gate_open(conn, 0, NULL);
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

void etcd_auth_worked(struct etcd_conn *conn, uint64_t number)
{
	if (conn->auth && conn->auth->number == number)
		conn->auth->worked = true;
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
	want(conn, a->worked ? kvs_rand_below(SPREAD_MS) : 0);
	return true;
}
