/* SPDX-License-Identifier: Apache-2.0 */
#include "base/leaving.h"

static bool leaving;

void kvsi_leave(void)
{
	leaving = true;
}

bool kvsi_leaving(void)
{
	return leaving;
}
