#!/usr/bin/env bash
# Which packets of which files are sent again, and when.
. "$SUPPORT/lib.sh"
. "$SUPPORT/resend.sh"
need tshark capinfos editcap mergecap tcpdump
make_tape

# select_packets FILTER NAME: those packets of the tape that Wireshark lets through, and their number.
select_packets() {
  tshark -n -r "$tape" -Y "$1" -w "$work/$2.pcapng" 2>"$work/other.err" || fail "tshark: $1"
  selected=$(packets "$work/$2.pcapng")
}

# ---- when ----

resend "speed" 400 -t speed:2 "$tape"
same "$tape" 400
planned "$((lasts / 2))"
resend "slower" 400 -t speed:0.5 "$tape"
planned "$((lasts * 2))"
resend "packets per second" 400 -t pps:2000 "$tape"
same "$tape" 400
planned 199500000
resend "a gap" 400 -t gap:300us "$tape"
planned 119700000
resend "gaps at most" 400 --max-gap 100us "$tape"
same "$tape" 400
assert "$name: gaps were shortened" test "$(sent .gaps_capped)" -ge 2
assert "$name: planned" test "$(sent .proof.planned_ns)" -le 39900000

resend "three times" 1200 -l 3 -t asap "$tape"
mergecap -a -w "$work/three.pcapng" "$tape" "$tape" "$tape"
same "$work/three.pcapng" 1200
assert_eq "$name: loops" 3 "$(sent .loops)"
resend "three times, with gaps" 1200 -l 3 -t gap:50us "$tape"
planned 59950000
resend "until there are enough" 1000 -l 0 -c 1000 -t asap "$tape"

# ---- which packets ----

