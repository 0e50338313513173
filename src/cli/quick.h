/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most of a one-shot's time on etcd goes into loading gRPC's shared libraries.  Where the program
 * kvsync-etcd is installed, which has them inside, such a command goes on there.
 */
#ifndef KVS_CLI_QUICK_H
#define KVS_CLI_QUICK_H

struct cli;

/*
 * If the command is a one-shot and its store is of etcd: becomes kvsync-etcd with the same words,
 * which then does everything from the beginning.  Returns where that is not so or cannot be.  Nothing
 * may have been read yet that can be read only once.
 */
void quick_exec(const struct cli *cli);

/* This is kvsync-etcd: quick_exec() does nothing. */
void quick_stay(void);

#endif
