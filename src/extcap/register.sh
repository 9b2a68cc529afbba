#!/bin/sh
# SPDX-License-Identifier: MIT
# Run by meson install: make the desktop know the handler of packetflix: links in folder $1. Packages
# do that themselves, on the machine they come to.
set -eu
[ -z "${DESTDIR:-}" ] || exit 0
if command -v update-desktop-database >/dev/null; then
	update-desktop-database -q "$1"
else
	echo "packetflix: links work after update-desktop-database (package desktop-file-utils)" >&2
fi
