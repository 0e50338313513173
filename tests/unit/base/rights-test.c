/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/rights.h"
#include "tests/lib/tap.h"

#include <stdio.h>
#include <unistd.h>

static void test_owner(void)
{
	struct kvs_rights r = { 0 };
	struct kvs_err err;

	is_code(kvs_rights_parse_owner("root", &r, &err), 0, &err, "a name");
	ok(r.set_uid && r.uid == 0 && r.set_gid && r.gid == 0, "brings the login group");
	r = (struct kvs_rights){ 0 };
	is_code(kvs_rights_parse_owner("0", &r, &err), 0, &err, "the number of an account");
	ok(r.set_uid && r.uid == 0 && r.set_gid && r.gid == 0, "does so too");
	r = (struct kvs_rights){ 0 };
	is_code(kvs_rights_parse_owner("4242424", &r, &err), 0, &err, "a number without account");
	ok(r.set_uid && r.uid == 4242424 && !r.set_gid, "leaves the group alone");
	r = (struct kvs_rights){ 0 };
	is_code(kvs_rights_parse_owner("root:7", &r, &err), 0, &err, "user and group");
	ok(r.set_uid && r.uid == 0 && r.set_gid && r.gid == 7, "are both taken");
	r = (struct kvs_rights){ 0 };
	is_code(kvs_rights_parse_owner(":root", &r, &err), 0, &err, "a group alone");
	ok(!r.set_uid && r.set_gid && r.gid == 0, "leaves the user alone");
	ok(!r.set_mode, "an owner says nothing of the mode");
}

static void test_bad_owner(void)
{
	static const char *const bad[][2] = {
		{ "", "of the form user" },
		{ ":", "of the form user" },
		{ "root:", "of the form user" },
		{ "nobody-has-this-name", "there is no user" },
		{ "root:nobody-has-this-name", "there is no group" },
		{ "4294967295", "there is no user" },
		{ "99999999999999999999999", "there is no user" },
		{ "-1", "there is no user" },
	};
	struct kvs_rights r = { 0 };
	struct kvs_err err;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_err(kvs_rights_parse_owner(bad[i][0], &r, &err), KVS_E_ARG, &err, bad[i][1],
		       "\"%s\" is refused", bad[i][0]);
	ok(!r.set_uid && !r.set_gid, "and nothing is written");
}

static void test_apply(void)
{
	KVS_AUTO_FILE FILE *f = tmpfile();
	struct kvs_rights r = { .set_mode = true, .mode = 0640 };
	struct kvs_err err;
	bool changed = false;
	struct stat st;

	if (!f || fchmod(fileno(f), 0600) != 0 || fstat(fileno(f), &st) != 0)
		bail("no temporary file");
	is_code(kvs_rights_apply(&r, fileno(f), &st, "f", &changed, &err), 0, &err, "a mode");
	ok(changed, "that differs is set");
	(void)fstat(fileno(f), &st);
	is_uint(st.st_mode & 07777, 0640, "exactly");
	is_code(kvs_rights_apply(&r, fileno(f), &st, "f", &changed, &err), 0, &err, "again");
	ok(!changed, "nothing is to be done");
	r = (struct kvs_rights){ .set_uid = true, .uid = st.st_uid };
	kvs_rights_complete(&r, &st);
	ok(r.set_mode && r.mode == 0640 && r.set_gid && r.gid == st.st_gid,
	   "what was not asked for is as found");
	is_code(kvs_rights_apply(&r, fileno(f), &st, "f", &changed, &err), 0, &err, "and so");
	ok(!changed, "nothing is to be done either");
	r.mode = 0600;
	is_err(kvs_rights_apply(&r, -1, &st, "the file", &changed, &err), KVS_E_SYS, &err,
	       "change the mode of the file to 0600: Bad file", "a failure has words");
}

static void test_chown(void)
{
	KVS_AUTO_FILE FILE *f = tmpfile();
	struct kvs_rights r = { .set_uid = true, .uid = 4242, .set_mode = true, .mode = 04755 };
	struct kvs_err err;
	bool changed = false;
	struct stat st;

	if (geteuid() != 0) {
		skip(3, "only root can give files away");
		return;
	}
	if (!f || fchmod(fileno(f), 04755) != 0 || fstat(fileno(f), &st) != 0)
		bail("no temporary file");
	is_code(kvs_rights_apply(&r, fileno(f), &st, "f", &changed, &err), 0, &err, "an owner");
	(void)fstat(fileno(f), &st);
	is_uint(st.st_uid, 4242, "is set");
	is_uint(st.st_mode & 07777, 04755, "and the bit that chown clears is set again");
}

int main(void)
{
	test_owner();
	test_bad_owner();
	test_apply();
	test_chown();
	return tap_end();
}
