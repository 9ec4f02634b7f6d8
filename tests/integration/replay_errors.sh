#!/usr/bin/env bash
# What replay says to those who are wrong, when files are, when the interface goes, and when it is
# stopped: the thing, the reason and the way out.
. "$SUPPORT/lib.sh"
need tshark capinfos editcap mergecap setpriv
tape=$work/tape.pcapng
make_link out0 in0
start_recorder -i in0 -w "$tape" --json
send out0 300 -p 3000
stop_after 300

# refuses PATTERN CODE ARGUMENT...: an error like PATTERN, and nothing on standard output. A wrong
# command line is told with where to find help, anything else in a single line.
refuses() {
  local pattern=$1 expected=$2
  shift 2
  replay "$@"
  assert_eq "$*: exit code" "$expected" "$code"
  assert_file_has "$work/complaints" "^wiretape[a-z ]*: .*$pattern"
  assert_eq "$*: standard output" "" "$(cat "$work/sent")"
  if [ "$expected" = 2 ]; then
    assert_file_has "$work/complaints" "^Try 'wiretape replay --help'.$"
  else
    assert_eq "$*: lines" 1 "$(wc -l <"$work/complaints")"
  fi
}

# comes_to CODE NAME SENT ARGUMENT...
comes_to() {
  local expected=$1 count=$3
  name=$2
  shift 3
  replay -i out0 -t gap:10us --json "$@"
  assert_eq "$name: exit code" "$expected" "$code"
  assert_eq "$name: sent" "$count" "$(sent .sent)"
}
runs_through() { comes_to 0 "$@"; }

# ---- interfaces ----

refuses "no interface 'nix0'; there are: .*out0" 1 -i nix0 "$tape"
refuses "no interface ''" 1 -i '' "$tape"
refuses "no interface 'a-name-that-is-far-too-long'" 1 -i a-name-that-is-far-too-long "$tape"
ip link add down0 type veth peer name down1
refuses "interface 'down0' is down; bring it up: ip link set down0 up" 1 -i down0 "$tape"
ip link set down0 up
refuses "interface 'down0' has no carrier; plug in the cable, or bring up the other end" 1 -i down0 "$tape"
# Also of several, before anything is sent.
before=$(received in0)
refuses "'down0' has no carrier" 1 -i out0 -m eth7=down0 "$tape"
assert_eq "nothing was sent" "$before" "$(received in0)"
refuses 'its interface in0 \(number 0\) go nowhere; .*--map in0=IFACE.*--map in0=-.*-i' 1 -m eth7=out0 "$tape"
refuses 'no interface was given to send on; .*-i' 1 -m in0=- "$tape"
refuses 'a simulated interface is the only one' 1 -i sim -m in0=out0 "$tape"
"$WIRETAPE" replay -i sim -m in1=- -t asap -q "$tape" 2>"$work/complaints"
assert_eq "beside a simulated interface packets can be left out: exit code" 0 $?
setpriv --no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all -- \
  "$WIRETAPE" replay -i out0 "$tape" >"$work/sent" 2>"$work/complaints"
assert_eq "no permission: exit code" 1 $?
assert_file_has "$work/complaints" 'no permission to send raw packets \(CAP_NET_RAW\); .*setcap'
refuses "has no qdisc.*tc qdisc replace dev out0 root fq.*--pace spin needs no launch times" 1 \
  -i out0 --pace txtime "$tape"
refuses 'as fast as possible there are no launch times' 1 -i out0 --pace txtime -t asap "$tape"
refuses '--pace txtime takes --tx socket' 1 -i out0 --pace txtime --tx ring "$tape"

# ---- files ----

refuses "absent: cannot open it: No such file" 1 -i out0 "$work/absent"
refuses "absent: cannot open it: No such file" 1 -i out0 "$tape" "$work/absent"
refuses "Is a directory|not a file|directory" 1 -i out0 "$work"
: >"$work/empty"
refuses "empty: the file is empty" 1 -i out0 "$work/empty"
echo "this is no capture file" >"$work/text"
refuses "text: neither pcapng nor pcap: .*'editcap -F pcapng'" 1 -i out0 "$work/text"
editcap -T ieee-802-11 "$tape" "$work/wlan.pcapng" 2>"$work/other.err"
editcap -C 14 -L -T rawip "$tape" "$work/raw.pcapng" 2>"$work/other.err"
refuses "standard input can be read only once; put it in a file" 1 -i out0 -l 2 - <"$tape"
refuses "filter 'port': .*syntax error" 1 -i out0 -f port "$tape"

