#!/usr/bin/env bash
# What the VM lab boots and what it boots with, from Debian, unpacked into a cache folder
# and never installed: needs no right to anything. Prints nothing if all is there.
#
#   tests/vm/fetch.sh kernel   a kernel with the modules that NICs and qdiscs need, and
#                              the small programs of the guest
#   tests/vm/fetch.sh new      a QEMU whose igb has a running clock
#   tests/vm/fetch.sh old      QEMU 7.2, whose e1000e has a clock that stands still
#
# The folder is $WIRETAPE_VM_CACHE, else ~/.cache/wiretape-vm; 250 MB. Exit code 77 with the
# reason where something cannot be had.
set -eu
. "$(dirname "$0")/cache.sh"

what=${1:-}
case $what in
kernel | new | old) ;;
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
command -v apt-get >/dev/null || skip "there is no apt-get to fetch $what with"
command -v dpkg-deb >/dev/null || skip "there is no dpkg-deb to unpack $what with"

# Packages come from the suites that are known to have what is wanted, whatever the machine
# has in its own lists, which stay as they are.
suite=bookworm
apt=(apt-get -qq -o "Dir::Etc::sourcelist=$cache/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$cache/apt/lists" -o "Dir::Cache=$cache/apt"
  -o "Dir::Cache::archives=$cache/apt/archives" -o APT::Sandbox::User= -o Debug::NoLocking=1
  -o "APT::Default-Release=$suite" -o APT::Get::Upgrade=false)

update() {
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -e "$keyring" ] || skip "there is no $keyring to know Debian's packages by"
  mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
  printf 'deb [signed-by=%s] http://deb.debian.org/debian %s main\n' \
    "$keyring" "$suite" "$keyring" "$suite-backports" >"$cache/apt/sources.list"
  "${apt[@]}" update >"$cache/apt/log" 2>&1 ||
    skip "Debian's package lists cannot be had: $(tail -n 1 "$cache/apt/log")"
}

# download DIRECTORY PACKAGE...: these packages alone.
download() {
  local to=$1
  shift
  mkdir -p "$to"
  (cd "$to" && "${apt[@]}" download "$@") >"$cache/apt/log" 2>&1 ||
    skip "$* cannot be had: $(tail -n 1 "$cache/apt/log")"
}

# unpack DIRECTORY PACKAGE-FILE...
unpack() {
  local to=$1 package
  shift
  mkdir -p "$to"
  for package; do
    dpkg-deb -x "$package" "$to"
  done
}

# The packages that PACKAGE of RELEASE needs and that this machine has not, with itself.
closure() {
  "${apt[@]}" -t "$1" install --no-install-recommends --print-uris -y "$2" 2>"$cache/apt/log" |
    sed -nE "s|^'.*/([^/_']+)_[^/]*' ([^_]+)_([^_]+)_.*|\2=\3|p" | sed 's/%3a/:/'
}

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

update
new=$cache/$what.new
rm -rf "$new"
case $what in
kernel) fetch_kernel ;;
new) fetch_qemu "$suite-backports" ;;
old) fetch_qemu "$suite" ;;
esac
unpack "$new/root" "$new"/packages/*.deb
rm -rf "$new/packages"
mv "$new" "$cache/$what"
