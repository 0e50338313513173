/* SPDX-License-Identifier: Apache-2.0 */
/* A program that does nothing, linked with what kvsync is linked with: what no code of ours can
 * undercut. */
#include <kvsync/kvsync.h>

int main(void)
{
	return kvs_version()[0] == '\0';
}
