#!/usr/bin/env bash
# The disk stalls while packets keep coming: the ring holds them, nothing is lost, and
# the recorder says how close it was.
. "$SUPPORT/lib.sh"
need capinfos editcap mergecap tcpdump tshark
make_link out0 in0
# 28 MB/s.
size=1400 pps=20000
warning='ring of in0 is [0-9]+ % full'
make_disk 1024

# check NAME FILE COUNT: complete, however long the disk took.
check() {
  assert_ledger_closes "$1"
  assert_info_agrees "$1" "$2"
  assert_eq "$1: lost" 0 "$(json '[.lost[]] | add')"
  assert_eq "$1: written" "$3" "$(json .written)"
  assert_eq "$1: packets in the file" "$3" "$(packets "$2")"
  assert_numbers "$1" "$2" "$3"
  if others_complain >"$work/complaints"; then fail "$1: editcap complains: $(cat "$work/complaints")"; fi
}

# assert_numbers NAME FILE COUNT: 1 to COUNT, each once and in order.
assert_numbers() {
  assert_eq "$1: sequence numbers" "$3 $3 0" "$(numbers "$2" |
    awk '{if ($1 != NR) wrong++} END {print NR, $1 + 0, wrong + 0}')"
}

for io in uring pwrite; do
  file=$work/disk/$io.pcapng
  count=70000
  before=$(received in0)
  start_recorder -i in0 -w "$file" --ring 256MiB --io $io --json
  start_generator out0 -s $size -p $pps -c $count
  wait_until "it writes" arrived in0 $((before + 5000))
  freeze 20
  # 2.5 s of them. It answers meanwhile.
  wait_until "packets come meanwhile" arrived in0 $(($(received in0) + pps * 5 / 2))
  : >"$work/err"
  wait_until "it answers while the disk stalls" printed_ledger
  thaw
  wait "$generator" || fail "generate"
  stop_recorder
  assert_eq "$io: exit code" 0 "$status"
  check "$io" "$file" $count
  # The write that waited longest began a block's time after the disk stopped.
  assert "$io: longest write, stalled for $stalled_ms ms" test "$(json '.writes.longest_ns')" -ge 2000000000
  assert "$io: longest write" test "$(json '.writes.longest_ns')" -ge $(((stalled_ms - 500) * 1000000))
  assert "$io: slow writes" test "$(json .writes.slow)" -ge 1
  assert "$io: writes in flight" test "$(json .writes.in_flight_most)" -ge 1
  assert_eq "$io: high water" true "$(json '.ring.high_water_percent > 10 and .ring.high_water_percent < 75')"
  assert_eq "$io: high water's time" true "$(json '.ring.high_water_ns > 0')"
  assert_eq "$io: premature warnings" 0 "$(grep -ciE "$warning" "$work/err")"
  rm "$file"
done

# Somebody is at home meanwhile: a line of numbers each second, and an answer to whoever asks.
file=$work/disk/answers.pcapng
stalled_s=7
start_recorder -i in0 -w "$file" --ring 384MiB --layout compact --stats 1 --json
before=$(received in0)
start_generator out0 -s $size -p $pps -c $((pps * (stalled_s + 2)))
wait_until "it writes" arrived in0 $((before + pps / 2))
freeze 20
lines=0
for second in $(seq $stalled_s); do
  : >"$work/err"
  wait_until "packets come in second $second" arrived in0 $(($(received in0) + pps))
  wait_until "it answers in second $second of the stall" printed_ledger
  lines=$((lines + $(tr -d '\0' <"$work/err" | grep -c 'Mpps.*ring')))
done
assert "a line each second: $lines in $stalled_s s" test "$lines" -ge $((stalled_s - 1))
thaw
wait "$generator" || fail "generate"
stop_recorder
assert_eq "answers: exit code" 0 "$status"
check "answers" "$file" $((pps * (stalled_s + 2)))
rm "$file"

# A ring that it brings close to the brim: the warning comes while there is still time.
file=$work/disk/warned.pcapng
start_recorder -i in0 -w "$file" --ring 128MiB --json
start_generator out0 -s $size -p $pps -c 0
before=$(received in0)
wait_until "it writes" arrived in0 $((before + 5000))
freeze 20
wait_until "it warns" grep -qiE "$warning" "$work/err"
# A disk that is slow to catch up would let the ring run full.
stop_generator
thaw
stop_recorder
assert_eq "warned: exit code" 0 "$status"
check "warned" "$file" "$(json .seen)"
assert_eq "warned: high water" true "$(json '.ring.high_water_percent >= 75')"
assert_eq "warned: how often" 1 "$(grep -ciE "$warning" "$work/err")"
rm "$file"

# Stopped while the disk does: it ends when the disk goes on, with everything.
file=$work/disk/stopped.pcapng
start_recorder -i in0 -w "$file" --ring 256MiB --json
freeze 20
send out0 20000 -s $size -p $pps
kill -INT "$recorder"
thaw
await_recorder
assert_eq "stopped: exit code" 0 "$status"
check "stopped" "$file" 20000
assert_eq "stopped: packets by tshark" 20000 "$(fields "$file" frame.number | wc -l)"
if others_complain; then fail "tshark complains"; fi
