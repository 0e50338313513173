/* SPDX-License-Identifier: Apache-2.0 */
#include "base/signals.h"

#include "base/cleanup.h"
#include "base/err.h"

#include <sys/signalfd.h>

int kvs_signals_hold(struct kvs_signals *ret, struct kvs_err *err)
{
	static const int all[] = { SIGHUP, SIGINT, SIGTERM };
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct sigaction now;

		if (sigaction(all[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			(void)sigaddset(&set, all[i]);
	}
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return kvs_err_sys(err, "signalfd");
	(void)pthread_sigmask(SIG_BLOCK, &set, &ret->before);
	ret->fd = fd;
	return 0;
}

int kvs_signals_read(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}

void kvs_signals_release(struct kvs_signals *signals)
{
	if (signals->fd < 0)
		return;
	kvs_cleanup_fd(&signals->fd);
	signals->fd = -1;
	(void)pthread_sigmask(SIG_SETMASK, &signals->before, NULL);
}
