/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/input.h"

#include "base/clock.h"
#include "base/fsio.h"
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

int input_read(struct cli *cli, const char *path, struct kvs_buf *buf, struct kvs_err *err)
{
	uint64_t began = kvsi_monotonic_ms();
	int code;

	if (strcmp(path, "-") == 0)
		code = kvs_fd_read(STDIN_FILENO, "standard input", buf, err);
	else
		code = kvs_file_read(path, buf, err);
	cli_spare_time(cli, began, NULL);
	return code;
}
