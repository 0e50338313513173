# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# What people know of kvexpress 1.16, case by case, on whichever store the scenario that sources this
# has: kx runs it there (and sets $status, $out and $err), stored, store and erase look at the store
# as another program would, $store_kind is its name.
#
# Of its faults, numbered as in kvexpress(1), each that is mended has its case here or in consul.t.

# shellcheck source=tests/peers/kvexpress/lib.sh
. "$srcdir/tests/peers/kvexpress/lib.sh"

# shellcheck source=tests/peers/kvexpress/case_line.sh
. "$srcdir/tests/peers/kvexpress/case_line.sh"
# shellcheck source=tests/peers/kvexpress/case_in.sh
. "$srcdir/tests/peers/kvexpress/case_in.sh"
# shellcheck source=tests/peers/kvexpress/case_clean.sh
. "$srcdir/tests/peers/kvexpress/case_clean.sh"
# shellcheck source=tests/peers/kvexpress/case_out.sh
. "$srcdir/tests/peers/kvexpress/case_out.sh"
# shellcheck source=tests/peers/kvexpress/case_raw.sh
. "$srcdir/tests/peers/kvexpress/case_raw.sh"
# shellcheck source=tests/peers/kvexpress/case_copy.sh
. "$srcdir/tests/peers/kvexpress/case_copy.sh"
# shellcheck source=tests/peers/kvexpress/case_exec.sh
. "$srcdir/tests/peers/kvexpress/case_exec.sh"
# shellcheck source=tests/peers/kvexpress/case_freeze.sh
. "$srcdir/tests/peers/kvexpress/case_freeze.sh"
# shellcheck source=tests/peers/kvexpress/case_names.sh
. "$srcdir/tests/peers/kvexpress/case_names.sh"
# shellcheck source=tests/peers/kvexpress/case_settings.sh
. "$srcdir/tests/peers/kvexpress/case_settings.sh"

# ---- nothing else is in the store ----

everything >keys
grep -vE '^(kvexpress|etc/files|bare)/' keys >strange
is "$(cat strange)" '' 'kvexpress knows every key that was written'
succeeds 'and there are some' test "$(wc -l <keys)" -gt 20
