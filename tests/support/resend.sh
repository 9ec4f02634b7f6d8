# shellcheck shell=bash
# Shared by the tests that send a tape over a link and record it again; sourced after lib.sh.
# shellcheck disable=SC2154
tape=$work/tape.pcapng again=$work/again.pcapng
# Packets sent on one CPU arrive on it, too, and in order.
cpu=$(($(nproc) - 1))

# make_tape: what is sent on out0 arrives at in0, and $tape has three feeds of different kinds: 400
# packets. When they are due is in $work/times, and in $lasts for the last of them.
make_tape() {
  make_link out0 in0
  start_recorder -i in0 -w "$tape" --json
  send out0 150 --cpu "$cpu" -s 64 -p 1000
  send out0 50 --cpu "$cpu" -s 1514 -p max --session B
  send out0 200 --cpu "$cpu" -s 200 -p 2000 --session C
  stop_after 400
  assert_eq "the tape" 400 "$(packets "$tape")"
  fields "$tape" frame.time_relative | tr -d . | sed 's/^0*\(.\)/\1/' >"$work/times"
  lasts=$(tail -n 1 "$work/times")
}

# finish COUNT: the end of a recording on in0 of the packets sent; it must have this many.
finish() {
  assert_eq "$name: exit code" 0 "$code"
  assert_eq "$name: complaints" "" "$(cat "$work/complaints")"
  [ "$code" = 0 ] || {
    stop_recorder
    return
  }
  stop_after "$1"
  assert_eq "$name: sent, written, found by capinfos" "$1 $1 $1" \
    "$(sent .sent) $(json .written) $(packets "$again")"
}

# resend NAME COUNT ARGUMENT...: on out0; what arrives is in $again.
resend() {
  local count=$2
  name=$1
  shift 2
  start_recorder -i in0 -w "$again" --json
  replay -i out0 --cpu "$cpu" --json "$@"
  finish "$count"
}

# same FILE COUNT: all of its packets have arrived, once and in order.
same() {
  "$WIRETAPE" compare --json "$1" "$again" >"$work/compared" 2>"$work/complaints"
  assert_eq "$name: matched, lost, doubled, extra, reordered" "$2 0 0 0 0" \
    "$(jq -r '[.matched, .lost, .doubled, .extra, .reordered] | join(" ")' "$work/compared")"
}

# planned NS: how long it should have taken, exactly. How long it did take shows that it was paced at
# all: a machine with other things to do may be late by a second.
planned() {
  assert_eq "$name: planned" "$1" "$(sent .proof.planned_ns)"
  assert_eq "$name: took another time than $1 ns" "" "$(sent --argjson planned "$1" '.proof.last_departed_ns |
    select(. < $planned - 1000000 or . > $planned * 1.2 + 2000000000)')"
}
