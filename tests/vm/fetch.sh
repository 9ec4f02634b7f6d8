#!/usr/bin/env bash
# What the VM lab boots and what it boots with, from Debian, unpacked into a cache folder
# and never installed: needs no right to anything. Prints nothing if all is there.
#
#   tests/vm/fetch.sh kernel   a kernel with the modules that NICs and qdiscs need, and
#                              the small programs of the guest
#   tests/vm/fetch.sh jq       gojq, which starts five times as fast in the guest as jq does
#   tests/vm/fetch.sh new      a QEMU whose igb has a running clock
#   tests/vm/fetch.sh old      QEMU 7.2, whose e1000e has a clock that stands still
#
# The folder is $WIRETAPE_VM_CACHE, else ~/.cache/wiretape-vm; 250 MB. Exit code 77 with the
# reason where something cannot be had.
set -eu
. "$(dirname "$0")/cache.sh"
. "$(dirname "$0")/../support/debian.sh"

what=${1:-}
case $what in
kernel | jq | new | old) ;;
*) sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"; exit 2 ;;
esac

skip() {
  echo "SKIP: $*"
  exit 77
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
# Complete, or not there: the last step of unpacking gives it its name.
[ ! -d "$cache/$what" ] || exit 0

[ "$(uname -m)" = x86_64 ] || skip "the lab has x86_64 guests and hosts only"
fetch_kernel() {
  local image
  image=$(apt-cache "${apt[@]:2}" -t "$suite-backports" depends linux-image-amd64 |
    sed -nE 's/^ *Depends: (linux-image-[^ ]*-amd64).*/\1/p' | head -n 1)
  [ -n "$image" ] || skip "linux-image-amd64 does not say which kernel it is"
  download "$new/packages" "$image/$suite-backports" busybox-static linuxptp kmod
}

fetch_qemu() {
  local packages
  packages=$(closure "$1" qemu-system-x86)
  [ -n "$packages" ] || skip "QEMU cannot be had: $(tail -n 1 "$cache/apt/log")"
  # shellcheck disable=SC2086 # one word each
  download "$new/packages" $packages
}

debian_lists
new=$cache/$what.new
rm -rf "$new"
case $what in
kernel) fetch_kernel ;;
jq) download "$new/packages" gojq ;;
new) fetch_qemu "$suite-backports" ;;
old) fetch_qemu "$suite" ;;
esac
unpack "$new/root" "$new"/packages/*.deb
rm -rf "$new/packages"
mv "$new" "$cache/$what"
