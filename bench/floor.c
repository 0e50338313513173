/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that does nothing, linked with what kvsync is linked with; with a store's URL as operand
 * it opens the store, which loads its module and asks no server: what no code of ours can undercut.
 */
#include <kvsync/kvsync.h>

#include <unistd.h>

int main(int argc, char **argv)
{
	struct kvs_store *store;

	if (argc > 1)
		_exit(kvs_open(argv[1], NULL, &store, NULL) != 0);
	return kvs_version()[0] == '\0';
}
