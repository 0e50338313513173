#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync out, killed or refused at every call that changes a file: the target is the old file or the
# new one, whole, with its mode; the next run finishes the job, its command included.
# shellcheck disable=SC2317 # before and after are called by sweep
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/faults/lib.sh
. "$srcdir/tests/faults/lib.sh"
export KVSYNC_STORE="local:$tmp/s.db"

seq -f 'old%g' 300 >old
seq -f 'new%g' 9000 >new
kvsync in -k f -f new --quiet
mkdir d
cat >reload <<'END'
#!/bin/sh
cp "$KVSYNC_FILE" reloaded
END
chmod +x reload

# the job, as words
job="kvsync out -k f -f d/t --state-dir $tmp/states -e ./reload"

before() {
	rm -rf states reloaded d
	mkdir d
	install -m 0640 old d/t
}

whole() {
	cmp -s d/t old || cmp -s d/t new || echo 'the target is neither the old nor the new file'
	[ "$(stat -c %a d/t)" = 640 ] || echo "its mode is $(stat -c %a d/t)"
}

# What holds at the end, however it got there.
finished() {
	run $job
	[ "$status" -eq 0 ] || echo "the next run failed: $(cat "$err")"
	cmp -s d/t new || echo 'the next run did not install'
	cmp -s reloaded new || echo 'the command has not run on the new file'
	[ -z "$(find d states -name '*kvsync-*')" ] || echo 'a temporary stays'
	run $job
	[ "$status" -eq 0 ] || echo 'a third run failed'
}

# ---- killed ----

after() {
	whole
	finished
}
# shellcheck disable=SC2086 # words
sweep change KILL '' $job

# ---- refused, at the target: it fails with words, nothing has changed ----

after() {
	# only the sync of the directory comes when the new file is there already
	case $fired in
	"fsync "*"/d") cmp -s d/t new || echo 'the new file is not there' ;;
	*) cmp -s d/t old || echo 'the old file is gone' ;;
	esac
	[ "$status" -eq 1 ] || echo 'not reported as a failure'
	grep -q "d/t\|d/.t.kvsync-" "$err" || echo "the path is not named: $(cat "$err")"
	[ -z "$(find d -name '*kvsync-*')" ] || echo 'a temporary stays'
	whole
	finished
}
for error in ENOSPC EIO EACCES EROFS; do
	# shellcheck disable=SC2086 # words
	sweep write,fsync $error "$tmp/d" $job
	# shellcheck disable=SC2086 # words
	sweep open,renameat $error .t.kvsync- $job
done

# ---- refused, in the memory: a warning, and the work is done ----

after() {
	[ "$status" -eq 0 ] || echo "it failed: $(cat "$err")"
	[ "$(grep -c 'is not remembered on this machine' "$err")" -eq 1 ] || echo "not one warning: $(cat "$err")"
	cmp -s d/t new || echo 'the file was not installed'
	cmp -s reloaded new || echo 'the command did not run'
	[ -z "$(find d states -name '*kvsync-*' 2>/dev/null)" ] || echo 'a temporary stays'
}
for error in ENOSPC EACCES; do
	# shellcheck disable=SC2086 # words
	sweep open,write,fsync,renameat,mkdir $error states $job
	# shellcheck disable=SC2086 # words
	sweep renameat,open $error .state $job
done

# ---- interrupted and short writes are no faults ----

after() {
	[ "$status" -eq 0 ] || echo "it failed: $(cat "$err")"
	cmp -s d/t new || echo 'the file is not whole'
}
# shellcheck disable=SC2086 # words
sweep write SHORT '' $job
# shellcheck disable=SC2086 # words
sweep write EINTR "$tmp/d" $job

# ---- a mount point ----

before
# shellcheck disable=SC2086 # words
with_fault renameat:1:EBUSY:.t.kvsync- $job
status_is 0 'a target that cannot be replaced'
is "${fired%% *}" renameat 'the fault was met'
err_has '/d/t is a mount point: written in place, not atomically' 'is a warning'
same_file d/t new 'it is written through'
is "$(find d -name '*kvsync-*')" '' 'no temporary stays'

# ---- every allocation ----

after() {
	case $status in
	0 | 1) ;;
	*) echo "unexpected status: $(tail -n 1 "$err")" ;;
	esac
	[ "$status" -eq 0 ] || [ -s "$err" ] || echo 'failed without a word'
	whole
	finished
}
# shellcheck disable=SC2086 # words
sweep alloc ENOMEM '' $job

done_testing
