#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kvsync out as the handler of watches of a real agent, by the definitions in contrib/consul.
# shellcheck disable=SC2317 # functions that wait_for runs
# shellcheck source=tests/lib/cli.sh
. "${0%/*}/../lib/cli.sh"
# shellcheck source=tests/lib/servers.sh
. "$srcdir/tests/lib/servers.sh"
# shellcheck source=tests/consul/consul.sh
. "$srcdir/tests/consul/consul.sh"
mkdir empty

cat >reload <<'END'
#!/bin/sh
echo "$1" >>reloads
[ ! -e fail ]
END
# A handler that cannot reach the store: its status is 0 only if it need not.
cat >offline <<END
#!/bin/sh
KVS_MODULE_DIR=$tmp/empty kvsync out --state-dir $tmp/states --store consul://127.0.0.1:1 -k hosts -f offline.file
echo "\$?" >>statuses
END
chmod +x reload offline

# definitions: those of contrib, each for a file of its own, named after it, and with that handler.
definitions() {
	for definition in key keyprefix event; do
		sed -e "s|\"--backend\", \"consul\"|\"--store\", \"$KVSYNC_STORE\", \"--state-dir\", \"$tmp/states\"|" \
			-e "s|/etc/hosts.consul|$tmp/$definition|" -e "s|systemctl reload dnsmasq|$tmp/reload $definition|" \
			"$srcdir/contrib/consul/$definition.json" >"server.d/$definition.json"
	done
	cat >server.d/offline.json <<-END
		{"watches": [{"type": "key", "key": "/kvexpress/hosts/checksum", "args": ["$tmp/offline"]}]}
	END
}

# has FILE TEXT
has() {
	wait_for 20 grep -sqx "$2" "$1"
}

# reloaded FILE TIMES
reloaded() {
	[ "$(grep -cx "$1" reloads)" -ge "$2" ]
}

# statuses_are WORDS: of the handler without a connection.
statuses_are() {
	[ "$(tr '\n' ' ' <statuses)" = "$1 " ]
}

# Behind the back of `in`, which respects stops.
write_pair() {
	printf '%s\n' "$1" >pair
	printf '{"op":"put","key":"kvexpress/hosts/data","value":"%s\\n"}\n{"op":"put","key":"kvexpress/hosts/checksum","value":"%s"}\n' \
		"$1" "$(sha256sum <pair | cut -c 1-64)" | kvsync txn
}

scenario() {
	KVSYNC_STORE="consul://127.0.0.1:$server_port"
	export KVSYNC_STORE
	: >statuses
	: >reloads
	echo one >offline.file
	definitions
	server_reload server
	succeeds 'a key that is not there yet: the handler runs' wait_for 20 statuses_are 13
	refuses 'and installs nothing' test -e key

	echo one >new
	kvsync in -k hosts -f new --quiet
	succeeds 'type key: what is put is installed' has key one
	succeeds 'type keyprefix, too' has keyprefix one
	succeeds 'and the command has run' wait_for 20 reloaded keyprefix 1
	succeeds 'a file that has what is told already: the store is not asked' wait_for 20 statuses_are '13 0'
	refuses 'type event: waits for its event' test -e event
	"$server_bin/consul" event -http-addr "$server_url" -name kvsync-hosts now >/dev/null
	succeeds 'which brings it' has event one

	# a command that fails is owed, also when the next event has nothing new for the file
	: >fail
	echo two >new
	kvsync in -k hosts -f new --quiet
	succeeds 'a change' has keyprefix two
	succeeds 'whose command fails' wait_for 20 reloaded keyprefix 2
	succeeds 'is seen by the handler without a connection, too' wait_for 20 statuses_are '13 0 13'
	is "$(cat offline.file)" one 'which changes nothing'
	rm fail
	kvsync put kvexpress/hosts/note x
	succeeds 'the next event runs the command again' wait_for 20 reloaded keyprefix 3

	kvsync stop hosts 'not now' --quiet
	write_pair three
	succeeds 'a stopped key: the handler says so' wait_for 20 grep -q 'exit status 6' .run/server.out
	is "$(cat keyprefix)" two 'and leaves the file'
	kvsync start hosts --quiet
	succeeds 'type keyprefix notices that a stop is lifted' has keyprefix three

	kvsync del kvexpress/hosts/checksum
	succeeds 'a key that was deleted: the handlers run' wait_for 20 statuses_are '13 0 13 13 13'
	is "$(cat keyprefix)" three 'and the file stays'
	echo four >new
	kvsync in -k hosts -f new --quiet
	succeeds 'until there is one again' has key four

	# more than is read of an event: the agent must not mind, nor must we
	head -c 500000 /dev/zero | tr '\0' x >big
	for n in 1 2 3; do
		api PUT "/v1/kv/kvexpress/hosts/big$n" --data-binary @big >/dev/null || bail 'no big value'
	done
	echo five >new
	kvsync in -k hosts -f new --quiet
	succeeds 'an event of 2 MB is as good as any' has keyprefix five
}

for age in $(consul_ages); do
	mkdir server.d
	consul_start server "$age"
	scenario
	server_stop server
	rm -rf server server.d key keyprefix event states
done
done_testing
