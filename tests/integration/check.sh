#!/usr/bin/env bash
# check: whether a recording is sound, whether its books close, and whose loss it was; of tapes and
# of other people's files.
. "$SUPPORT/lib.sh"
make_link out0 in0
group=233.252.0.1 port=26477
feed=moldudp64@$group:$port,name=itch

# check EXIT ARGUMENT...: its report is in $work/report, its complaints in $work/complaints.
check() {
  local expected=$1
  shift
  timeout 100 "$WIRETAPE" check "$@" >"$work/report" 2>"$work/complaints"
  code=$?
  assert_eq "check $*: exit code ($(cat "$work/complaints"))" "$expected" "$code"
}

# found FILTER: of the report as JSON.
found() {
  jq -r "$1" "$work/report"
}

# says WHAT FILTER EXPECTED
says() {
  assert_eq "$1" "$3" "$(found "$2")"
}

# The books of every stream are right, and all numbers are whole ones.
sound_json() {
  says "$1: expected is received and missing" \
    'all(.streams[]; .expected == .received + .missing and .missing <= .missed)' true
  says "$1: a gap's numbers" 'all(.gaps[]; .missing <= .end - .first)' true
  says "$1: whole numbers" '[.. | numbers] | all(. == floor)' true
}

# record FILE OPTION... -- COMMAND...: what the command sends is in the file when this returns.
record() {
  local file=$1 options=()
  shift
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  start_recorder -i in0 -w "$file" "${options[@]}"
  "$@"
  stop_recorder
  assert_eq "recording $file: exit code" 0 "$status"
}

# bursts FIRST:COUNT...: numbers on their way, in order.
bursts() {
  local burst
  for burst; do send out0 "${burst#*:}" --sequence-start "${burst%:*}" -p 5000; done
}

# ---- a clean tape ----

record "$work/clean.pcapng" -- bursts 1:500
check 0 "$work/clean.pcapng" --feed "$feed"
assert_file_has "$work/report" '^clean: 1 file, 500 packets'
assert_file_has "$work/report" 'seen 500 = written 500 \+ lost 0: closes'
check 0 --json --feed "$feed" "$work/clean.pcapng"
sound_json clean
says "clean: result" .result clean
says "clean: stream" '.streams[0] | "\(.name) \(.side) \(.expected) \(.received) \(.missing)"' \
  'itch A 500 500 0'
says "clean: interface" '.streams[0].interface' in0
says "clean: ledger" '.ledger | "\(.seen) \(.written) \(.closes) \(.matches_files)"' '500 500 true true'
says "clean: feeds" .feeds told
check 0 "$work/clean.pcapng"
assert_file_has "$work/report" 'recognised, not told'
check 0 --json --no-feeds "$work/clean.pcapng"
says "without feeds" '"\(.feeds) \(.streams | length)"' 'null 0'
check 0 --json --feed "$feed" - <"$work/clean.pcapng"
says "standard input" '.streams[0].received' 500
mkfifo "$work/pipe"
cat "$work/clean.pcapng" >"$work/pipe" &
check 0 --json --feed "$feed" "$work/pipe"
says "a pipe" '.streams[0].received' 500
check 0 --json --feed "moldudp64@239.9.9.9:1,name=quiet" "$work/clean.pcapng"
says "a channel of which nothing came" '"\(.silent_channels) \(.streams | length)"' '1 0'

# ---- numbers that were not sent ----

record "$work/skipped.pcapng" -- bursts 1:100 121:80
check 3 --json --feed "$feed" "$work/skipped.pcapng"
sound_json skipped
says "skipped: result" .result loss
says "skipped: gap" '.gaps[0] | "\(.verdict) \(.first) \(.end) \(.missing)"' 'upstream 101 121 20'
says "skipped: nothing was lost here" .lost_total 0
check 3 "$work/skipped.pcapng" --feed "$feed"
assert_file_has "$work/report" '^loss: 1 gap in the streams \(upstream 1\), 20 numbers missing'
check 3 --events - --feed "$feed" "$work/skipped.pcapng"
assert_eq "events: a gap" 1 "$(jq -c 'select(.event == "gap")' "$work/report" | wc -l)"
assert_file_has "$work/complaints" '^loss: '
check 3 --events "$work/events" --feed "$feed" --json "$work/skipped.pcapng"
assert_eq "events: as in the report" "$(found '.gaps[0] | tojson')" \
  "$(jq -r 'select(.event == "gap") | tojson' "$work/events")"

