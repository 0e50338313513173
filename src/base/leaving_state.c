/* SPDX-License-Identifier: Apache-2.0 */
#include "base/leaving.h"

static bool leaving, left_running;

void kvsi_leave(void)
{
	leaving = true;
}

bool kvsi_leaving(void)
{
	left_running = left_running || leaving;
	return leaving;
}

bool kvsi_left_running(void)
{
	return left_running;
}
