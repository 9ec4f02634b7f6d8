#!/usr/bin/env bash
# Use what was installed below the prefix $2, as somebody outside would. $1 says what:
# headers-c, headers-c++, shared-c, shared-c++, static-c, static-c++ or program.
set -eu
what=$1 prefix=$2
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc=${CC:-cc} cxx=${CXX:-c++}
strict=(-Wall -Wextra -Wpedantic -Werror)
pc=$(find "$prefix" -name wiretape.pc)
libdir=$(dirname "$(dirname "$pc")")
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
pkg_config() { pkg-config "$@" wiretape; }

compile() { # what the compiler is to be given, by language
  local language=$1
  shift
  if [ "$language" = c ]; then
    "$cc" -std=gnu17 "${strict[@]}" "$@"
  else
    "$cxx" -std=c++17 "${strict[@]}" "$@"
  fi
}

# Every header on its own, and twice, in either language.
headers() {
  local header count=0
  while read -r header; do
    printf '#include <wiretape/%s>\n#include <wiretape/%s>\nint consumed;\n' "$header" "$header" \
      >"$work/alone.$1"
    # shellcheck disable=SC2046 # flags are words
    compile "$1" -c -o "$work/alone.o" $(pkg_config --cflags) "$work/alone.$1" ||
      { echo "$header does not compile alone"; exit 1; }
    count=$((count + 1))
  done < <(cd "$prefix/include/wiretape" && find . -name '*.h' | sed 's|^\./||' | sort)
  echo "$count headers"
  [ "$count" -gt 10 ]
}

# The program writes 100 packets as pcapng.
judge() {
  "$1" >"$work/out.pcapng"
  capinfos -M -c "$work/out.pcapng"
  [ "$(tshark -n -r "$work/out.pcapng" 2>/dev/null | wc -l)" = 100 ]
}

uses_shared() { readelf -d "$1" | grep -q 'NEEDED.*\[libwiretape\.so\.'; }

shared() {
  # shellcheck disable=SC2046
  compile "$1" -o "$work/program" "$here/consumer.$1" $(pkg_config --cflags --libs)
  uses_shared "$work/program"
  LD_LIBRARY_PATH=$libdir judge "$work/program"
}

# Our library as an archive, those below it as they come.
static() {
  # shellcheck disable=SC2046
  compile "$1" -o "$work/program" "$here/consumer.$1" $(pkg_config --cflags) \
    "$libdir/libwiretape.a" $(pkg-config --libs $(pkg_config --print-requires-private)) -pthread
  if uses_shared "$work/program"; then echo "linked with the shared library"; exit 1; fi
  judge "$work/program"
}

program() {
  local installed=$prefix/bin/wiretape
  "$installed" --version
  "$installed" record --reader sim -i sim:count=100,pps=max -w "$work/tape.pcapng" --fail-on-loss
  [ "$("$installed" info --json "$work/tape.pcapng" | jq .packets)" = 100 ]
  [ -e "$prefix/share/man/man1/wiretape.1" ]
}

case $what in
headers-c) headers c ;;
headers-c++) headers cpp ;;
shared-c) shared c ;;
shared-c++) shared cpp ;;
static-c) static c ;;
static-c++) static cpp ;;
program) program ;;
*) echo "consume.sh: what is '$what'?" >&2; exit 2 ;;
esac
