# SPDX-License-Identifier: MIT
# Sourced: installs Debian packages that are missing. Needs root only when something is missing.

build_packages="gcc libc6-dev meson ninja-build pkg-config python3 zlib1g-dev
 libssl-dev libjansson-dev libcurl4-openssl-dev libpcap-dev libcap-dev
 libseccomp-dev libsqlite3-dev libnghttp2-dev libprotobuf-c-dev protobuf-c-compiler libyaml-dev"
test_packages="libcmocka-dev libhttp-parser-dev clang clang-tidy clang-format llvm libclang-rt-14-dev docker.io containerd runc
 containernetworking-plugins iptables nftables busybox-static tshark wireshark-common tcpdump iproute2 curl openssl util-linux
 procps libcap2-bin ethtool python3-pytest python3-pytest-timeout python3-jsonschema python3-websockets python3-yaml
 python3-venv nginx-light haproxy
 valgrind gdb podman crun slirp4netns catatonit lxc systemd-container jq zsh fish wireshark xvfb scrot xdotool xclip xdg-utils
 libglib2.0-bin desktop-file-utils man-db bash-completion
 docker-compose caddy
 python3-cffi python3-pip python3-setuptools python3-wheel mypy"
static_packages="apt debian-archive-keyring dpkg-dev flex bison"
bench_packages="wireshark-common openssl iproute2 util-linux procps python3"

# need_packages NAME... : install those that are not there
need_packages() {
	missing=
	for package in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
			missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		echo "These packages are needed; run this once with sudo:$missing" >&2
		return 1
	fi
	echo "Installing:$missing" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq >&2
	# shellcheck disable=SC2086
	apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