# says PATTERN: beside the JSON.
says() {
  assert_file_has "$work/complaints" "$1"
}

editcap -F nsecpcap "$tape" "$work/ns.pcap" 2>"$work/other.err"
bytes=$(stat -c %s "$work/ns.pcap")
head -c $((bytes - 10)) "$work/ns.pcap" >"$work/short.pcap"
runs_through "cut off" 299 "$work/short.pcap"
says 'warning: .*short.pcap: the file is cut off .*: 299; what is before was sent$'
assert_eq "$name: JSON" "true null" "$(sent '.files[0] | "\(.cut_off) \(.problem)"')"
# Which chunks are whole before the cut is a matter of when the recorder was given blocks.
head -c 10000 "$tape" >"$work/short.pcapng"
name="a recording, cut off"
replay -i out0 -t gap:10us --json "$work/short.pcapng"
assert_eq "$name: exit code" "$([ "$(sent .sent)" = 0 ] && echo 3 || echo 0)" "$code"
assert "$name: sent" test "$(sent .sent)" -lt 50
says 'warning: .*short.pcapng: [0-9]+ packets are missing .*wiretape repair'
assert "$name: JSON" test "$(sent '.files[0].missing_packets')" -gt 0
# Behind packet 185, each of which takes 16 + 200 bytes.
(head -c 39984 "$work/ns.pcap" && head -c 3000 /dev/zero | tr '\0' '\377') >"$work/broken.pcap"
name="broken"
replay -i out0 -t gap:10us --json "$work/broken.pcap"
assert_eq "$name: exit code" 1 "$code"
says 'broken.pcap: .*; only what is before was sent$'
assert_eq "$name: what was sent" "185 true false" \
  "$(sent '"\(.sent) \(.files[0] | "\(.problem != null) \(.cut_off)")"')"
comes_to 3 "another link type" 0 "$work/wlan.pcapng"
says 'warning: nothing was sent: of 300 packets read, .*: 300 of a link type that cannot be sent there$'
assert_eq "$name: counted" 300 "$(sent .skipped.link_type)"
assert_eq "$name: the note" 1 "$(sent '.notes[]' | grep -Ec 'wlan.pcapng: packets of its interface in0 .number 0. have link type IEEE802_11 .105. and cannot be sent on an Ethernet interface; .*--map 0=- or --filter$')"
comes_to 3 "bare IP" 0 "$work/raw.pcapng"
assert_eq "$name: the note" 1 "$(sent '.notes[]' | grep -Ec 'RAW .101. .*UDP payloads with --to$')"
mergecap -w "$work/mixed.pcapng" "$tape" "$work/wlan.pcapng"
comes_to 3 "another link type beside Ethernet" 300 "$work/mixed.pcapng"
says 'warning: of 600 packets read not all were sent: 300 of a link type'
runs_through "the same, allowed" 300 --allow-skipped "$work/mixed.pcapng"
assert_eq "$name: nothing is said" 0 "$(wc -c <"$work/complaints")"
comes_to 3 "nothing passes the filter" 0 -f tcp "$tape"
says 'warning: nothing was sent: no packet passes .*--filter'
comes_to 3 "nothing in the range" 0 --from +3600 "$tape"
says 'warning: nothing was sent: .*--from'
comes_to 3 "all left out" 0 --allow-skipped -m in0=- "$tape"
says 'warning: nothing was sent: of 300 packets read, all were left out: 300 left out by --map'
assert_eq "$name: JSON" 300 "$(sent .skipped.unmapped)"

# ---- packets that cannot be sent as they are ----

# two hundred bytes each, cut to 90.
editcap -s 90 "$tape" "$work/cut.pcapng" 2>"$work/other.err"
make_again() {
  start_recorder -i in0 -w "$work/again.pcapng" --json
  runs_through "$@"
  stop_after "$2"
}
make_again "cut by the capture" 300 "$work/cut.pcapng"
assert_eq "$name: padded" "300 0" "$(sent '"\(.padded) \(.truncated)"')"
assert_eq "$name: arrived" 200 "$(fields "$work/again.pcapng" frame.len | sort -u)"
assert_eq "$name: with zeros" 1 "$(fields "$work/again.pcapng" udp.payload | cut -c 97- | tr -d 0 | sort -u | wc -l)"
make_again "cut, as they are" 300 --truncated cut "$work/cut.pcapng"
assert_eq "$name: cut" "0 300" "$(sent '"\(.padded) \(.truncated)"')"
assert_eq "$name: arrived" 90 "$(fields "$work/again.pcapng" frame.len | sort -u)"
comes_to 3 "cut, left out" 0 --truncated skip "$work/cut.pcapng"
assert_eq "$name: counted" 300 "$(sent .skipped.truncated)"
replay -i out0 --truncated skip "$work/cut.pcapng"
says '^  300 not sent: cut by the capture$'

