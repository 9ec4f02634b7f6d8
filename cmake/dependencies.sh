# shellcheck shell=bash
# Which Debian packages the scripts need, and how to see that one is there. For
# quickstart.sh and check.sh to source; apt is asked only for what is missing.

# Debian keeps some programs where an ordinary user does not look.
export PATH="$PATH:/usr/sbin:/sbin"

# One a line: a package, then a command that succeeds where it is installed.
wt_packages_build='
gcc            wt_compiles cc
libc6-dev      wt_compiles cc
cmake          command -v cmake
ninja-build    command -v ninja
pkg-config     command -v pkg-config
libpcap-dev    pkg-config --exists libpcap
libjansson-dev pkg-config --exists jansson
libmnl-dev     pkg-config --exists libmnl
liburing-dev   pkg-config --exists liburing'

wt_packages_show='
iproute2         command -v ip
tshark           command -v tshark
wireshark-common command -v capinfos'

wt_packages_check='
g++              wt_compiles c++
clang            command -v clang
libclang-rt-dev  wt_has_fuzzer
clang-format     command -v clang-format
cppcheck         command -v cppcheck
mandoc           command -v mandoc
shellcheck       command -v shellcheck
tcpdump          command -v tcpdump
ethtool          command -v ethtool
jq               command -v jq
python3          command -v python3
python3-jsonschema wt_has_jsonschema'

# For check.sh --ci and --all.
wt_packages_cross='
gcc-s390x-linux-gnu   command -v s390x-linux-gnu-gcc
qemu-user-static      command -v qemu-s390x-static'

wt_packages_builds='
libcriterion-dev      pkg-config --exists criterion
gcc-aarch64-linux-gnu command -v aarch64-linux-gnu-gcc
gcc-riscv64-linux-gnu command -v riscv64-linux-gnu-gcc
gcc-i686-linux-gnu    command -v i686-linux-gnu-gcc
musl-tools            command -v musl-gcc
debootstrap           command -v debootstrap'

wt_compiles() {
  echo '#include <stdio.h>' | "$1" -E -x "$([ "$1" = c++ ] && echo c++ || echo c)" - >/dev/null
}

wt_has_fuzzer() {
  local fuzzer
  fuzzer=$(clang -print-file-name="libclang_rt.fuzzer-$(uname -m).a") || return
  # A name without a directory is clang's way of saying that it found none.
  [ "$fuzzer" != "${fuzzer##*/}" ] && [ -e "$fuzzer" ]
}

wt_has_jsonschema() {
  python3 -c 'import jsonschema'
}

# The packages of the given lists that are missing, on one line.
wt_missing_packages() {
  local package test missing=""
  while read -r package test; do
    [ -n "$package" ] || continue
    # shellcheck disable=SC2086 # the command's words
    $test >/dev/null 2>&1 || missing="$missing $package"
  done <<<"$*"
  echo "${missing# }"
}

# wt_install_missing LIST...: install what is missing, as root or with a sudo that
# asks nothing. Else say what to type, and fail.
wt_install_missing() {
  local missing as_root=()
  missing=$(wt_missing_packages "$*")
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null; then
    echo "Missing, under their Debian names: $missing" >&2
    echo "There is no apt-get here; install them your way and start again." >&2
    return 1
  fi
  if [ "$(id -u)" != 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      echo "Some packages are missing. As root, type this, then start again:" >&2
      echo "  apt-get update && apt-get install --no-install-recommends $missing" >&2
      return 1
    fi
    as_root=(sudo -n)
  fi
  echo "Installing with apt: $missing"
  # tshark's package would ask who may capture.
  as_root+=(env DEBIAN_FRONTEND=noninteractive)
  "${as_root[@]}" apt-get -qq update || echo "apt-get update failed; trying with the old lists" >&2
  # Rather not at all than in the place of something that is installed.
  # shellcheck disable=SC2086 # names without spaces
  "${as_root[@]}" apt-get -qq install --no-install-recommends --no-remove -y $missing </dev/null ||
    return
  missing=$(wt_missing_packages "$*")
  [ -z "$missing" ] && return
  echo "Installed, but still not usable: $missing" >&2
  return 1
}
