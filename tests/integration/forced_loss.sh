#!/usr/bin/env bash
# A ring that is far too small: every frame that is missing is in the books, in the
# report, in the file and, frame by frame, where it went missing. GAPS=200 for more of them.
. "$SUPPORT/lib.sh"
need tshark capinfos
make_link out0 in0
bursts=3 burst=2000 gaps=${GAPS:-20}

# "SEQUENCE DROPCOUNT" of each packet, in decimal. mawk has no strtonum().
drops_by_sequence() {
  fields "$1" udp.payload frame.drop_count | awk -F'\t' '
    function decimal(hex,   i, value) {
      for (i = 1; i <= length(hex); i++)
        value = value * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
      return value
    }
    {print decimal(substr($1, 21, 16)), $2 + 0}'
}

# Of the gaps in front of packets, how many are not what the drop count there says.
misplaced() {
  awk '{if ($1 - last - 1 != $2) wrong++; last = $1} END {print wrong + 0}' "$work/drops"
}

# In order, each at most once.
disordered() {
  awk '$1 <= last {wrong++} {last = $1} END {print wrong + 0}' "$work/drops"
}

# force_loss READER [OPTION]...: the recorder sleeps through bursts. After each it
# gets a few frames that it can take, so that something follows every loss.
force_loss() {
  local reader=$1 file=$work/$1.pcapng sequence=1 i
  shift
  start_recorder --reader "$reader" --ring 64KiB -i in0 -w "$file" --json "$@"
  for ((i = 0; i < bursts; i++)); do
    kill -STOP "$recorder"
    wait_until "the recorder is stopped" stopped "$recorder"
    send out0 $burst --sequence-start $sequence -p max
    sequence=$((sequence + burst))
    : >"$work/err"
    kill -CONT "$recorder"
    await_recording
    wait_until "the recorder has read" grew_quiet "$file"
    send out0 5 --sequence-start $sequence -p 1000
    sequence=$((sequence + 5))
    wait_until "the recorder has read" grew_quiet "$file"
  done
  sent=$((sequence - 1))
  stop_recorder
}

# Its ledger says that nothing waits in the ring.
grew_quiet() {
  : >"$work/err"
  kill -USR1 "$recorder"
  wait_until "it prints the ledger" printed_ledger
  ! grep -q 'waiting in the ring' "$work/err"
}

check_books() {
  local reader=$1 file=$work/$1.pcapng lost
  assert_ledger_closes "$reader"
  assert_info_agrees "$reader" "$file"
  lost=$(json .lost.ring)
  assert "$reader: something was lost" test "$lost" -gt 0
  assert_eq "$reader: seen" "$sent" "$(json .seen)"
  assert_eq "$reader: written" "$(packets "$file")" "$(json .written)"
  assert_eq "$reader: nothing else lost" "0 0" "$(json '"\(.lost.writer) \(.lost.malformed)"')"
  assert_eq "$reader: losses in the file" "$lost $lost" "$("$WIRETAPE" info --json "$file" |
    jq -r '.sections[0].interfaces[0].statistics | "\(.osdrop) \(.ledger["lost.ring"])"')"
  drops_by_sequence "$file" >"$work/drops"
  assert_eq "$reader: packets out of order" 0 "$(disordered)"
  assert_eq "$reader: missing numbers" "$lost" $((sent - $(wc -l <"$work/drops")))
  assert_eq "$reader: sum of drop counts" "$lost" "$(awk '{sum += $2} END {print sum}' "$work/drops")"
  assert_eq "$reader: last packet" "$sent" "$(tail -n 1 "$work/drops" | cut -d ' ' -f 1)"
  assert_eq "$reader: gaps whose drop count is wrong" 0 "$(misplaced)"
}

for reader in v3 v2 recv; do
  force_loss $reader
  assert_eq "$reader: exit code" 0 "$status"
  check_books $reader
done

# more_arrive COUNT: without a pause, which would be too long.
more_arrive() {
  local target=$(($(received in0) + $1)) deadline=$((SECONDS + 100))
  until arrived in0 $target; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
  done
}

# How often the recorder has gone to sleep, which is after it has read what there was.
sleeps() { sed -n 's/^voluntary_ctxt_switches:\t//p' "/proc/$recorder/status"; }
slept_since() { [ "$(sleeps)" -gt "$1" ]; }

# interrupt READER LAYOUT: the recorder is stopped again and again while packets keep coming. Each
# gap is told by the very packet after it.
interrupt() {
  local reader=$1 file=$work/interrupted.pcapng i slept
  start_recorder --reader "$reader" --layout "$2" --ring 64KiB -i in0 -w "$file" --json
  start_generator out0 -c 0 -p 50000
  for ((i = 0; i < gaps; i++)); do
    kill -STOP "$recorder"
    wait_until "the recorder is stopped" stopped "$recorder"
    assert "packets arrive" more_arrive 1000
    slept=$(sleeps)
    kill -CONT "$recorder"
    wait_until "the recorder has read" slept_since "$slept"
    assert "packets arrive" more_arrive 500
  done
  stop_generator
  stop_recorder
  assert_ledger_closes "$reader $2, interrupted"
  drops_by_sequence "$file" >"$work/drops"
  assert "$reader $2, interrupted: as many gaps" test "$(grep -vc ' 0$' "$work/drops")" -ge "$gaps"
  assert_eq "$reader $2, interrupted: gaps whose drop count is wrong" 0 "$(misplaced)"
}

interrupt v3 inplace
interrupt v3 compact
interrupt v2 compact
interrupt recv compact

force_loss v3 --fail-on-loss
assert_eq "exit code with --fail-on-loss" 3 "$status"

start_recorder -i in0 -w "$work/fine.pcapng" --fail-on-loss
send out0 10
stop_recorder
assert_eq "exit code with --fail-on-loss and no loss" 0 "$status"

# Lost after the last packet: no packet can say so, the statistics do.
start_recorder --reader v2 --ring 64KiB -i in0 -w "$work/tail.pcapng" --json
kill -STOP "$recorder"
send out0 2000 -p max
kill -INT "$recorder"
kill -CONT "$recorder"
await_recorder
assert_ledger_closes "loss at the end"
assert_eq "loss at the end: seen" 2000 "$(json .seen)"
assert_eq "loss at the end: written" "$(packets "$work/tail.pcapng")" "$(json .written)"
assert_eq "loss at the end: in the statistics" "$(json .lost.ring)" "$("$WIRETAPE" info --json \
  "$work/tail.pcapng" | jq '.sections[0].interfaces[0].statistics.osdrop')"
