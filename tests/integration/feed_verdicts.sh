#!/usr/bin/env bash
# Whose loss a gap is, for each verdict with gaps in 100 streams or 100 times: all are right while
# recording, and whoever reads the tape afterwards finds the same.
. "$SUPPORT/lib.sh"
need tcpdump
make_link out0 in0
make_link out1 in1
file=$work/file.pcapng
streams=100

# gaps FILE [VERDICT]: its events of gaps, as they stand there.
gaps() {
  grep -E '"event":"(pair_)?gap"' "$1" | grep -E "\"verdict\":\"${2:-}" | sort
}

# follow OPTION...: record, and put down events. A kernel that joins groups would send packets of
# its own, which may be lost, too.
follow() {
  rm -f "$file" "$work/events"
  start_recorder --no-join --events "$work/events" --json -w "$file" "$@"
}

# emit OPTION... INTERFACE...
emit() {
  "$FEED_SEND" -n $streams -p 50000 "$@" || fail "feed_send $*"
}

# find NAME VERDICT COUNT [OPTION]...: what the recording has found is what check finds, and there
# are COUNT gaps of streams, all with this verdict.
find_gaps() {
  local name=$1 verdict=$2 count=$3
  shift 3
  rm -f "$work/checked"
  "$WIRETAPE" check "$@" --events "$work/checked" "$file" >"$work/check.out" 2>&1
  status=$?
  gaps "$work/events" >"$work/gaps.recorded"
  gaps "$work/checked" >"$work/gaps.checked"
  assert_eq "$name: check finds the same" "" \
    "$(diff "$work/gaps.recorded" "$work/gaps.checked" | head -n 4)"
  all_are "$name" "$verdict" "$count" "$work/events"
}

# all_are NAME VERDICT COUNT EVENTS: but for single packets, which the kernel also drops where there is
# room in the ring, while one processor hands a block over and another has the packet.
all_are() {
  grep '"event":"gap"' "$4" | grep -v '"missing":1,.*"verdict":"ring"' >"$work/gaps.streams"
  assert_eq "$1: gaps of streams" "$3" "$(wc -l <"$work/gaps.streams")"
  assert_eq "$1: wrong ones" "" "$(grep -v "\"verdict\":\"$2\"" "$work/gaps.streams" | head -n 3)"
}

# Until it has come to a stop it may still make room in its ring.
stand_still() {
  kill -STOP "$recorder"
  wait_until "the recorder stands still" stopped "$recorder"
}

# all_written COUNT: as many have come, and the ring is empty.
all_written() {
  counted "$1" && ! grep -q 'waiting in the ring' "$work/err"
}

"$FEED_SEND" -n $streams -w "$work/feeds" out0
"$FEED_SEND" -n $streams -w "$work/pairs" out0 out1

# ---- upstream: numbers that were not sent ----
follow -i in0 --feeds "$work/feeds"
emit -c 50 -s 20:3 out0
stop_after $((streams * 47))
find_gaps upstream upstream $streams
assert_eq "upstream: check's exit code" 3 "$status"
assert_eq "upstream: totals" "$((streams * 3))" "$(json .feeds.feed_total.missing_by_verdict.upstream)"
assert_eq "upstream: lines" 20 "$(grep -c 'messages missing from 20: upstream' "$work/err")"
assert_file_has "$work/err" '80 more gaps'

# ---- line: side B lacks what side A has ----
follow -i in0 -i in1 --feeds "$work/pairs"
emit -c 50 -t 20:3 out0 out1
stop_after $((streams * 97))
find_gaps line line $streams
assert_eq "line: no gap of both sides" 0 "$(grep -c '"event":"pair_gap"' "$work/events")"

# ---- late: in another order, within --late ----
follow -i in0 --feeds "$work/feeds"
emit -c 50 -l 20:5 out0
stop_after $((streams * 50))
find_gaps late late $streams
assert_eq "late: check's exit code" 0 "$status"

# ---- ring: the recorder stands still until its ring is full ----
follow -i in0 --feeds "$work/feeds" --ring 256KiB --layout inplace
emit -c 5 out0
wait_until "they are written" all_written $((streams * 5))
stand_still
emit -f 6 -c 100 out0
kill -CONT "$recorder"
wait_until "the ring is empty" all_written $((streams * 105))
emit -f 106 -c 20 -p 5000 out0
stop_after $((streams * 125))
find_gaps ring ring $streams
assert_eq "ring: as many as the ring has lost" "$(json .lost.ring)" \
  "$(json .feeds.feed_total.missing)"

