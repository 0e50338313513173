/* SPDX-License-Identifier: Apache-2.0 */
/* "did you mean". */
#include "base/suggest.h"

#include "tests/lib/tap.h"

static const char *nearest(const char *typed)
{
	static const char *const known[] = { "get",	 "put",	      "del",	  "status",
					     "stop",	 "start",     "endpoint", "backend",
					     "backends", "min-lines", NULL };
	struct kvs_suggestion s = KVS_SUGGESTION(typed);

	for (const char *const *k = known; *k; k++)
		kvs_suggest(&s, *k);
	return s.best;
}

int main(void)
{
	is_str(nearest("gte"), "get", "two letters swapped");
	is_str(nearest("pus"), "put", "one replaced");
	is_str(nearest("statu"), "status", "one missing");
	is_str(nearest("endpoints"), "endpoint", "one too many");
	is_str(nearest("backend"), "backend", "the word itself");
	is_str(nearest("min"), "min-lines", "only begun");
	is_str(nearest("min_lines"), "min-lines", "another separator");
	is_str(nearest("xyz"), NULL, "nothing near");
	is_str(nearest(""), NULL, "nothing typed");
	is_str(nearest("x"), NULL, "a letter is near to nothing");
	is_str(nearest("a-word-that-is-much-longer-than-any-option-that-there-is"), NULL,
	       "longer than every word");
	return tap_end();
}
