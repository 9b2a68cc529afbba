#!/bin/sh
# SPDX-License-Identifier: MIT
# Print the folder in which the Wireshark of this machine looks for the plugins of all users. Exit status 1
# if there is no Wireshark, or it does not say.
set -eu
said=$(tshark -G folders 2>/dev/null || wireshark -G folders 2>/dev/null) || exit 1
# Wireshark up to 4.0 calls it "Extcap path"
path=$(printf '%s\n' "$said" | sed -n 's/^\(Global \)\{0,1\}Extcap path:[[:space:]]*//p' | head -n 1)
[ -n "$path" ] || exit 1
printf '%s\n' "$path"
