/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/common.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define PAUSE_FIRST_US 5000u
#define PAUSE_LAST_US  200000u

void kvs_transfer_report(const struct kvs_transfer *t, int level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (!t->report)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	t->report(t->report_arg, level, line);
}

void kvs_transfer_progress(const struct kvs_transfer *t, uint64_t done, uint64_t total)
{
	if (t->progress)
		t->progress(t->report_arg, done, total);
}

void kvs_transfer_refuse(const struct kvs_transfer *t, enum kvs_refusal_kind kind,
			 const struct kvs_entry *guard)
{
	struct kvs_refusal *refusal = t->refusal;

	if (!refusal)
		return;
	*refusal = (struct kvs_refusal){ .kind = kind };
	if (guard)
		(void)kvs_escape_into(refusal->reason, sizeof(refusal->reason), guard->value.p,
				      guard->value.n);
}

void kvs_transfer_spare_time(struct kvs_transfer *t, uint64_t began)
{
	if (!t->deadline)
		return;
	t->deadline += kvsi_monotonic_ms() - began;
	kvs_set_deadline(t->store, t->deadline);
}

bool kvs_pause(uint64_t deadline, unsigned attempt)
{
	uint64_t most = PAUSE_FIRST_US;
	struct timespec pause;
	uint64_t us;

	while (--attempt > 0 && most < PAUSE_LAST_US)
		most *= 2;
	us = kvs_rand_below((most < PAUSE_LAST_US ? most : PAUSE_LAST_US) + 1);
	pause = (struct timespec){ .tv_nsec = (long)us * 1000 };
	(void)nanosleep(&pause, NULL);
	return !deadline || kvsi_monotonic_ms() < deadline;
}

bool kvs_retry_resolve(struct kvs_retry *retry)
{
	bool unresolved = retry->unresolved;

	retry->unresolved = false;
	return unresolved;
}

bool kvs_retry_again(struct kvs_retry *retry, uint64_t deadline, int rc)
{
	if (rc == KVS_E_UNCERTAIN)
		retry->unresolved = true;
	else if (rc != KVS_E_CONFLICT)
		return false;
	if (++retry->tries == retry->max)
		return false;
	return kvs_pause(deadline, retry->tries);
}

int kvs_retry_end(const struct kvs_retry *retry, int rc, struct kvs_err *err)
{
	if (rc == 0 || rc == KVS_E_UNCERTAIN || !retry->unresolved)
		return rc;
	(void)kvs_err_context(err, rc, "it is unknown whether the write happened");
	if (err)
		err->code = KVS_E_UNCERTAIN;
	return KVS_E_UNCERTAIN;
}

void kvs_entries_release(struct kvs_entries *entries)
{
	size_t i;

	for (i = 0; i < KVS_ENTRIES_MAX; i++)
		kvs_entry_free(entries->at[i]);
}

void kvs_op_unchanged(struct kvs_op *op, const struct kvs_entry *seen)
{
	op->cond = seen ? KVS_COND_INDEX : KVS_COND_ABSENT;
	op->index = seen ? seen->mod_index : 0;
}
