#!/usr/bin/env bash
# Several queues of an interface, each with a thread and files of its own, are one recording: each
# packet is once in all of them together, they begin, go on to the next file and end together, limits
# hold for the sum, and the ledger closes lane by lane and as a sum.
. "$SUPPORT/lib.sh"
need editcap tcpdump
make_link out0 in0
files=$work/files
packets=${PACKETS:-20000} seed=${SEED:-$RANDOM}
RANDOM=$seed
echo "SEED=$seed"

begin_anew() {
  rm -rf "$files" && mkdir "$files"
}

# assert_queues_close NAME QUEUES
assert_queues_close() {
  assert_ledger_closes "$1"
  assert_eq "$1: ledgers of the queues" "$2 true" "$(json '
    def closes: .seen == .written + (.lost | add) and .unattributed == 0 and .waiting == 0;
    "\(.queues | length) \(all(.queues[]; closes)
      and .written == ([.queues[].written] | add) and .seen == ([.queues[].seen] | add)
      and .lost.ring == ([.queues[].lost.ring] | add)
      and .written == ([.files[].packets] | add))"')"
}

# all_numbers FILE...: of all files together, in order.
all_numbers() {
  local file
  for file; do numbers "$file"; done | sort -n
}

# assert_each_once NAME COUNT FILE...
assert_each_once() {
  local name=$1 count=$2
  shift 2
  all_numbers "$@" | cmp -s - <(seq "$count") || fail "$name: not each number from 1 to $count once"
}

# assert_files_agree NAME FILE...
assert_files_agree() {
  local name=$1 file
  shift
  for file; do assert_info_agrees "$name, ${file##*/}" "$file"; done
}