# More gaps than are listed.
mapfile -t every_other < <(seq -f '%.0f:1' 1 2 61)
record "$work/many.pcapng" -- bursts "${every_other[@]}"
check 3 "$work/many.pcapng" --feed "$feed"
assert_file_has "$work/report" '10 more: --gaps or --json has all'
check 3 --gaps "$work/many.pcapng" --feed "$feed"
assert_eq "--gaps lists all" 30 "$(grep -c 'upstream (' "$work/report")"
check 3 --json "$work/many.pcapng" --feed "$feed"
says "all gaps" '.gaps | length' 30

# ---- a ring that overflows ----

overflow() {
  kill -STOP "$recorder"
  wait_until "the recorder is stopped" stopped "$recorder"
  bursts 1:3000
  kill -CONT "$recorder"
  wait_until "the recorder has read" counted 3000
  bursts 3001:10
  wait_until "the recorder has all" counted 3010
}

record "$work/ring.pcapng" --ring 64KiB -- overflow
check 3 --json --feed "$feed" "$work/ring.pcapng"
sound_json ring
assert "ring: something was lost" test "$(found .lost_total)" -gt 0
says "ring: the ledger closes" .ledger.closes true
says "ring: verdicts" '[.gaps[].verdict] | unique | join(" ")' ring
says "ring: as many as the ledger says" '([.gaps[].missing] | add) == .ledger.lost.ring' true

# ---- as while recording ----

# both_sides FROM: a hundred numbers, of which either side lacks some.
all_sent=0
both_sides() {
  local group_b=233.252.0.2 from=$1
  send out0 40 --sequence-start "$from" -p 5000
  send out0 40 --sequence-start $((from + 60)) -p 5000
  send out1 90 --sequence-start "$from" -p 5000 --group $group_b
  all_sent=$((all_sent + 170))
}

make_link out1 in1
other=233.252.0.2
both="moldudp64@A=$group:$port,B=$other:$port,name=itch"
start_recorder -i in0 -i in1 --ring 64KiB -w "$work/both.pcapng" -b packets:150 --feed "$both" \
  --no-join --events "$work/live"
both_sides 1
both_sides 101
kill -STOP "$recorder"
wait_until "the recorder is stopped" stopped "$recorder"
send out0 3000 --sequence-start 201 -p max
send out1 3000 --sequence-start 201 -p max --group $other
kill -CONT "$recorder"
wait_until "the recorder has read" counted $((all_sent + 6000))
both_sides 3201
wait_until "the recorder has all" counted $((all_sent + 6000))
both_sides 3301
stop_after $((all_sent + 6000))
check 3 --events "$work/later" "$work"/both_*.pcapng
assert_file_has "$work/report" 'as the recorder was told'
assert_file_has "$work/report" \
  '^loss: .* gaps in the streams .* numbers missing; on all sides of a channel: [0-9]+ gaps?, [0-9]+ numbers?; in '
assert "as while recording" test -s "$work/live"
assert "as while recording" diff "$work/live" "$work/later"
assert "some were ours" grep -q '"verdict":"ring"' "$work/later"
assert "some were the line's" grep -q '"line":' "$work/later"

# Through a pipe, and into a file from one.
start_recorder -i in0 -w - --feed "$feed" --no-join
bursts 1:50 61:50
stop_after 100
mv "$work/out" "$work/stream.pcapng"
for input in "$work/stream.pcapng" -; do
  check 3 --json --feed "$feed" "$input" <"$work/stream.pcapng"
  says "a stream: verdict" '.gaps[0].verdict' upstream
  says "a stream: ledger" '"\(.ledger.closes) \(.ledger.matches_files) \(.files[0].closed)"' \
    'true true true'
