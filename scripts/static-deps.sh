#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: scripts/static-deps.sh DIR
# Build, into DIR, the static libraries of which Debian's archives need libraries without
# archives (libpcap: systemd; libcurl: Kerberos, LDAP). The sources are Debian's
# own packages with its security fixes, from the mirrors apt is configured for, and nothing is taken
# that Debian's keys did not sign. apt's own lists and configuration stay as they are. What is there
# already is not built again.
set -eu

mkdir -p "$1"
dir=$(cd "$1" && pwd)
prepared=false
keys=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
	echo "static libraries: $*" >&2
	exit 1
}

# Print a deb-src line for each configured repository that says it is Debian's.
source_repositories() {
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' | sort -u | sed "s|^|deb-src [signed-by=$keys] |"
}

# apt with lists and sources of its own; the rest, such as proxies, as configured
private_apt() {
	apt-get -qq -c "$dir/apt/conf" "$@"
}

prepare_apt() {
	mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
	source_repositories >"$dir/apt/sources.list"
	[ -s "$dir/apt/sources.list" ] ||
		fail "apt knows no package lists of Debian; run apt-get update first"
	cat >"$dir/apt/conf" <<END
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Etc::sourcelist "$dir/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::Lists "$dir/apt/lists";
Dir::Cache "$dir/apt/cache";
APT::Sandbox::User "";
END
	private_apt update >&2 || fail "the lists of source packages cannot be fetched"
	prepared=true
}

# build_library SOURCE-PACKAGE CONFIGURE-ARGUMENT... : what configure and make install
build_library() {
	name=$1
	shift
	[ ! -f "$dir/$name.done" ] || return 0
	$prepared || prepare_apt
	rm -rf "$dir/src/$name"
	mkdir -p "$dir/src/$name"
	echo "Building static $name" >&2
	(cd "$dir/src/$name" && private_apt source "$name") >"$dir/$name.log" 2>&1 || {
		cat "$dir/$name.log" >&2
		fail "the mirror does not give Debian's source package $name"
	}
	(
		cd "$dir/src/$name"/*/ &&
			./configure --prefix="$dir" --libdir="$dir/lib" --disable-shared "$@" &&
			make -j"$(nproc)" && make install
	) >>"$dir/$name.log" 2>&1 || {
		tail -n 20 "$dir/$name.log" >&2
		fail "$name does not build; all of it is in $dir/$name.log"
	}
	# libpcap's names a run path, with which static programs crash before main()
	sed -i 's/ -Wl,-rpath,[^ ]*//' "$dir"/lib/pkgconfig/*.pc
	rm -rf "$dir/src/$name"
	touch "$dir/$name.done"
}

export DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CFLAGS_APPEND='-g0 -fPIC'
eval "$(dpkg-buildflags --export=sh)"
build_library libpcap --without-libnl --disable-dbus --disable-rdma --disable-bluetooth \
	--disable-usb --disable-netmap --without-dag --without-septel --without-snf --without-turbocap \
	--without-dpdk

# Whatever no program uses is left out by the linker, function by function.
export DEB_CFLAGS_APPEND='-g0 -fPIC -ffunction-sections -fdata-sections'
eval "$(dpkg-buildflags --export=sh)"
# HTTP over unix sockets, to which discover speaks without names, TLS, proxies or encodings
build_library curl --enable-static --enable-unix-sockets --enable-http --disable-threaded-resolver \
	--disable-ftp --disable-file --disable-ldap --disable-ldaps --disable-rtsp --disable-dict \
	--disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb --disable-smtp \
	--disable-gopher --disable-mqtt --disable-manual --disable-cookies --disable-netrc \
	--disable-alt-svc --disable-hsts --without-ssl --without-gssapi --without-nghttp2 \
	--without-libidn2 --without-librtmp --without-libssh2 --without-libpsl --without-zlib \
	--without-brotli --without-zstd --without-libgsasl
# files written by other programs are read with plain statements
CPPFLAGS="$CPPFLAGS -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_DEPRECATED -DSQLITE_OMIT_SHARED_CACHE" \
	build_library sqlite3 --disable-tcl --disable-readline --disable-math \
	--disable-fts3 --disable-fts4 --disable-fts5 --disable-rtree --disable-session --disable-json
