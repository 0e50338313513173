/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdlib.h>

void *kvsi_realloc(void *p, size_t n)
{
	return realloc(p, n ? n : 1);
}

void kvsi_free(void *p)
{
	free(p);
}
