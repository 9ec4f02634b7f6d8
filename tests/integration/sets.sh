#!/usr/bin/env bash
# A recording of several queues has files for each, and is one for whoever reads it: by its name or by
# its files, in the order of stamps, with one ledger. Packets are dealt out to the queues in turn.
. "$SUPPORT/lib.sh"
need tcpdump editcap tshark
make_link out0 in0
feed=$work/feed.pcapng

# start OPTION...: two queues.
start() {
  start_recorder -i in0 --queues 2 --fanout lb -w "$feed" --json "$@"
}

# record COUNT OPTION...: MoldUDP64 with numbers from 1 on.
record() {
  local count=$1
  shift
  start "$@"
  send out0 "$count" -p 50000
  stop_after "$count"
}

# exits EXPECTED COMMAND...: its output is in $work/told, its complaints are in $work/err.
exits() {
  local expected=$1 got
  shift
  timeout 100 "$WIRETAPE" "$@" >"$work/told" 2>"$work/err"
  got=$?
  assert_eq "$*: exit code ($(head -n 1 "$work/err"))" "$expected" "$got"
}

# told FILTER: of the JSON object.
told() {
  jq -r "$1" "$work/told"
}

# ---- the name stands for the files ----
record 20000
assert_eq "its files" "feed_q0.pcapng feed_q1.pcapng" "$(cd "$work" && echo feed*)"

for files in "$feed" "$work/feed_q0.pcapng $work/feed_q1.pcapng" "$work/feed_q1.pcapng $work/feed_q0.pcapng"; do
  read -ra list <<<"$files"
  exits 0 info --json "${list[@]}"
  assert_eq "$files: info" "20000 true 1 2" \
    "$(told '"\(.packets) \(.complete) \(.interface_count) \(.lane_count)"')"
  assert_eq "$files: each has half, and its ledger closes" "0 10000 10000 true,1 10000 10000 true" \
    "$(told '[.lanes[] | "\(.lane) \(.packets) \(.seen) \(.ledger_closes)"] | join(",")')"
  assert_eq "$files: so does that of both" "20000 true true" "$(told '.sections[].interfaces[].statistics |
    "\(.ledger.seen) \(.ledger_closes) \(.ledger_matches_file)"')"
  exits 0 cut -q "${list[@]}" -w "$work/cut.pcapng"
  assert_sequences "$files: cut" "$work/cut.pcapng" 1 20000
  exits 0 info --json "$work/cut.pcapng"
  assert_eq "$files: the cut has one interface, in order" "1 0" \
    "$(told '"\(.interface_count) \(.out_of_order)"')"
  exits 0 compare --json "$work/cut.pcapng" "${list[@]}"
  assert_eq "$files: compare" "20000 0" "$(told '"\(.matched) \(.reordered)"')"
  exits 0 check --json "${list[@]}"
  assert_eq "$files: check" "clean 20000 20000 1 0" \
    "$(told '"\(.result) \(.packets) \(.ledger.seen) \(.feed_total.streams) \(.gaps | length)"')"
  exits 0 feeds --json "${list[@]}"
  assert_eq "$files: feeds" "moldudp64 20000" "$(told '"\(.channels[0].preset) \(.packets)"')"
  exits 0 replay --json -q -i sim -t asap "${list[@]}"
  assert_eq "$files: replay" "20000 0" "$(told '"\(.sent) \(.out_of_order)"')"
  exits 0 repair --json "${list[@]}"
  assert_eq "$files: repair" "false false" "$(told .needed_repair | paste -sd ' ')"
done
assert_eq "cut: of which queue each packet is" "2 of 0, 2 of 1" \
  "$(tshark -r "$work/cut.pcapng" -c 4 -T fields -e frame.interface_queue 2>/dev/null | sort | uniq -c |
    awk '{print $1 " of " $2}' | paste -sd , | sed "s|,|, |g")"

# A time with a plus counts from the first packet of both, whichever file is named first.
for list in "$work/feed_q0.pcapng $work/feed_q1.pcapng" "$work/feed_q1.pcapng $work/feed_q0.pcapng"; do
  read -ra list <<<"$list"
  exits 0 cut -q "${list[@]}" --duration 1ns -w "$work/cut.pcapng"
  assert_sequences "from the first packet of both" "$work/cut.pcapng" 1 1
done

# What is there by the name is what is meant.
exits 0 cut -q "$work/feed_q1.pcapng" -w "$feed"
exits 0 info --json "$feed"
assert_eq "a file by the name: packets, lanes" "10000 0" "$(told '"\(.packets) \(.lane_count)"')"
rm "$feed"

