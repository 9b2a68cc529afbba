#!/bin/sh
# SPDX-License-Identifier: MIT
# Run by meson install: make this machine know what was installed: the handler of packetflix: links in
# folder $1, the Wireshark plugin in folder $2, and the library. Packages do that themselves, on the machine
# they come to.
set -eu
[ -z "${DESTDIR:-}" ] || exit 0
if command -v update-desktop-database >/dev/null; then
	update-desktop-database -q "$1"
else
	echo "packetflix: links work after update-desktop-database (package desktop-file-utils)" >&2
fi
# Wireshark may have come after the build was set up
folder=$("$(dirname "$0")/find-extcapdir.sh" 2>/dev/null) || folder=$2
case $2 in /*) plugins=$2 ;; *) plugins=$MESON_INSTALL_PREFIX/$2 ;; esac
if [ "$folder" != "$2" ] && [ "$folder" != "$plugins" ]; then
	mkdir -p "$folder"
	ln -sf "$plugins/cshargextcap" "$folder/cshargextcap"
fi
if command -v ldconfig >/dev/null || [ -x /sbin/ldconfig ]; then
	PATH=$PATH:/usr/sbin:/sbin ldconfig
fi
