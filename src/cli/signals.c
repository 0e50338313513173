/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signals.h"

#include "base/err.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open(int *ret_fd, struct kvs_err *err)
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
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	*ret_fd = fd;
	return 0;
}

int signals_read(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
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
