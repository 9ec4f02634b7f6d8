#!/usr/bin/env bash
# Use what was installed below the prefix $2, as somebody outside would. $1 says what:
# headers-c, headers-c++, shared-c, shared-c++, static-c, static-c++, symbols or program. "examples":
# the prefix is the folder of those that the build made.
set -eu
what=$1 prefix=$2
here=$(dirname "$(readlink -f "$0")")

# In a network namespace, with the examples in $2: what one sends the other records.
over_veth() {
  local recorder index
  ip link add left type veth peer name right
  # Nothing of IPv6 speaks up by itself.
  ip link set left addrgenmode none up
  ip link set right addrgenmode none up
  "$1/record" right "$1/veth.pcapng" 100 >"$1/veth.lines" 2>"$1/veth.errors" &
  recorder=$!
  index=$(ip -o link show right | cut -d: -f1)
  for _ in $(seq 100); do # until its socket is there
    awk -v index_="$index" '$5 == index_ {found = 1} END {exit !found}' /proc/net/packet && break
    sleep 0.1
  done
  "$1/replay" left 100 &&
    wait "$recorder" && [ "$(grep -c ': 60 bytes$' "$1/veth.lines")" = 100 ] &&
    [ "$(tshark -n -r "$1/veth.pcapng" -Y 'eth.type == 0x88b5' 2>/dev/null | wc -l)" = 100 ] ||
    { cat "$1/veth.errors"; return 1; }
}
if [ "$what" = over-veth ]; then
  over_veth "$prefix"
  exit
fi

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
  [ "$count" = "$(find "$here/../../include/wiretape" -name '*.h' | wc -l)" ]
}

# The tape that is named has 100 packets, whoever reads it.
judge() {
  capinfos -M -c "$1"
  [ "$(tshark -n -r "$1" 2>/dev/null | wc -l)" = 100 ]
}

# The examples below $1, each of which records 100 simulated packets; replay sends 100.
run_examples() {
  local sim=sim:count=100,pps=max,size=60
  "$1/record" $sim "$work/record.pcapng" >"$work/lines"
  [ "$(grep -c ': 60 bytes$' "$work/lines")" = 100 ]
  "$1/tap" $sim "$work/tap.pcapng" >"$work/lines"
  [ "$(awk '{packets += $2; bytes += $4} END {print packets, bytes}' "$work/lines")" = "100 6000" ]
  "$1/loop" $sim "$work/loop.pcapng" | grep 'written 100, lost 0'
  "$1/snapshot" $sim "$work/snapshot.pcapng" | tail -n 1 | grep 'seen=100 written=100'
  "$1/sink" $sim >"$work/sink.pcapng"
  "$1/deadline" $sim "$work/deadline.pcapng" 10000 1 | grep 'in time: written 100, lost 0'
  for example in record tap loop snapshot sink deadline; do
    judge "$work/$example.pcapng"
  done
  "$1/replay" sim | grep 'sent 100 packets'
}

# Where we may have interfaces of our own, what one sends the other records.
run_c() {
  run_examples "$work"
  "$here/../support/in-namespace.sh" "$here/consume.sh" over-veth "$work" || [ $? = 77 ]
}

run_cpp() {
  "$work/program" "$work/out.pcapng"
  judge "$work/out.pcapng"
}

uses_shared() { readelf -d "$1" | grep -q 'NEEDED.*\[libwiretape\.so\.'; }

# What is built of each language: sources, and what they become.
sources() {
  if [ "$1" = c ]; then
    for source in "$here"/../../examples/*.c; do
      echo "$source $work/$(basename "$source" .c)"
    done
  else
    echo "$here/consumer.cpp $work/program"
  fi
}

shared() {
  local source target
  while read -r source target; do
    # shellcheck disable=SC2046
    compile "$1" -o "$target" "$source" $(pkg_config --cflags --libs) -pthread
    uses_shared "$target"
  done < <(sources "$1")
  export LD_LIBRARY_PATH=$libdir
  "run_$1"
}

# Our library as an archive, those below it as they come.
static() {
  local source target
  while read -r source target; do
    # shellcheck disable=SC2046
    compile "$1" -o "$target" "$source" $(pkg_config --cflags) "$libdir/libwiretape.a" \
      $(pkg-config --libs $(pkg_config --print-requires-private)) -pthread -lm
    if uses_shared "$target"; then echo "linked with the shared library"; exit 1; fi
  done < <(sources "$1")
  "run_$1"
}

# Exactly what the tree says that is promised.
symbols() {
  nm -D --defined-only "$libdir/libwiretape.so" | awk '{print $3}' | LC_ALL=C sort |
    diff -u "$here/../../cmake/libwiretape.symbols" -
}

program() {
  local installed=$prefix/bin/wiretape
  "$installed" --version
  "$installed" record --reader sim -i sim:count=100,pps=max -w "$work/tape.pcapng" --fail-on-loss
  [ "$("$installed" info --json "$work/tape.pcapng" | jq .packets)" = 100 ]
  [ -e "$prefix/share/man/man1/wiretape.1" ]
}

case $what in
examples) run_examples "$prefix" ;;
headers-c) headers c ;;
headers-c++) headers cpp ;;
shared-c) shared c ;;
shared-c++) shared cpp ;;
static-c) static c ;;
static-c++) static cpp ;;
symbols) symbols ;;
program) program ;;
*) echo "consume.sh: what is '$what'?" >&2; exit 2 ;;
esac
