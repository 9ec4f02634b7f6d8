#!/usr/bin/env bash
# Launch times, by the qdiscs that keep them: with each, a recording is replayed from nic0,
# and what arrives at nic1 is compared with it.
. "$VM/lib.sh"
links_up nic0 nic1
packets=400

start_recorder -i nic1 -w "$RESULTS/tape.pcapng"
replay gen:count=$packets,pps=200,gaps=random,size=200 -i nic0 --pace sleep --json
assert_eq "the tape: exit code" 0 "$code"
stop_after $packets

undo() {
  tc qdisc del dev nic0 root 2>/dev/null
}

# plays NAME OPTION...: the tape, to NAME.pcapng.
plays() {
  local name=$1
  shift
  start_recorder -i nic1 -w "$RESULTS/$name.pcapng"
  replay "$RESULTS/tape.pcapng" -i nic0 --json --proof "$RESULTS/$name.csv" "$@"
  cp "$work/sent" "$RESULTS/$name.json"
  cat "$work/complaints"
  if [ "$code" != 0 ] && [ "$code" != 4 ]; then fail "$name: exit code $code"; fi
  stop_after "$(sent '.sent - .proof.dropped')"
  "$WIRETAPE" compare "$RESULTS/tape.pcapng" "$RESULTS/$name.pcapng" --json --align median \
    >"$RESULTS/$name.compare.json"
}

# judge NAME: what arrived, and when, beside the run without launch times.
judge() {
  note "$1: $(sent '"\(.sent) sent, \(.late_launches) late, \(.proof.dropped) dropped, by the driver: p50 \(.proof.error.p50_ns) p99 \(.proof.error.p99_ns) ns"'); $(
    jq -r '"arrival: lost \(.lost), reordered \(.reordered), p50 \(.timing.difference.p50_ns) p99 \(.timing.difference.p99_ns) ns"' "$RESULTS/$1.compare.json")"
}

plays spin --pace spin
judge spin
cat "$RESULTS/spin.compare.json" | head -c 1500
"$WIRETAPE" replay --check -i nic0
tc qdisc show dev nic0
tc qdisc replace dev nic0 root etf clockid CLOCK_TAI delta 2000000
plays etf --pace txtime --txtime-lead 20ms
judge etf
tc -s qdisc show dev nic0
tc qdisc replace dev nic0 root fq flow_limit 10000
plays fq --pace txtime --txtime-lead 20ms
judge fq
tc -s qdisc show dev nic0