# ---- what is not there ----
exits 1 info "$work/nothing.pcapng"
assert_file_has "$work/err" 'nothing.pcapng: cannot open it: No such file'
exits 0 info --json "$work/feed_q1.pcapng"
assert_eq "a file by itself: lanes" "2 1" "$(told '"\(.lane_count) \(.lanes[].lane)"')"
mv "$work/feed_q0.pcapng" "$work/elsewhere.pcapng"
exits 1 info --json "$feed"
assert_eq "a lane is missing: info" "10000 false" "$(told '"\(.packets) \(.complete)"')"
assert_file_has "$work/err" 'feed.pcapng: the recording has 2 lanes, and 1 is here'
exits 3 check --json "$feed"
assert_eq "a lane is missing: check" "loss 1" "$(told '"\(.result) \(.lanes_missing)"')"
assert_eq "a lane is missing: what was lost in it is not known" unknown \
  "$(told '[.gaps[] | select(.event == "gap").verdict] | unique | join(" ")')"
# By other names they are still of one recording.
exits 0 check --json "$work/elsewhere.pcapng" "$work/feed_q1.pcapng"
assert_eq "renamed: check" "clean 1" "$(told '"\(.result) \(.feed_total.streams)"')"
exits 1 check "$work/feed_q1.pcapng" "$work/feed_q1.pcapng"
assert_file_has "$work/err" 'are the same file'

# ---- leftovers of a recording with more queues ----
rm "$work"/feed* "$work/elsewhere.pcapng"
start_recorder -i in0 --queues 4 --fanout lb -w "$feed" --json
send out0 400 -p 50000
stop_after 400
record 1000
exits 0 info --json "$feed"
assert_eq "leftovers: files, packets" "4 1000" "$(find "$work" -name 'feed_q*' | wc -l) $(told .packets)"

# ---- numbered files ----
rm "$work"/feed*
record 20000 -b packets:4000
exits 0 info --json "$feed"
assert_eq "numbered: info" "20000 true 2 true" \
  "$(told '"\(.packets) \(.complete) \(.lane_count) \([.lanes[].ledger_closes] | all)"')"
exits 0 cut -q "$feed" -w "$work/cut.pcapng"
assert_sequences "numbered: cut" "$work/cut.pcapng" 1 20000
exits 0 check --json "$feed"
assert_eq "numbered: check" "clean 20000 1" "$(told '"\(.result) \(.packets) \(.feed_total.streams)"')"
(
  ulimit -Sn 8
  exits 0 cut -q "$feed" -w "$work/cut.pcapng"
)
assert_sequences "with few descriptors: cut" "$work/cut.pcapng" 1 20000
rm "$work"/feed_q1_00002_*
exits 1 info "$feed"
assert_file_has "$work/err" '1 file of lane 1 is not here'
exits 3 check --json "$feed"
assert_eq "a file is missing: check" 1 "$(told .files_missing)"

# ---- a lane that loses packets explains the gaps ----
rm "$work"/feed*
start --ring 1MiB --feed moldudp64@233.252.0.1:26477,name=x --no-join
send out0 1000 -p 50000
wait_until "the recorder has seen them" counted 1000
kill -STOP "$recorder"
wait_until "it stands still" stopped "$recorder"
send out0 40000 -p 200000 --sequence-start 1001
kill -CONT "$recorder"
wait_until "it has emptied its rings" counted 41000
send out0 1000 -p 50000 --sequence-start 41001
stop_after 42000
exits 3 check --json "$feed"
assert_eq "lost: something, and by the ring alone" "true ring" "$(told '"\(.lost_total > 0) \(
  [.gaps[] | select(.event == "gap").verdict] | unique | join(" "))"')"
assert_eq "lost: as many numbers as packets" true "$(told '.lost_total == .feed_total.missing')"

of_stream='.streams[0] | "\(.gaps) \(.missing) \(.gaps_by_verdict.ring)"'
assert_eq "lost: as the recorder has found" "$(json ".feeds | $of_stream")" "$(told "$of_stream")"

# ---- what a crash has left ----
rm "$work"/feed*
start
start_generator out0 -p 50000
wait_until "packets are recorded" counted 20000
kill -KILL "$recorder"
await_recorder 2>/dev/null
stop_generator
exits 1 check --json "$feed"
assert_eq "killed: neither was closed" "broken 0" "$(told '"\(.result) \([.files[] | select(.closed)] | length)"')"
exits 0 repair --json "$feed"
assert_eq "killed: both are repaired" "true true" "$(told .changed | paste -sd ' ')"
kept=$(told .packets | paste -sd +)
exits 0 info --json "$feed"
assert_eq "killed: packets, lanes" "$((kept)) 2" "$(told '"\(.packets) \(.lanes | length)"')"
exits 0 cut -q "$feed" -w "$work/cut.pcapng"
exits 0 info --json "$work/cut.pcapng"
assert_eq "killed: cut, in order" "$((kept)) 0" "$(told '"\(.packets) \(.out_of_order)"')"

exit "$failures"
