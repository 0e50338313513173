/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for libFuzzer in `make check`: runs a harness once on each file of its corpus, which is
 * how what was found stays found.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fsio.h"
#include "tests/lib/tap.h"

#include <dirent.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *folder, const char *name)
{
	KVS_AUTO_FREE char *path = kvs_asprintf("%s/%s", folder, name);
	KVS_AUTO_BUF struct kvs_buf bytes;
	struct kvs_err err;

	kvs_buf_init(&bytes, 1 << 20);
	if (!path || kvs_file_read(path, &bytes, &err))
		bail("cannot read %s/%s", folder, name);
	is_int(LLVMFuzzerTestOneInput((const uint8_t *)(bytes.data ? bytes.data : ""), bytes.len),
	       0, "%s", name);
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	KVS_AUTO_FREE char *folder = kvs_asprintf("%s/" KVS_CORPUS, srcdir ? srcdir : ".");
	struct dirent **entries;
	int n = folder ? scandir(folder, &entries, NULL, alphasort) : -1;

	if (n < 0 || LLVMFuzzerInitialize(&argc, &argv))
		bail("cannot read the corpus %s", KVS_CORPUS);
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.')
			replay(folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return tap_end();
}