editcap -s 10 "$tape" "$work/tiny.pcapng" 2>"$work/other.err"
mergecap -a -w "$work/some_tiny.pcapng" "$tape" "$work/tiny.pcapng"
comes_to 3 "too short" 300 --truncated cut "$work/some_tiny.pcapng"
assert_eq "$name: counted" 300 "$(sent .skipped.too_short)"
ip link set out0 mtu 1000
ip link set in0 mtu 1000
send out0 50 -s 1014 -p max
ip link add large0 type veth peer name large1
ip link set large0 mtu 9000 up
ip link set large1 mtu 9000 up
wait_until "large0 runs" runs large0
wait_until "large1 runs" runs large1
start_recorder -i large1 -w "$work/large.pcapng" --json
send large0 20 -s 1014
send large0 20 -s 1015
# A tag is not counted as the MTU's: only with one there are four bytes more.
send large0 20 -s 1018
stop_after 60
comes_to 3 "too large" 20 "$work/large.pcapng"
assert_eq "$name: counted" 40 "$(sent .skipped.too_large)"
comes_to 3 "a tag does not count" 20 -r vlan=7 "$work/large.pcapng"
assert_eq "$name: counted" 40 "$(sent .skipped.too_large)"
replay -i out0 "$work/large.pcapng"
says '^  40 not sent: too large for the interface$'
assert_eq "too large: exit code" 3 "$code"
replay -i out0 -q "$work/large.pcapng"
assert_eq "too large, quiet" "3 1" "$code $(wc -l <"$work/complaints")"
says '^wiretape: warning: of 60 packets read not all were sent: 40 too large for the interface$'
replay -i out0 -q --allow-skipped "$work/large.pcapng"
assert_eq "too large, allowed" "0 0" "$code $(wc -c <"$work/complaints")"

# The kernel gives the four bytes of a tag to 802.1Q alone.
stacked=$(printf '%s' '01 00 5e 7c 00 01 02 00 00 00 00 01 TYPE 00 05 08 00')
for type in '81 00' '88 a8'; do
  { printf '0000 %s' "${stacked/TYPE/$type}"; for ((i = 0; i < 1000; i++)); do printf ' 00'; done; echo; } >>"$work/tags.txt"
done
text2pcap -q "$work/tags.txt" "$work/tags.pcap" >"$work/other.err" 2>&1
for tx in socket ring; do
  comes_to 3 "full-size frames with tags, $tx" 1 --tx $tx "$work/tags.pcap"
  assert_eq "$name: counted" "1 1018" "$(sent '"\(.skipped.too_large) \(.sent_bytes)"')"
done

# ---- several interfaces ----

make_link out1 in1
start_recorder -i in0 -w "$work/zero.pcapng" -i in1 -w "$work/one.pcapng" -q
send out0 30
send out1 20
wait_until "all have come" counted 50
stop_recorder
mergecap -w "$work/both.pcapng" "$work/zero.pcapng" "$work/one.pcapng"
# crosses NAME OPTION...: what had come in on in0 goes to in1, and the other way round.
crosses() {
  name=$1
  shift
  start_recorder -i in0 -w "$work/zero_again.pcapng" -i in1 -w "$work/one_again.pcapng" -q
  replay --json -t gap:10us "$work/both.pcapng" "$@"
  assert_eq "$name: exit code" 0 "$code"
  assert_eq "$name: sent" "out1 30 out0 20" \
    "$(sent '[.interfaces | sort_by(-.sent)[] | "\(.interface) \(.sent)"] | join(" ")')"
  wait_until "all have come" counted 50
  stop_recorder
  for pair in zero:one one:zero; do
    "$WIRETAPE" compare -q "$work/${pair%:*}.pcapng" "$work/${pair#*:}_again.pcapng" ||
      fail "$name: $pair: others have come"
  done
}
crosses "mapped by name" -m in0=out1 -m in1=out0
crosses "mapped by number" -m 0=out1 -m 1=out0
crosses "mapped, and the others" -m in0=out1 -i out0
crosses "mapped, through rings" -m in0=out1 -m in1=out0 --tx ring
crosses "mapped, as fast as possible" -m in0=out1 -m in1=out0 -t asap
name="one left out"
replay --json -t gap:10us -m in0=out1 -m in1=- "$work/both.pcapng"
assert_eq "$name" "0 30 20" "$code $(sent '"\(.sent) \(.skipped.unmapped)"')"

