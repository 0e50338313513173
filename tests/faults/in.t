#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync in, killed or refused at every call that changes a file: the store holds the old pair or the
# new one, never a mixture; what was acknowledged is there; the next run finishes the job.
# shellcheck disable=SC2317 # before and after are called by sweep
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/faults/lib.sh
. "$srcdir/tests/faults/lib.sh"
export KVSYNC_STORE="local:$tmp/db/s.db"

seq -f 'old%g' 300 >old
seq -f 'new%g' 9000 >new
for v in old new; do sha256sum <$v | cut -c 1-64 | tr -d '\n' >$v.sum; done
kvsync in --quiet -k k -f old
kvsync put other kept
cp -a db start

# The same start each time: the store, with the old pair in it and nobody at work.
before() {
	rm -rf db
	cp -a start db
}

# pair_is VERSION: is this the pair of k, whole?
pair_is() {
	kvsync get kvexpress/k/data | cmp -s - "$1" &&
		kvsync get kvexpress/k/checksum | cmp -s - "$1.sum"
}

after() {
	case $status in
	0) pair_is new || echo 'acknowledged, but lost' ;;
	*) pair_is old || pair_is new || echo 'neither the old nor the new pair' ;;
	esac
	case $status in
	0 | 137) ;;
	*) [ -s "$err" ] || echo 'failed without a word' ;;
	esac
	[ "$(kvsync get other)" = kept ] || echo 'another key is lost'
	run kvsync in --quiet -k k -f new
	[ "$status" -eq 0 ] || echo "the next run failed: $(cat "$err")"
	pair_is new || echo 'the next run did not write'
}

sweep change KILL '' kvsync in --quiet -k k -f new
for error in ENOSPC EIO EACCES; do
	sweep write,pwrite,fsync,fdatasync,ftruncate,open $error s.db kvsync in --quiet -k k -f new
done
sweep pwrite SHORT s.db kvsync in --quiet -k k -f new

# ---- with a check before it and a command after it ----

cat >notify <<'END'
#!/bin/sh
echo "$KVSYNC_CHECKSUM" >notified
END
cat >job <<END
#!/bin/sh
TMPDIR=$tmp/tmpdir exec kvsync in --quiet -k k -f new --state-dir $tmp/states --check 'cmp new {}' -e ./notify
END
chmod +x notify job
mkdir tmpdir

before() {
	rm -rf db states notified tmpdir/*
	cp -a start db
}

after() {
	pair_is old || pair_is new || echo 'neither the old nor the new pair'
	case $status in
	0 | 137) ;;
	*) [ -s "$err" ] || echo 'failed without a word' ;;
	esac
	[ "$status" -eq 137 ] || [ -z "$(ls tmpdir)" ] || echo "left behind: $(ls tmpdir)"
	run ./job
	[ "$status" -eq 0 ] || echo "the next run failed: $(cat "$err")"
	pair_is new || echo 'the next run did not write'
	[ "$(cat notified)" = "$(cat new.sum)" ] || echo 'the command did not run on the new file'
	[ -z "$(find states -name '*kvsync-*')" ] || echo 'a temporary stays'
}
# what the database does is met above
where=states
[ -z "${KVS_LONG:-}" ] || where=
sweep change KILL "$where" ./job
sweep write,open,mkdir EIO "$tmp/tmpdir" ./job
sweep renameat ENOSPC '' ./job

before() {
	rm -rf db
	cp -a start db
}

# An acknowledged stop stays, and a killed one is there or not.
after() {
	case $status in
	0) [ "$(kvsync get kvexpress/k/stop)" = why ] || echo 'acknowledged, but lost' ;;
	esac
	pair_is old || echo 'the pair is lost'
	run kvsync stop --quiet k why
	[ "$status" -eq 0 ] || echo "the next run failed: $(cat "$err")"
	[ "$(kvsync get kvexpress/k/stop)" = why ] || echo 'the next run did not stop'
}
sweep change KILL '' kvsync stop --quiet k why

# So does a lock, and what lifts it.
digest=$(printf %s /etc/x | sha256sum | cut -c 1-64)
lock=kvexpress/locks/$digest/$(uname -n)
after() {
	case $status in
	0) [ "$(kvsync get "$lock")" = why ] || echo 'acknowledged, but lost' ;;
	137 | 1 | 2 | 3 | 12) ;;
	*) echo "unexpected status: $(tail -n 1 "$err")" ;;
	esac
	run kvsync lock --quiet /etc/x why
	[ "$status" -eq 0 ] || echo "the next run failed: $(cat "$err")"
	[ "$(kvsync unlock /etc/x)" = '/etc/x: unlocked; it was locked: why' ] || echo 'it was not lifted'
}
sweep change KILL '' kvsync lock --quiet /etc/x why
sweep alloc ENOMEM '' kvsync lock --quiet /etc/x why

# ---- every allocation ----

after() {
	case $status in
	0) pair_is new || echo 'acknowledged, but lost' ;;
	1 | 2 | 3 | 12) pair_is old || pair_is new || echo 'neither the old nor the new pair' ;;
	*) echo "unexpected status: $(tail -n 1 "$err")" ;;
	esac
	[ "$status" -eq 0 ] || [ -s "$err" ] || echo 'failed without a word'
}
sweep alloc ENOMEM '' kvsync in --quiet -k k -f new

done_testing
