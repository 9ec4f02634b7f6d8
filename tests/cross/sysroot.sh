#!/usr/bin/env bash
# What a program of another architecture is built with and runs on: Debian's libraries for it,
# unpacked into a cache folder and never installed. Prints the folder.
#
#   tests/cross/sysroot.sh s390x|arm64|riscv64|...     (Debian's name of the architecture)
#
# The cache is $WIRETAPE_CROSS_CACHE, else ~/.cache/wiretape-cross; 120 MB. Exit code 77 with the
# reason where something cannot be had.
set -eu
here=$(dirname "$0")
architecture=${1:?which architecture?}
cache=${WIRETAPE_CROSS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/wiretape-cross}/$architecture
. "$here/../support/debian.sh"
# Debian 12 has no riscv64.
[ "$architecture" != riscv64 ] || suite=trixie

skip() {
  echo "SKIP: $*"
  exit 77
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
# Complete, or not there: the last step of unpacking gives it its name.
if [ ! -d "$cache/root" ]; then
  debian_lists "$architecture"
  packages=$(closure "$suite" libc6-dev libpcap-dev libjansson-dev libmnl-dev liburing-dev)
  [ -n "$packages" ] || skip "libraries for $architecture cannot be had: $(tail -n 1 "$cache/apt/log")"
  rm -rf "$cache/new" "$cache/packages"
  # shellcheck disable=SC2086 # one word each
  download "$cache/packages" $packages
  unpack "$cache/new" "$cache"/packages/*.deb
  # Links that are absolute point into this machine; later releases have no /lib of their own.
  find "$cache/new" -type l -lname '/*' | while read -r link; do
    ln -sfnr "$cache/new$(readlink "$link")" "$link"
  done
  [ -e "$cache/new/lib" ] || ln -s usr/lib "$cache/new/lib"
  rm -rf "$cache/packages" "$cache/apt"
  mv "$cache/new" "$cache/root"
fi
echo "$cache/root"
