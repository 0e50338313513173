/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/input.h"

#include "base/fsio.h"

#include <string.h>
#include <unistd.h>

int input_read(const char *path, struct kvs_buf *buf, struct kvs_err *err)
{
	if (strcmp(path, "-") == 0)
		return kvs_fd_read(STDIN_FILENO, "standard input", buf, err);
	return kvs_file_read(path, buf, err);
}
