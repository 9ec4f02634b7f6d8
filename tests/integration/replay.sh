#!/usr/bin/env bash
# Packets of files are sent again: over a veth, where they are recorded once more and compared,
# and by the simulation, which is exact.
. "$(dirname "$0")/../support/lib.sh"
need editcap tshark

# replay NAME CODE ARGUMENT...: its JSON is in $work/replayed, complaints in $work/complaints.
replay() {
  local name=$1 expected=$2
  shift 2
  timeout 100 "$WIRETAPE" replay --json "$@" >"$work/replayed" 2>"$work/complaints"
  assert_eq "$name: exit code" "$expected" $?
}

said() { jq -c "$1" "$work/replayed"; }

# ---- by the simulation ----

replay "two hours" 0 gen:count=72001,pps=10 -i sim
assert_eq "two hours: the last packet, on the nanosecond" "[7200000000000,7200000000000,0]" \
  "$(said '.proof | [.last_due_ns, .last_departed_ns, .error.max_ns]')"
replay "random gaps" 0 gen:count=50000,gap=20us,gaps=random,seed=3 -i sim
assert_eq "random gaps: all of them, as long as planned" "[50000,0,50000]" \
  "$(said '[.sent, .proof.stretch_ns, .proof.departures]')"
replay "a stall" 4 gen:count=20000,pps=1000 -i sim:stall-at=5s,stall=50ms --tolerance 1ms
assert_eq "a stall: it is reported, and made up for" "[true,0,1]" \
  "$(said '[.proof.over_tolerance >= 49 and .proof.over_tolerance <= 51, .proof.stretch_ns, .machine.interruptions]')"
assert_eq "a stall: the others are undisturbed" 0 "$(said .proof.undisturbed_error.p99_ns)"
replay "a full queue and lost stamps" 0 gen:count=10000,pps=10000 -i sim:full-every=7,lost-every=10
assert_eq "a full queue: nothing is lost" "[10000,10000]" "$(said '[.sent, .proof.departures]')"
assert "a full queue: it is counted" test "$(said .refused)" -gt 0
assert_eq "lost stamps: those packets have their hand-over" "[1000,9000]" \
  "$(said '.proof.sources | [.handover, .software]')"
replay "etf" 0 gen:count=1000,pps=1000 -i sim:qdisc=etf
assert_eq "etf: launch times are kept" '["txtime",0,0]' "$(said '[.pace, .proof.error.max_ns, .proof.dropped]')"
replay "etf, late" 0 gen:count=1000,pps=1000 -i sim:qdisc=etf,stall-at=100ms,stall=20ms
assert_eq "etf, late: sent at once, none dropped" "[1000,0,true]" \
  "$(said '[.sent, .proof.dropped, .late_launches > 0]')"
replay "no qdisc" 1 gen:count=10 -i sim --pace txtime
assert_file_has "$work/complaints" 'ignores launch times'

# ---- over a veth ----

make_link out0 in0
start_recorder -i out0 -w "$work/tape.pcapng" -c 500
send out0 500 --qdisc --pps 20000
await_recorder
for tx in socket ring; do
  start_recorder -i in0 -w "$work/again.pcapng" -c 500 --json
  replay "$tx" 0 "$work/tape.pcapng" -i out0 --tx "$tx"
  await_recorder
  assert_eq "$tx: all are sent, with the driver's stamps" "[500,500]" "$(said '[.sent, .proof.sources.software]')"
  "$WIRETAPE" compare --json "$work/tape.pcapng" "$work/again.pcapng" >"$work/compared" 2>"$work/err"
  assert_eq "$tx: compare" 0 $?
  assert_eq "$tx: matched" 500 "$(jq .matched "$work/compared")"
done
start_recorder -i in0 -w "$work/again.pcapng" -c 1500 --json
replay "pcap, three times, rewritten" 0 "$work/tape.pcapng" -i out0 -t asap --loop 3 \
  -r dst-ip=233.252.0.9 -r dst-port=30001 -r vlan=7
await_recorder
assert_eq "rewritten: what others see" "1500 7	233.252.0.9	30001" "$(tshark -n -r "$work/again.pcapng" \
  -o udp.check_checksum:TRUE -o ip.check_checksum:TRUE -Y 'udp.checksum.status == 1 && ip.checksum.status == 1' \
  -T fields -e vlan.id -e ip.dst -e udp.dstport 2>/dev/null | sort | uniq -c | sed 's/^ *//')"

# A qdisc refuses what is too much. It is sent again, and each stamp stays with its packet.
if tc qdisc add dev out0 root tbf rate 5mbit burst 20kb limit 20kb 2>/dev/null; then
  replay "a full qdisc" 0 gen:count=2000 -t pps:100000 -i out0 --qdisc
  assert_eq "a full qdisc: all are sent, with the driver's stamps" "[2000,2000]" \
    "$(said '[.sent, .proof.sources.software]')"
  assert "a full qdisc: it is counted" test "$(said .refused)" -gt 0
  tc qdisc del dev out0 root
else
  echo "note: no tbf here: a qdisc that is full is not tested"
fi

# ---- what cannot be sent ----

editcap -F pcapng -T rawip "$work/tape.pcapng" "$work/raw.pcapng" 2>/dev/null
replay "another link type" 3 "$work/raw.pcapng" -i out0
assert "another link type: which" test "$(said '.notes | any(test("link type RAW .* cannot be sent on an Ethernet interface"))')" = true
: >"$work/empty"
replay "an empty file" 1 "$work/empty" -i out0
assert_file_has "$work/complaints" 'is empty'
editcap -F pcap "$work/again.pcapng" "$work/again.pcap" 2>/dev/null
head -c 30000 "$work/again.pcap" >"$work/cut.pcap"
replay "a file that is cut off" 0 "$work/cut.pcap" -i out0 -t asap
assert_file_has "$work/complaints" 'warning: .*cut'
replay "no such interface" 1 "$work/tape.pcapng" -i nope0
assert_file_has "$work/complaints" "no interface 'nope0'"
replay "a timing that is none" 2 "$work/tape.pcapng" -i out0 --timing warp:9
replay "a tolerance that nobody keeps" 4 "$work/tape.pcapng" -i out0 --tolerance 1ns
replay "launch times on a veth" 1 "$work/tape.pcapng" -i out0 --pace txtime
assert_file_has "$work/complaints" 'spin needs no'
timeout 100 "$WIRETAPE" replay --check -i out0 >"$work/checked"
assert_eq "check: exit code" 0 $?
