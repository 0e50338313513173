/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include "cli/output.h"
#include "report/dogstatsd.h"
#include "report/textfile.h"

void help_report_tables(void)
{
	for (const struct kvs_metric *m = kvs_metrics; m->name; m++)
		out_text("metric\tkvexpress.%s\t%s\t%s\n", m->name,
			 m->type == 'c' ? "counter" : "gauge", m->help);
	for (const struct kvs_series *s = kvs_series; s->name; s++)
		out_text("series\t%s\t%s\n", s->name, s->help);
	for (size_t i = 0; i < KVS_N_OUTCOMES; i++)
		out_text("location\t%s\t%s\n", kvs_locations[i].name, kvs_locations[i].help);
}