done
check 3 --json "$work/stream.pcapng"
says "a stream: feeds" .feeds tape
check 0 - <"$work/stream.pcapng"
assert_file_has "$work/report" 'cannot be looked at twice'

# ---- interrupted ----

mkfifo "$work/slow"
"$WIRETAPE" check --json --feed "$feed" "$work/slow" >"$work/report" 2>"$work/complaints" &
checker=$!
exec {slow}>"$work/slow"
cat "$work/stream.pcapng" >&$slow
has_read() {
  [ "$(awk '/^rchar:/ {print $2}' "/proc/$checker/io")" -ge "$(stat -c %s "$work/stream.pcapng")" ] &&
    grep -q '^State:.S' "/proc/$checker/status"
}
wait_until "it has read what there is" has_read
kill -INT $checker
await_end "check" $checker
exec {slow}>&-
assert_eq "interrupted: exit code" 1 "$status"
says "interrupted" '"\(.result) \(.streams[0].received)"' 'interrupted 100'

# ---- other people's files ----

need editcap
for format in pcap nsecpcap pcapng; do
  editcap -F $format "$work/skipped.pcapng" "$work/foreign.$format"
  check 3 --json --feed "$feed" "$work/foreign.$format"
  sound_json "$format"
  says "$format: verdict" '.gaps[0].verdict' unknown
  says "$format: no ledger" '"\(.ledger) \(.files[0].has_ledger)"' 'null false'
done
check 3 "$work/foreign.pcap" --feed "$feed"
assert_file_has "$work/report" 'no ledger: verdicts are unknown'
check 3 "$work/foreign.pcap"
assert_file_has "$work/report" 'recognised, not told'

# bytes HEX...: of files made by hand.
bytes() {
  printf '%b' "$(tr -d ' \n' <<<"$*" | sed 's/../\\x&/g')"
}

# le32 NUMBER
le32() {
  printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}

be32() {
  printf '%08x' "$1"
}

# datagram NUMBER: a MoldUDP64 packet with a message of four bytes, in UDP to port 5000.
datagram() {
  printf '13881388%04x0000' 34
  printf '57495245544150452020%016x000100046d736721' "$1"
}

ipv4() {
  printf '4500%04x00004000ff110000c0000201ef010101%s' 54 "$(datagram "$1")"
}

ipv6() {
  printf '60000000%04x11ff20010db8000000000000000000000001ff150000000000000000000000000001%s' \
    34 "$(datagram "$1")"
}

