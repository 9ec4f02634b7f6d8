#!/usr/bin/env bash
# vm: -q old -n e1000e,e1000e
# A NIC that says it stamps everything, and whose clock stands still: nobody believes it.
. "$VM/lib.sh"
links_up nic0 nic1
count=20

# ---- the clock ----

"$WIRETAPE" stamp cross nic1 -n 4 -e 50 --json >"$RESULTS/cross" 2>"$work/err"
assert_eq "cross: exit code" 0 $?
assert_eq "cross: verdicts" "taken frozen frozen frozen" "$(jq -rs 'map(.verdict) | join(" ")' "$RESULTS/cross")"
assert_eq "cross: it shows the same each time" 1 "$(jq -s 'map(.phc_ns) | unique | length' "$RESULTS/cross")"
assert_eq "cross: no rate is claimed" null "$(jq -s 'map(.ppm) | unique | .[]' "$RESULTS/cross")"
"$WIRETAPE" stamp cross nic1 -n 2 -e 50 >"$work/out"
assert_file_has "$work/out" ' frozen$'
note "cross: $(jq -rs 'map(.verdict) | join(" ")' "$RESULTS/cross"), at $(jq -s '.[0].phc_ns / 1e9' "$RESULTS/cross") s"

# ---- the recorder ----

said_so() {
  grep -q 'stands still' "$work/err"
}

# With the stamps and the reader that $name says.
records() {
  launch_recorder -i nic1 --stamp ${name%_*} --reader ${name#*_} --json -w "$RESULTS/$name.pcapng"
  if [ ${name%_*} = hw ]; then wait_until "$name: it notices" said_so; else await_recording; fi
  send nic0 $count
  stop_after $count
  cp "$work/out" "$RESULTS/$name.json"
  assert_ledger_closes "$name"
  note "$name: $(json '.notes[]'); $(jq -c '.interfaces[0].clock' "$work/out")"
}

# said_once PATTERN: among the degraded states.
said_once() {
  assert_eq "$name: a degraded state" 1 "$(jq --arg p "$1" '[.notes[] | select(test($p))] | length' "$work/out")"
}

sources() {
  json '"\(.stamps.hardware) \(.stamps.software) \(.stamps.fallback) \(.stamps_unasked)"'
}

# Who insists on the NIC's stamps is told that they mean nothing.
for name in hw_v3 hw_recv; do
  records
  said_once '^nic1: its clock /dev/ptp[0-9]+ stands still: hardware stamps mean nothing$'
  assert_eq "$name: no packet has a stamp of the NIC" "0 $count 0 $count" "$(sources)"
  assert_eq "$name: nothing is claimed to be known of it" "null null null" \
    "$(json '.interfaces[0].clock | "\(.utc_minus_phc_ns) \(.ppm) \(.error_ns)"')"
  assert_file_has "$work/err" 'nic1: clock /dev/ptp[0-9]+ stands still, by the last of [0-9]+ cross timestamps'
done

# Who does not gets others.
name=auto_v2
records
said_once '^nic1: software stamps only: the clock /dev/ptp[0-9]+ of nic1 stands still'
assert_eq "$name: software stamps" "0 $count 0 0" "$(sources)"
assert_eq "the NIC is as it was" "off none" \
  "$("$WIRETAPE" stamp caps --json nic1 | jq -r '.interfaces[0].active | "\(.tx_type) \(.rx_filter)"')"

# ---- the sender ----

# Told to use the NIC's stamps, it finds out; by itself it uses what is there.
for stamp in auto hw; do
  replay gen:count=$count,pps=500 -i nic0 --tx-stamp $stamp --json
  assert_eq "replay $stamp: exit code" 0 "$code"
  assert_eq "replay $stamp: departures by the driver" "0 $count 0" \
    "$(sent '.proof.sources | "\(.handover) \(.software) \(.hardware)"')"
  note "replay $stamp: $(sent -c .proof.sources)"
done
assert_eq "replay hw: says so" 1 \
  "$(sent '[.notes[] | select(test("^nic0: its clock /dev/ptp[0-9]+ stood still; stamps of that time were not used$"))] | length')"
assert_eq "replay hw: none was believed" "0 null" "$(sent '.interfaces[0].nic_stamps | "\(.used) \(.error_ns)"')"
note "replay hw: $(sent '.notes[]')"
assert_eq "replay hw: put back" off "$("$WIRETAPE" stamp caps --json nic0 | jq -r '.interfaces[0].active.tx_type')"
