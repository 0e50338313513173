/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signals.h"

#include "base/signals.h"

#include <unistd.h>

int signals_open(int *ret_fd, struct kvs_err *err)
{
	struct kvs_signals held;
	int code = kvs_signals_hold(&held, err);

	if (code == 0)
		*ret_fd = held.fd;
	return code;
}

int signals_read(int fd)
{
	return kvs_signals_read(fd);
}

void signals_die(int number)
{
	sigset_t set;

	(void)signal(number, SIG_DFL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, number);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(number);
	_exit(SIGNALS_BASE + number);
}