# by_hand ORDER LINK_TYPE HEADER NETWORK FILE: numbers 1 to 5 and 8 to 9, a second apart.
by_hand() {
  local order=$1 link_type=$2 header=$3 network=$4 file=$5 number hex frame length
  case $order in
    le32) bytes "d4c3b2a1 02000400 00000000 00000000 00000400 $(le32 "$link_type")" >"$file" ;;
    *) bytes "a1b2c3d4 00020004 00000000 00000000 00040000 $(be32 "$link_type")" >"$file" ;;
  esac
  for number in 1 2 3 4 5 8 9; do
    frame=$header$("$network" "$number")
    length=$((${#frame} / 2))
    hex=$($order $((1700000000 + number)))$($order 0)$($order $length)$($order $length)
    bytes "$hex$frame" >>"$file"
  done
}

ethernet=01005e0101010200000000010800
by_hand le32 1 $ethernet ipv4 "$work/ethernet.pcap"
by_hand be32 1 $ethernet ipv4 "$work/swapped.pcap"
by_hand le32 1 ${ethernet%0800}810000640800 ipv4 "$work/vlan.pcap"
by_hand le32 1 ${ethernet%0800}88a8006481000065 ipv4 "$work/cut_vlan.pcap"
by_hand le32 1 ${ethernet%0800}88a80064810000650800 ipv4 "$work/qinq.pcap"
by_hand le32 101 '' ipv4 "$work/raw.pcap"
by_hand le32 276 0800000000000002000100060200000000010000 ipv4 "$work/sll2.pcap"
by_hand le32 1 ${ethernet%0800}86dd ipv6 "$work/ipv6.pcap"
for name in ethernet swapped vlan qinq raw sll2 ipv6; do
  address=239.1.1.1:5000
  if [ $name = ipv6 ]; then address='[ff15::1]:5000'; fi
  check 3 --json --feed "moldudp64@$address,name=x" "$work/$name.pcap"
  sound_json "$name"
  says "$name" '.streams[0] | "\(.expected) \(.received) \(.missing)"' '9 7 2'
  says "$name: gap" '.gaps[0] | "\(.first) \(.end) \(.verdict)"' '6 8 unknown'
done
check 0 --json --feed "moldudp64@239.1.1.1:5000,name=x" "$work/cut_vlan.pcap"
says "what is no IP" '.streams | length' 0

# Rotated files of others, in any order.
editcap -c 60 "$work/skipped.pcapng" "$work/others.pcapng"
mapfile -t backwards < <(printf '%s\n' "$work"/others_*.pcapng | tac)
check 3 --json --feed "$feed" "${backwards[@]}"
says "files of others are one stream" '[.streams[] | "\(.expected) \(.missing)"] | join(",")' '200 20'

# ---- broken files ----

head -c 20000 "$work/clean.pcapng" >"$work/cut.pcapng"
check 1 --json --feed "$feed" "$work/cut.pcapng"
says "cut off: result" '"\(.result) \(.files[0].complete)"' 'broken false'
assert "cut off: what is there counts" test "$(found '.streams[0].received')" -gt 0
check 1 "$work/cut.pcapng" --feed "$feed"
assert_file_has "$work/report" '^broken: 1 file cannot be read to its end'
check 1 "$work/absent" "$work/clean.pcapng" --feed "$feed"
assert_file_has "$work/report" 'No such file'
echo nonsense >"$work/nonsense"
check 1 "$work/nonsense"
: >"$work/empty"
check 1 "$work/empty"
mkdir "$work/folder"
check 1 "$work/folder"
# A byte of the ledger: it does not close any more.
sed 's/lost.ring=0/lost.ring=7/g' "$work/clean.pcapng" >"$work/wrong.pcapng"
check 1 --json "$work/wrong.pcapng"
says "a ledger that does not close" .ledger.closes false
assert_eq "complaints are in words" "" "$(grep -i 'errno\|assert' "$work/complaints")"

# ---- several files ----

record "$work/set.pcapng" -b packets:50 -- bursts 1:120 131:60
files=("$work"/set_*.pcapng)
assert_eq "files" 4 ${#files[@]}
check 3 --json --feed "$feed" "${files[3]}" "${files[1]}" "${files[0]}" "${files[2]}"
sound_json set
says "set: one stream" '[.streams[] | "\(.expected) \(.received)"] | join(",")' '190 180'
says "set: its gap" '[.gaps[] | "\(.verdict) \(.first) \(.end)"] | join(",")' 'upstream 121 131'
says "set: sums of the ledgers" '.ledger | "\(.seen) \(.interfaces[0].files)"' '180 4'
check 3 --json --feed "$feed" "${files[0]}" "${files[3]}" "${files[1]}"
says "a file that is not there" '"\(.files_missing) \(.files[2].files_missing_before)"' '1 1'
says "a file that is not there: verdict" '.gaps[0] | "\(.verdict) \(.first) \(.end)"' 'unknown 101 161'
check 3 "${files[0]}" "${files[3]}" "${files[1]}" --feed "$feed"
assert_file_has "$work/report" '1 file of this recording before .*set_00004.* is not here'
cp "${files[0]}" "$work/copy.pcapng"
check 1 "${files[0]}" "$work/copy.pcapng" --feed "$feed"
assert_file_has "$work/complaints" 'are the same file of a recording'

# ---- two days ----

check 0 --json --feed "$feed" --state "$work/state" "${files[0]}" "${files[1]}"
says "first day" '"\(.state.found) \(.state.saved)"' 'false true'
check 3 --json --feed "$feed" --state "$work/state" "${files[2]}" "${files[3]}"
says "second day: it goes on" '"\(.state.found) \(.files_missing)"' 'true 0'
says "second day: only what is missing" '[.gaps[] | "\(.first) \(.end)"] | join(",")' '121 131'
cp "$work/state" "$work/state.before"
check 1 --feed "$feed" --state "$work/state" "${files[3]}"
assert_file_has "$work/complaints" 'is in the state already'
check 1 --feed "$feed" --state "$work/state" "$work/cut.pcapng"
assert "what is broken leaves the state as it was" cmp "$work/state" "$work/state.before"
head -c 100 "$work/state.before" >"$work/state.cut"
check 1 --feed "$feed" --state "$work/state.cut" "$work/clean.pcapng"
assert_file_has "$work/complaints" "state '.*state.cut'"
echo rubbish >"$work/state.rubbish"
check 1 --feed "$feed" --state "$work/state.rubbish" "$work/clean.pcapng"

check 1 --state "$work/state" "$work/clean.pcapng"
assert_file_has "$work/complaints" 'recognised have other names'
check 1 --state "$work/state" "$work/cut_vlan.pcap"
assert_file_has "$work/complaints" 'no channel to follow'
assert "and the state is as it was" cmp "$work/state" "$work/state.before"

# ---- two sides, of two interfaces ----

start_recorder -i in0 -w "$work/a.pcapng"
first_recorder=$recorder
start_recorder -i in1 -w "$work/b.pcapng"
for ((i = 0; i < 10; i++)); do
  from=$((i * 30 + 1))
  if [ $i = 4 ]; then bursts $from:10 $((from + 15)):15; else bursts $from:30; fi
  if [ $i = 6 ]; then
    send out1 20 --sequence-start $from -p 5000 --group $other
  else
    send out1 30 --sequence-start $from -p 5000 --group $other
  fi
done
stop_recorder
recorder=$first_recorder
stop_recorder
check 3 --json --feed "$both" "$work/a.pcapng" "$work/b.pcapng"
sound_json sides
says "sides: nothing is missing on both" \
  '.channels[0] | "\(.expected) \(.received) \(.missing) \(.gaps)"' '300 300 0 0'
says "sides: whose" '[.gaps[] | select(.verdict != "late") | "\(.side) \(.verdict) \(.missing)"] |
  sort | join(",")' 'A line 5,B line 10'
says "sides: who was first" '.channels[0] | .won_a + .won_b + .tied' 285
says "sides: leads" '.channels[0].lead | .min_ns <= .p50_ns and .p50_ns <= .max_ns' true
check 3 --json --feed "$both" "$work/b.pcapng" "$work/a.pcapng"
says "sides: in any order" '[.gaps[] | select(.verdict != "late") | "\(.side) \(.missing)"] |
  sort | join(",")' 'A 5,B 10'

# ---- a recorder that was killed ----

start_recorder -i in0 -w "$work/killed.pcapng"
bursts 1:300
wait_until "the recorder has read" counted 300
wait_until "something is written" test -s "$work/killed.pcapng"
{
  kill -KILL "$recorder"
  await_recorder
} 2>/dev/null
check 1 --feed "$feed" "$work/killed.pcapng"
assert_file_has "$work/report" 'not closed'
"$WIRETAPE" repair "$work/killed.pcapng" >/dev/null 2>&1
check 1 --json --feed "$feed" "$work/killed.pcapng"
says "killed and repaired: it can be read" '"\(.files[0].complete) \(.files[0].closed)"' 'true null'

# ---- wrong command lines ----

check 2
check 2 --no-feeds --feed "$feed" "$work/clean.pcapng"
check 2 --late nonsense "$work/clean.pcapng"
check 2 --feed nonsense@1.2.3.4:5 "$work/clean.pcapng"
assert_file_has "$work/complaints" 'nonsense'
check 2 - - <"$work/clean.pcapng"
check 2 --json --events - "$work/clean.pcapng"