# ---- values that make no sense ----

while read -r option values; do
  for bad in $values; do
    refuses ".*'${bad//[+*.]/.}'" 2 -i out0 "$option" "${bad/EMPTY/}" "$tape"
  done
done <<'EOT'
--timing nonsense speed speed:0 speed:-1 speed:x pps:0 pps:1e99 gap:5parsec gap:0 delta:x delta:1us,idle=x asap:1
--pace nonsense spinn
--tx nonsense sim
--tolerance 0 x 5parsec -1ms
--max-gap 0 x
--lead x -5us
--txtime-lead 0 x
--map nonsense =out0 in0=
--start-at yesterday tai:+5 +x 2026-13-01T00:00:00
--from yesterday
--duration 0 -1 x
--count 0 -1 x
--loop -1 x
--truncated nonsense
--buffer 0 x
--cpu -1 x 99999
--fifo 0 100 x
--rewrite nonsense vlan=4095 src-ip=nonsense dst-port=0 mac=02:00:00:00:00:01 src-mac=02:00
EOT
refuses 'what to send\? Name a FILE' 2 -i out0
refuses 'where to\? Name the interface with -i' 2 "$tape"
refuses 'which interface to check\? -i IFACE' 2 --check
refuses "standard input can be read only once" 2 -i out0 - - <"$tape"
refuses "--to and --duration both say where to end" 2 -i out0 --to +5 --duration 5 "$tape"
refuses "leave out --tolerance" 2 -i out0 -t asap --tolerance 1ms "$tape"
refuses "leave out --proof" 2 -i out0 -t asap --proof "$work/proof.csv" "$tape"
refuses "'gen:count=5' cannot be mixed with files" 2 -i out0 gen:count=5 "$tape"
refuses "no option '--nonsense'" 2 --nonsense
refuses "map: it needs a value, FROM=IFACE" 2 -i out0 "$tape" --map
refuses 'cannot run on CPU 999: there is none' 1 -i out0 --cpu 999 "$tape"
assert "no proof was left behind" test ! -e "$work/proof.csv"

# ---- what it offers ----

replay --check -i out0
assert_eq "check: exit code" 0 "$code"
assert_file_has "$work/sent" '^out0$'
assert_file_has "$work/sent" '^  link +up, driver veth, MTU 1000'
assert_file_has "$work/sent" '^--pace auto takes spin: '
assert_eq "check: nothing else is said" "" "$(cat "$work/complaints")"
replay --check -i out0 --json
assert_eq "check, JSON" "0 out0 no-qdisc spin" "$code $(sent '"\(.interface) \(.launch.verdict) \(.auto.pace)"')"
refuses "no interface 'nix0'" 1 --check -i nix0

# ---- tolerances ----

replay -i out0 --tolerance 1ns --json "$tape"
assert_eq "a tolerance that is missed: exit code" 4 "$code"
assert "a tolerance that is missed: reported" test "$(sent .proof.over_tolerance)" -gt 0
assert_eq "a tolerance that is missed: in JSON" 1 "$(sent .proof.tolerance_ns)"
replay -i out0 --tolerance 10s -q "$tape"
assert_eq "a tolerance that is kept" "0 0" "$code $(cat "$work/sent" "$work/complaints" | wc -c)"
replay -i out0 "$tape"
assert_eq "no tolerance" 0 "$code"

# No stamp is waited for as long as the first.
replay -i sim:lost-every=1 gen:count=2000,pps=1000 --json
assert_eq "stamps that never come" "0 2000 2000" "$code $(sent '"\(.sent) \(.proof.sources.handover)"')"

# ---- nowhere to write ----

for argument in --help "--check -i out0" "--check --json -i out0" "-i out0 -t asap --json $tape"; do
  # shellcheck disable=SC2086
  timeout 100 "$WIRETAPE" replay $argument >/dev/full 2>"$work/complaints"
  assert_eq "$argument, a full disk: exit code" 1 $?
  says '^wiretape: cannot write to standard output: (No space left on device|not all was written)$'
done
replay -i out0 --json --proof /dev/full "$tape"
assert_eq "proof, a full disk: exit code" 1 "$code"
says "^wiretape: cannot write the proof to '/dev/full': No space left on device$"
assert_eq "proof, a full disk: all are sent" 300 "$(sent .sent)"
refuses "absent/proof" 1 -i out0 --proof "$work/absent/proof" "$tape"

# ---- stopped ----

