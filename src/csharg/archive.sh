#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: archive.sh PARTS.a OUTPUT.a FOLDER
# Link the objects of PARTS.a into one and hide what is not meant to be seen.
set -eu
mkdir -p "$3"
ld -r -o "$3/csharg.o" --whole-archive "$1"
objcopy --localize-hidden "$3/csharg.o"
rm -f "$2"
ar rcs "$2" "$3/csharg.o"