editcap -r "$tape" "$work/first.pcapng" 1-10
resend "count" 10 -c 10 "$tape"
same "$work/first.pcapng" 10
select_packets 'frame.len > 1000' large
resend "filter" 50 -f 'greater 1000' -t asap "$tape"
same "$work/large.pcapng" 50
editcap -r "$tape" "$work/twenty.pcapng" 100-119
fields "$tape" frame.time_epoch frame.time_relative >"$work/tape.times"
mapfile -t epochs < <(cut -f 1 "$work/tape.times")
mapfile -t offsets < <(cut -f 2 "$work/tape.times")
resend "from and to" 20 --from "${epochs[99]}" --to "${epochs[119]}" -t asap "$tape"
same "$work/twenty.pcapng" 20
resend "from and to, from the first on" 20 --from "+${offsets[99]}" --to "+${offsets[119]}" "$tape"
same "$work/twenty.pcapng" 20
lasts_ns=$((10#${offsets[119]/./} - 10#${offsets[99]/./}))
printf -v seconds '%d.%09d' $((lasts_ns / 1000000000)) $((lasts_ns % 1000000000))
resend "from, and for how long" 20 --from "+${offsets[99]}" --duration "$seconds" "$tape"
same "$work/twenty.pcapng" 20

# ---- kinds of files ----

some=(1-10 31-40 101-180 390-399)
editcap -r "$tape" "$work/some.pcapng" "${some[@]}" 2>"$work/other.err"
editcap -F nsecpcap "$tape" "$work/others.pcap" "${some[@]}" 2>"$work/other.err"
resend "two files" 400 "$work/others.pcap" "$work/some.pcapng"
same "$tape" 400
planned "$lasts"
assert_eq "$name: packets of each" "290 110" "$(sent '[.files[].packets] | join(" ")')"
editcap -F nsecpcap "$tape" "$work/ns.pcap" 2>"$work/other.err"
resend "pcap, ns" 400 "$work/ns.pcap"
same "$tape" 400
planned "$lasts"
editcap -F pcap "$tape" "$work/us.pcap" 2>"$work/other.err"
resend "pcap, us" 400 "$work/us.pcap"
same "$tape" 400
planned "$(fields "$work/us.pcap" frame.time_relative | tail -n 1 | tr -d . | sed 's/^0*//')"
resend "standard input" 400 -t asap - <"$tape"
same "$tape" 400
resend "a pipe" 400 -t asap - < <(cat "$work/us.pcap")
same "$tape" 400
resend "a pipe beside a file" 400 -t asap - "$work/some.pcapng" < <(cat "$work/others.pcap")
same "$tape" 400

# what_came COUNT: at least so many packets have arrived.
what_came() {
  [ "$(awk '$1 == "in0:" { print $3 }' /proc/net/dev)" -ge "$1" ]
}

# A writer that goes on: what it has given is sent, and a signal ends the wait for more.
mkfifo "$work/live"
for signal in TERM INT; do
  name="a live pipe, $signal"
  start_recorder -i in0 -w "$again" --json
  before=$(awk '$1 == "in0:" { print $3 }' /proc/net/dev)
  exec {live}<>"$work/live"
  "$WIRETAPE" replay -q --json -i out0 --cpu "$cpu" -t pps:10000 "$work/live" >"$work/sent" 2>"$work/complaints" & player=$!
  cat "$tape" >&"$live"
  wait_until "$name: all of it arrives" what_came $((before + 400))
  kill -$signal $player
  wait $player
  code=$?
  exec {live}>&-
  finish 400
  assert_eq "$name: stopped" true "$(sent .stopped)"
  same "$tape" 400
done
# Before anybody writes, a signal ends it as well.
name="a pipe that nobody writes to"
"$WIRETAPE" replay -q --json -i out0 "$work/live" >"$work/sent" 2>"$work/complaints" & player=$!
# shellcheck disable=SC2317 # called by wait_until
waits_for_pipe() { grep -qs live <(ls -l /proc/$player/fd 2>/dev/null); }
wait_until "$name: it is open" waits_for_pipe
kill -TERM $player
wait $player
assert_eq "$name: sent" "true 0" "$(sent '"\(.stopped) \(.sent)"')"

# Nor is anything sent, or waited for, while libpcap compiles for minutes.
minutes=$(for ((i = 0; i < 1500; i++)); do printf 'host 198.51.%d.%d or ' $((i / 250)) $((i % 250 + 1)); done)
# shellcheck disable=SC2317 # called by wait_until
compiles() { local tasks=("/proc/$player/task/"*); [ ${#tasks[@]} -ge 2 ]; }
# shellcheck disable=SC2317
has_ended() { ! kill -0 $player 2>/dev/null; }
for signal in TERM INT; do
  name="a filter that takes minutes, $signal"
  "$WIRETAPE" replay -q --json -i out0 "$tape" -f "${minutes}arp" >"$work/sent" 2>"$work/complaints" & player=$!
  wait_until "$name: it is compiled" compiles
  kill -$signal $player
  wait_until "$name: it ends" has_ended || kill -KILL $player
  wait $player
  assert_eq "$name: sent" "true 0" "$(sent '"\(.stopped) \(.sent)"')"
done

resend "made on the spot" 50 gen:size=100,count=50,pps=2000
planned 24500000
assert_sequences "$name" "$again" 1 50

# ---- a time to start at ----

# ns FRACTION: of seconds with six or nine decimals.
ns() {
  local decimals=${1#*.}000
  echo "${1%.*}${decimals:0:9}"
}

# first_arrival: in ns since 1970.
first_arrival() {
  ns "$(tcpdump_reads "$again" -c 1 -tt --time-stamp-precision=nano 2>/dev/null | cut -d ' ' -f 1)"
}

# starts_at NS: the first has come then, or was late. The kernel's clocks are read one after the other
# and may be set meanwhile.
starts_at() {
  local first
  first=$(first_arrival)
  assert_eq "$name: start, to a ms" "$((($1 + 500000) / 1000000))" "$(sent '.start_ns / 1000000 | round')"
  assert "$name: first arrival" test "$first" -ge $(($1 - 5000000))
  assert "$name: first arrival" test "$first" -le $(($1 + 2000000000))
}

before=$(ns "$EPOCHREALTIME")
resend "start in a second" 10 -c 10 --start-at +1 "$tape"
starts_at "$(sent .start_ns)"
assert "$name: a second from now" test "$(first_arrival)" -ge $((before + 1000000000))

# Far enough ahead for a program that starts slowly.
name="start at a time"
start_recorder -i in0 -w "$again" --json
at=$((${EPOCHREALTIME%.*} + 3))
replay -i out0 --cpu "$cpu" --json -c 10 --start-at "$(date -u -d @$at +%Y-%m-%dT%H:%M:%S.25)" "$tape"
finish 10
starts_at ${at}250000000

name="start at a TAI time"
offset=$("$WIRETAPE" replay --check -i out0 --json | jq '(.tai_offset_ns // 0) / 1000000000')
start_recorder -i in0 -w "$again" --json
at=$((${EPOCHREALTIME%.*} + 3))
replay -i out0 --cpu "$cpu" --json -c 10 --start-at tai:$((at + offset)) "$tape"
finish 10
starts_at ${at}000000000

for past in 2001-09-09T01:46:40 1000000000 tai:1000000000 "$(date -u -d '1 second ago' +%Y-%m-%dT%H:%M:%S)"; do
  replay -i out0 --start-at "$past" "$tape"
  assert_eq "start in the past, $past: exit code" 1 "$code"
  assert_file_has "$work/complaints" 'the time to start at was [0-9.]+ s ago .*; name a later one'
  assert_eq "start in the past, $past: nothing else is said" 1 "$(wc -l <"$work/complaints")"
done

# ---- the processor is taken away ----

"$WIRETAPE" replay gen:count=100,pps=1000 -i sim:stall-at=10ms,stall=5ms 2>"$work/complaints"
assert_file_has "$work/complaints" 'the machine took the processor away 1 times, 5.0 ms in all'
assert_file_has "$work/complaints" 'with --fifo 50 other programs do not take it away'
"$WIRETAPE" replay gen:count=100,pps=1000 -i sim 2>"$work/complaints"
assert_eq "nothing was taken: nothing is said of --fifo" "" "$(grep -e --fifo "$work/complaints")"
