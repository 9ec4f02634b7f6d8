#!/usr/bin/env bash
# A wiretape of another architecture and byte order reads, cuts, compares, repairs and writes
# as the native one does. $WIRETAPE is the native program, $FOREIGN the command that runs the
# other one; both get the same inputs, and what they print is the same byte for byte.
. "$(dirname "$0")/../support/lib.sh"
need tshark capinfos editcap
golden=$(cd "$(dirname "$0")/../golden" && pwd)
read -ra foreign <<<"$FOREIGN"
compared=0
# The foreign one is of the other byte order.
declare -A orders=([native]=little [foreign]=big)

# both NAME ARGUMENT...: the same exit code and the same words. "@" in an argument stands for
# native and foreign, so each can write a file of its own.
both() {
  local name=$1 codes=() who
  shift
  for who in native foreign; do
    local command=("$WIRETAPE")
    [ $who = native ] || command=("${foreign[@]}")
    timeout 120 "${command[@]}" "${@//@/$who}" >"$work/$who.out" 2>&1
    codes+=($?)
    sed -i "s/$who/@/g" "$work/$who.out"
  done
  compared=$((compared + 1))
  assert_eq "$name: exit code" "${codes[0]}" "${codes[1]}"
  cmp -s "$work/native.out" "$work/foreign.out" || {
    fail "$name: they differ:"
    diff "$work/native.out" "$work/foreign.out" | cut -c 1-300 | head -6 >&2
  }
}

# The files that both have written are in the byte order of each; cut by one program they are
# to be the same.
both_files() {
  local who
  for who in native foreign; do
    "$WIRETAPE" cut -q "$work/$who.pcapng" -w "$work/$who.again.pcapng" || fail "$1: cut $who.pcapng"
  done
  cmp "$work/native.again.pcapng" "$work/foreign.again.pcapng" || fail "$1: the files differ"
  fields "$work/native.pcapng" frame.time_epoch frame.len frame.cap_len >"$work/native.fields"
  fields "$work/foreign.pcapng" frame.time_epoch frame.len frame.cap_len >"$work/foreign.fields"
  cmp "$work/native.fields" "$work/foreign.fields" || fail "$1: tshark finds different packets"
  rm -f "$work"/{native,foreign}{,.again}.pcapng
}

# ---- each records from the simulated interface; both layouts, both read by both ----

inputs=("$golden"/*)
for layout in inplace compact; do
  for who in native foreign; do
    command=("$WIRETAPE")
    [ $who = native ] || command=("${foreign[@]}")
    tape=$work/$layout-${orders[$who]}.pcapng
    "${command[@]}" record -q --reader sim -i sim:count=3000,pps=30000,size=900 --layout $layout \
      -w "$tape" 2>"$work/err" || fail "record $layout, $who: $(cat "$work/err")"
    assert_eq "$layout, $who: packets by capinfos" 3000 "$(packets "$tape")"
    assert_sequences "$layout, $who" "$tape" 1 3000
    inputs+=("$tape")
  done
done
"$WIRETAPE" compare -q "$work"/inplace-{little,big}.pcapng || fail "the two recorded different packets"

# A tape that was cut off, one that is broken in its middle, and one with something after it.
size=$(stat -c %s "$work/inplace-little.pcapng")
head -c $((size - 5000)) "$work/inplace-little.pcapng" >"$work/short.pcapng"
cp "$work/inplace-big.pcapng" "$work/broken.pcapng"
head -c 5000 /dev/zero | dd of="$work/broken.pcapng" bs=1 seek=$((size / 2)) conv=notrunc status=none
cat "$work/compact-big.pcapng" "$work/inplace-little.pcapng" >"$work/both-orders.pcapng"
inputs+=("$work/short.pcapng" "$work/broken.pcapng" "$work/both-orders.pcapng")

for input in "${inputs[@]}"; do
  name=$(basename "$input")
  both "info $name" info "$input"
  both "info --json $name" info --json "$input"
  both "repair -n $name" repair -n "$input"
  both "repair -w $name" repair "$input" -w "$work/@.pcapng"
  if [ -e "$work/native.pcapng" ]; then both_files "repair -w $name"; fi
  both "cut $name" cut "$input" -w "$work/@.pcapng"
  if [ -e "$work/native.pcapng" ]; then
    both "compare $name" compare "$input" "$work/@.pcapng"
    both_files "cut $name"
  fi
  both "replay $name" replay --json -t asap "$input" -i sim --no-proof
done
both "compare tapes" compare -v "$work"/inplace-{little,big}.pcapng
echo "$compared commands compared"
[ "$compared" -ge 90 ] || fail "only $compared commands compared"
