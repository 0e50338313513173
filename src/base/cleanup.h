/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cleanup declared where the resource is: the variable's resource goes when its scope ends.  Hand
 * a resource on with kvs_steal_ptr() or kvs_steal_fd().
 */
#ifndef KVS_BASE_CLEANUP_H
#define KVS_BASE_CLEANUP_H

#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define KVS_CLEANUP(fn) __attribute__((cleanup(fn)))

static inline void kvs_cleanup_free(void *p)
{
	kvsi_free(*(void **)p);
}

/* Keeps errno, so that an error path can still report it. */
static inline void kvs_cleanup_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	errno = saved;
}

static inline void kvs_cleanup_dir(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

static inline void kvs_cleanup_file(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

#define KVS_AUTO_FREE KVS_CLEANUP(kvs_cleanup_free)
#define KVS_AUTO_FD   KVS_CLEANUP(kvs_cleanup_fd)
#define KVS_AUTO_DIR  KVS_CLEANUP(kvs_cleanup_dir)
#define KVS_AUTO_FILE KVS_CLEANUP(kvs_cleanup_file)

#define kvs_steal_ptr(ptr)                                                                         \
	({                                                                                         \
		__typeof__(ptr) *stolen_from_ = &(ptr);                                            \
		__typeof__(ptr) stolen_ = *stolen_from_;                                           \
		*stolen_from_ = NULL;                                                              \
		stolen_;                                                                           \
	})

static inline int kvs_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#endif