# start ARGUMENT...: in the background, as $sender; it has come to $moment, which is sending or
# waiting.
start() {
  local before
  before=$(received in0)
  "$WIRETAPE" replay --buffer 256KiB --json "$@" >"$work/sent" 2>"$work/complaints" &
  sender=$!
  sends() { ended "$sender" || [ "$(received in0)" -gt $((before + 20)) ]; }
  wait_until "packets come" sends
}

catches_signals() { catches "$sender" INT; }

for signal in INT TERM; do
  name="stopped by SIG$signal"
  arrived=$(received in0)
  start -i out0 -l 0 -t pps:1000 --proof "$work/proof.csv" "$tape"
  kill -$signal "$sender"
  await_end "$name" "$sender"
  assert_eq "$name: exit code" 0 "$status"
  assert_eq "$name: said" "true 0" "$(sent .stopped) $(wc -c <"$work/complaints")"
  sent=$(sent .sent)
  assert_eq "$name: all that was sent has come" "$sent" $(($(received in0) - arrived))
  assert_eq "$name: all that was sent is in the proof" "$sent $sent $((sent - 1))" \
    "$(sent .proof.departures) $(tail -n +2 "$work/proof.csv" | wc -l) $(tail -n 1 "$work/proof.csv" | cut -d , -f 1)"
done

name="stopped before it begins"
"$WIRETAPE" replay --json -i out0 --start-at +60 "$tape" >"$work/sent" 2>"$work/complaints" &
sender=$!
wait_until "it waits" catches_signals
before=$SECONDS
kill -INT "$sender"
await_end "$name" "$sender"
assert_eq "$name" "0 0 true 0" "$status $(sent '"\(.sent) \(.stopped)"') $(wc -c <"$work/complaints")"
assert "$name: at once" test $((SECONDS - before)) -lt 30

# ---- the interface goes ----

# gone NAME PATTERN COMMAND...: in the middle; what was sent until then is reported.
gone() {
  local pattern=$2 arrived
  name=$1
  arrived=$(received in0)
  shift 2
  start -i out0 -l 0 -t pps:1000 "${options[@]}" --proof "$work/proof.csv" "$tape"
  "$@"
  await_end "$name" "$sender"
  assert_eq "$name: exit code" 1 "$status"
  says "^wiretape[a-z ]*: .*$pattern"
  assert "$name: what was sent is reported" test "$(sent .sent)" -gt 20
  assert_eq "$name: and proved" "$(sent .sent)" "$(tail -n +2 "$work/proof.csv" | wc -l)"
  # A qdisc says nothing of what it throws away.
  [ "${options[*]}" = --qdisc ] || ! [ -e /proc/sys/net/ipv4/conf/in0 ] ||
    assert_eq "$name: and is what has come" $(($(received in0) - arrived)) "$(sent .sent)"
  assert_eq "$name: nobody has stopped it" false "$(sent .stopped)"
}
# What is too large from then on is left out, and the others go on.
for tx in socket ring; do
  name="the MTU falls, $tx"
  start -i out0 -l 0 -c 2000 -t pps:2000 --tx $tx --proof "$work/proof.csv" "$tape"
  ip link set out0 mtu 150
  await_end "$name" "$sender"
  assert_eq "$name: exit code" 3 "$status"
  says 'packets read not all were sent: [0-9]+ refused by the kernel as too large'
  assert "$name: counted" test "$(sent .undone)" -gt 0
  assert_eq "$name: nothing else is missing" 2000 "$(sent '.sent + .undone')"
  assert_eq "$name: what was sent" "$(sent .sent) $(($(sent .sent) * 200))" \
    "$(tail -n +2 "$work/proof.csv" | wc -l) $(sent .sent_bytes)"
  ip link set out0 mtu 1000
done
back_up() {
  ip link set out0 up
  ip link set in0 up
  wait_until "out0 runs" runs out0
  wait_until "in0 runs" runs in0
}
options=()
gone "down" "interface 'out0' went down while sending" ip link set out0 down
back_up
gone "the other end is down" "interface 'out0' has refused every packet for a second; see whether its other end is up" \
  ip link set in0 down
back_up
options=(--qdisc)
gone "without carrier, through the qdisc" "interface 'out0' lost its carrier while sending; plug in the cable" \
  ip link set in0 down
back_up
options=(--tx ring)
gone "down, from a ring" "interface 'out0' (went down|vanished) while sending" ip link set out0 down
back_up
gone "the other end is down, from a ring" "interface 'out0' has refused every packet for a second" \
  ip link set in0 down
back_up
options=()
# Veth devices go down before they vanish.
gone "vanished" "interface 'out0' (went down|vanished) while sending" ip link del out0
