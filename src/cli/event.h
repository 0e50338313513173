/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the one who runs us has told us.  A watch of Consul's agent, or etcdctl's, runs a command for
 * each change and hands on what it has read: in the environment, and Consul on standard input as well.
 * With that a command may see that there is nothing to do, and need not ask the store.
 *
 * It is a hint: it may be old by now, and anybody who can set variables can make one up.  So it may
 * spare a question whose answer would change nothing here, and nothing may ever be written because of
 * it.  An event that makes no sense counts as none.
 */
#ifndef KVS_CLI_EVENT_H
#define KVS_CLI_EVENT_H

#include "base/buf.h"
#include "base/cleanup.h"

#include <kvsync/kvsync.h>

#include <stdbool.h>

struct cli;

struct event {
	struct kvs_entry entry; /* key, value and mod_index only; the value is in bytes */
	struct kvs_buf bytes;
};

/* Does a watch run us, by what the environment says? */
bool event_is_there(void);

/*
 * Takes the event: its variables are gone afterwards, so that what we start does not believe that it is
 * run by that watch, and the pipe that it came through has been read.  Standard input that cannot be
 * that pipe is left alone.  True if it tells the value of that key in a store of the kind that the command
 * works on.  Never waits for long, never fails; why it is of no use is logged for debugging.
 * Release with event_release() in any case.
 */
bool event_take(const struct cli *cli, struct kvs_str key, struct event *ret);
void event_release(struct event *event);

#define AUTO_EVENT KVS_CLEANUP(event_release)

#endif
