#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: scripts/build-before.sh [COMMIT]
# Build an earlier commit into out-before/, for comparison by "./bench --parts door". Without COMMIT it is
# the last one that served with libwebsockets, whose development files this installs.
set -eu
cd "$(dirname "$0")/.."
commit=${1:-1ab8d4f}
. scripts/packages.sh
# shellcheck disable=SC2086
need_packages git libwebsockets-dev $build_packages
rm -rf build-before
git worktree prune
git worktree add -f --detach build-before "$commit" >&2
trap 'git worktree remove --force build-before' EXIT
(cd build-before && ./build >&2)
rm -rf out-before
cp -r build-before/out out-before
echo "out-before/packetflix is $(out-before/packetflix --version), commit $commit"
