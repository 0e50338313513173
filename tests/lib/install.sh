# shellcheck shell=sh disable=SC2034
# SPDX-License-Identifier: Apache-2.0
#
# Which Debian packages kvsync needs, and getting those that are missing.  Sourced.

# To build with the embedded store alone: compiler, autotools, the libraries' headers.
packages_to_build='gcc g++ make libc6-dev autoconf automake libtool pkg-config xz-utils
	libssl-dev libjson-c-dev libyaml-dev libsqlite3-dev uthash-dev
	zlib1g-dev libbrotli-dev libzstd-dev'
# For the backends of Consul and etcd too.
packages_for_servers='libcurl4-openssl-dev libgrpc-dev libprotobuf-c-dev protobuf-c-compiler'
# To test: what scenarios call, and the lint.
packages_to_test='brotli curl python3 openssl procps sqlite3 binutils shellcheck clang-format mandoc zstd'
# Only for tests/run --long.
packages_to_test_long='clang libclang-rt-14-dev valgrind'

# missing_packages NAME...: those that are not installed.
missing_packages() {
	for package in "$@"; do
		case $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) in
		installed*) ;;
		*) echo "$package" ;;
		esac
	done
}

# install_packages NAME...: gets what is missing through apt-get and says so; asks no network when
# nothing is.
install_packages() {
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		echo 'not a Debian machine: install these by hand if something is missing:' "$@"
		return 0
	fi
	# shellcheck disable=SC2046
	set -- $(missing_packages "$@")
	[ $# -gt 0 ] || return 0
	echo "installing Debian packages: $*"
	as_root=
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || {
			echo "cannot install without root or sudo; run: apt-get install $*" >&2
			return 1
		}
		as_root=sudo
	fi
	$as_root env DEBIAN_FRONTEND=noninteractive sh -c '
		apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 || {
			apt-get update >/dev/null &&
				apt-get install -y --no-install-recommends "$@" >/dev/null
		}' sh "$@" </dev/null || {
		echo "could not install: $*" >&2
		return 1
	}
}