# ---- nic: a counter of the NIC moves ----
rm -f "$file" "$work/events"
"$WIRETAPE" record --reader sim -i sim:pps=50000,count=50001,missed=3@497 -w "$file" --json \
  --feed moldudp64@233.252.0.1:26477,name=sim --events "$work/events" >"$work/out" 2>"$work/err"
find_gaps nic nic 100

# ---- unknown: the interface was down, or gone, in between ----
says() { grep -q -e "$1" "$work/err"; }

for layout in inplace compact; do
  follow -i in0 --feeds "$work/feeds" --layout $layout
  emit -c 20 out0
  ip link set in0 down
  wait_until "it says that in0 is down" says 'in0 went down'
  ip link set in0 up
  wait_until "it says that in0 is up" says 'in0 is up again'
  wait_until "in0 runs" runs in0
  emit -f 31 -c 20 -s 40:2 out0
  stop_after $((streams * 38))
  rm -f "$work/checked"
  "$WIRETAPE" check --events "$work/checked" "$file" >"$work/check.out" 2>&1
  assert_eq "down, $layout: check finds the same" "" \
    "$(diff <(gaps "$work/events") <(gaps "$work/checked") | head -n 4)"
  assert_eq "down, $layout: gaps across it" $streams \
    "$(gaps "$work/events" unknown | grep -c 'the interface was down')"
  assert_eq "down, $layout: gaps that are not" $streams "$(gaps "$work/events" upstream | wc -l)"
done

make_link out2 in2
follow -i in2 --feeds "$work/feeds" --interface-gone wait
emit -c 20 out2
ip link del in2
wait_until "it waits" says 'waiting for in2 to come back'
make_link out2 in2
wait_until "it says that in2 is back" says 'in2 is back, with index'
emit -f 31 -c 20 out2
stop_after $((streams * 40))
find_gaps gone unknown $streams
assert_eq "gone: it says why" $streams \
  "$(gaps "$work/events" | grep -c 'the interface had disappeared')"
ip link del in2

# ---- writer: the disk is full ----
mkdir "$work/disk"
mount -t tmpfs -o size=4m wiretape-test "$work/disk" || skip "cannot mount a tmpfs"
file=$work/disk/file.pcapng
follow -i in0 --feeds "$work/feeds"
emit -c 1000 out0
await_recorder
assert_eq "writer: exit code" 1 "$status"
assert_file_has "$work/err" 'No space left on device'
find_gaps writer writer $streams
assert_eq "writer: all that was seen and is not in the file" "$(json .lost.writer)" \
  "$(json .feeds.feed_total.missing_by_verdict.writer)"
umount "$work/disk"
file=$work/file.pcapng

# ---- unknown: somebody else's file has no ledger ----
rm -f "$file"
tcpdump -i in0 -w "$file" -B 32768 -c $((streams * 47)) 2>"$work/tcpdump.err" &
dumper=$!
wait_until "tcpdump listens" grep -q 'listening on' "$work/tcpdump.err"
emit -c 50 -s 20:3 out0
await_end tcpdump $dumper
"$WIRETAPE" check --feeds "$work/feeds" --events "$work/checked" "$file" >"$work/check.out"
all_are unknown unknown $streams "$work/checked"

# ---- shared: more is missing than the ring has dropped ----
streams=1
"$FEED_SEND" -n 1 -w "$work/feeds" out0
follow -i in0 --feeds "$work/feeds" --ring 256KiB --layout inplace
next=1 # number
came=0
for _ in $(seq 100); do
  "$FEED_SEND" -f $next -c 5 out0
  came=$((came + 5))
  wait_until "they are written" all_written $came
  stand_still
  # The last of what the ring has no room for, and as many again that nobody has sent.
  "$FEED_SEND" -f $((next + 5)) -c 2000 out0
  kill -CONT "$recorder"
  came=$((came + 2000))
  wait_until "the ring is empty" all_written $came
  next=$((next + 5 + 2000 + 10))
done
"$FEED_SEND" -f $next -c 5 out0
stop_after $((came + 5))
find_gaps shared shared 100

# ---- shared: a burst of drops in 100 streams, each of which lacks ten more that nobody has sent ----
streams=100
"$FEED_SEND" -n $streams -w "$work/feeds" out0
follow -i in0 --feeds "$work/feeds" --ring 256KiB --layout inplace
emit -f 1 -c 5 out0
wait_until "they are written" all_written $((streams * 5))
stand_still
emit -f 6 -c 100 out0
kill -CONT "$recorder"
wait_until "the ring is empty" all_written $((streams * 105))
emit -f 116 -c 5 out0
stop_after $((streams * 110))
find_gaps "a burst" shared 100