# In turn, so that both get the same.
for layout in inplace compact; do
  begin_anew
  start_recorder -i in0 -w "$files/feed.pcapng" --queues 2 --fanout lb --ring 64MiB --layout $layout --json
  send out0 "$packets" -s $((RANDOM % 2 ? 1400 : 60))
  stop_after "$packets"
  assert_queues_close "lb $layout" 2
  assert_eq "lb $layout: written" "$packets" "$(json .written)"
  assert_eq "lb $layout: each queue" "$((packets / 2)) $((packets / 2))" "$(json '[.queues[].written] | "\(.[0]) \(.[1])"')"
  assert_eq "lb $layout: said" "lb 0 1" "$(json '"\(.interfaces[0].fanout) \(.queues[0].queue) \(.queues[1].queue)"')"
  assert_each_once "lb $layout" "$packets" "$files"/*
  assert_files_agree "lb $layout" "$files"/*
  "$WIRETAPE" cut -q -w "$work/cut.pcapng" "$files/feed.pcapng" || fail "lb $layout: cut of the recording"
  assert_sequences "lb $layout: cut is in order" "$work/cut.pcapng" 1 "$packets"
done

# One flow is one queue's.
begin_anew
start_recorder -i in0 -w "$files/feed.pcapng" --queues 3 --fanout hash --json
send out0 1000
stop_after 1000
assert_queues_close "hash" 3
assert_eq "hash: one queue has all" "[0,0,1000]" "$(json '[.queues[].written] | sort | tostring')"
assert_each_once "hash" 1000 "$files"/*

# Files of as many packets as the queues have together; the same numbers and times.
begin_anew
echo unfinished >"$files/feed_q1_00006.pcapng.part"
start_recorder -i in0 -w "$files/feed.pcapng" --queues 2 --fanout lb -b packets:1000 -c 8000 --json
"$WIRETAPE" generate -i out0 -q -c 12000 -s 200 -p 100000
await_recorder
assert_eq "packets: exit code" 0 "$status"
assert_queues_close "packets" 2
assert_eq "packets: numbers" "7 14" "$(json '[.files[].number] | "\(min) \(max)"')"
assert_eq "packets: written" "8000 packets" "$(json '"\(.written) \(.end)"')"
assert_eq "packets: in the files of each number" "1000 1000 1000 1000 1000 1000 1000 1000" \
  "$(json '.files | group_by(.number) | map([.[].packets] | add | tostring) | join(" ")')"
assert_eq "packets: names that are not of both" "" \
  "$(find "$files" -name '*Z.pcapng' -printf '%f\n' | sed 's/feed_q[01]//' | sort | uniq -u)"
# Not the first: a queue may be ahead.
assert_eq "packets: different numbers" 8000 "$(all_numbers "$files"/*Z.pcapng | uniq | wc -l)"
assert_files_agree "packets" "$files"/*Z.pcapng

# By time and by size, whichever queue is due first.
begin_anew
start_recorder -i in0 -w "$files/feed.pcapng" --queues 2 --fanout lb -b duration:0.3 -b filesize:500 --json
"$WIRETAPE" generate -i out0 -q -c "$packets" -s 200 -p 20000
stop_after "$packets"
assert_queues_close "time and size" 2
assert "time and size: several" test "$(find "$files" -type f | wc -l)" -ge 6
assert_each_once "time and size" "$packets" "$files"/*
assert_eq "time and size: files whose times differ" "" "$(json '
  .files | group_by(.number) | map([.[].path | sub(".*_q[01]"; "")] | unique) | map(select(length > 1)) | join(" ")')"

# Started and stopped at any moment, while packets come as fast as they can.
start_generator out0 -s 100 -p max -c 0
for ((i = 0; i < ${ROUNDS:-6}; i++)); do
  begin_anew
  start_recorder -i in0 -w "$files/feed.pcapng" --queues $((2 + i % 2)) --fanout lb --ring 8MiB --json
  wait_until "the flood goes on" arrived in0 $(($(received in0) + 1 + RANDOM))
  stop_recorder INT
  assert_eq "round $i: exit code" 0 "$status"
  assert_queues_close "round $i" $((2 + i % 2))
  assert_files_agree "round $i" "$files"/*
done
# A limit, to the packet; a time.
for ((i = 0; i < 2; i++)); do
  begin_anew
  start_recorder -i in0 -w "$files/feed.pcapng" --queues 2 --fanout lb --json -c 12345
  await_recorder
  assert_eq "limit: written" "12345 packets" "$(json '"\(.written) \(.end)"')"
  assert_queues_close "limit" 2
done
begin_anew
start_recorder -i in0 -w "$files/feed.pcapng" --queues 2 --fanout lb --json -a duration:0.5
await_recorder
assert_eq "duration: end" duration "$(json .end)"
assert_queues_close "duration" 2
stop_generator

# The machine: what is refused is said, and no reason not to record.
begin_anew
start_recorder -i in0 -w "$files/feed.pcapng" --queues 2 --cpu 0 --fifo 1 --mlock --json
stop_recorder
assert_file_has "$work/err" 'recording in0 to .*feed.pcapng, in 2 queues \(qm\), on CPU 0,0'
assert_eq "machine: CPUs" "0 0" "$(json '"\(.queues[0].cpu) \(.queues[1].cpu)"')"
assert_eq "machine: what was asked for is so, or a note" true "$(json '
  (.fifo_priority == 1 or any(.notes[]; test("SCHED_FIFO"))) and
  (.memory_locked or any(.notes[]; test("lock memory")))')"
start_recorder -i in0 -w "$files/one.pcapng" --queues 1 --cpu 0 --json
stop_recorder
assert "one queue is as without" test -f "$files/one.pcapng"
start_recorder -i in0 -w "$files/auto.pcapng" --queues auto --json
stop_recorder
assert "auto: at least one" test "$(json '.queues | length')" -ge 1

# What makes no sense.
mkfifo "$work/fifo"
begin_anew
refuse() {
  local pattern=$1 code=$2
  shift 2
  timeout 100 "$WIRETAPE" record -i in0 "$@" >"$work/out" 2>"$work/err"
  assert_eq "$*: exit code" "$code" $?
  assert_file_has "$work/err" "$pattern"
}
refuse 'several queues write a file each' 1 -w "$work/fifo" --queues 2
refuse 'several queues write a file each' 1 -w - --queues 2
refuse 'the reader v2 has one queue' 1 -w "$files/x.pcapng" --queues 2 --reader v2
refuse 'the reader recv has one queue' 1 -w "$files/x.pcapng" --queues 2 --reader recv
refuse "neither auto nor a number from 1 to" 2 -w "$files/x.pcapng" --queues 0
refuse "not a list of CPUs" 2 -w "$files/x.pcapng" --cpu 3-1
refuse 'CPU 1023' 1 -w "$files/x.pcapng" --cpu 1023
refuse 'cannot open the directory' 1 -w "$work/nowhere/feed.pcapng" --queues 2
assert_eq "refused: nothing is left" "" "$(ls "$files")"
mkdir "$files/feed_q1.pcapng"
refuse 'feed_q1.pcapng' 1 -w "$files/feed.pcapng" --queues 2
assert_eq "one that cannot begin leaves nothing of the others" feed_q1.pcapng "$(ls "$files")"
