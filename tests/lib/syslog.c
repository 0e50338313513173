/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into a program: what it tells syslog becomes lines of the file that KVS_SYSLOG names, "TAG
 * PRIORITY FACILITY TEXT", and goes nowhere else. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static char tag[64] = "-";
static int default_facility = LOG_USER;

__attribute__((visibility("default"))) void openlog(const char *ident, int option, int facility)
{
	(void)option;
	(void)snprintf(tag, sizeof(tag), "%s", ident);
	default_facility = facility;
}

__attribute__((format(printf, 2, 0))) static void note(int priority, const char *fmt, va_list ap)
{
	const char *path = getenv("KVS_SYSLOG");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	int facility = priority & LOG_FACMASK ? priority & LOG_FACMASK : default_facility;

	if (fd < 0)
		return;
	(void)dprintf(fd, "%s %d %d ", tag, priority & LOG_PRIMASK, facility >> 3);
	(void)vdprintf(fd, fmt, ap);
	(void)dprintf(fd, "\n");
	(void)close(fd);
}

__attribute__((visibility("default"), format(printf, 2, 3))) void syslog(int priority,
									 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(priority, fmt, ap);
	va_end(ap);
}

/* What a fortified program calls. */
__attribute__((visibility("default"), format(printf, 3, 4))) void __syslog_chk(int priority,
									       int flag,
									       const char *fmt,
									       ...);

__attribute__((visibility("default"))) void __syslog_chk(int priority, int flag, const char *fmt,
							 ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, fmt);
	note(priority, fmt, ap);
	va_end(ap);
}
