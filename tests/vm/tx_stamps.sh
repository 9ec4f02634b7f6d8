#!/usr/bin/env bash
# vm: -n igb,igb,e1000e,virtio-net-pci
# Departures by the stamps of the NIC that sends, and what is said of one that has none.
. "$VM/lib.sh"
links_up nic0 nic1 nic3

# ---- a NIC with stamps ----

# What NICs stamp that they receive is none of a sender's business.
stamping() {
  "$WIRETAPE" stamp caps --json "$1" | jq -r '.interfaces[0].active | "\(.tx_type) \(.rx_filter)"'
}
hwstamp_ctl -i nic0 -r 12 >/dev/null
before=$(stamping nic0)
assert_eq "hwstamp_ctl has set it" "off ptpv2-event" "$before"

# sends NAME OPTION...: from nic0, with the arrivals at nic1 in NAME.pcapng.
sends() {
  local name=$1
  shift
  start_recorder -i nic1 -w "$RESULTS/$name.pcapng"
  replay gen:count=$sent_packets,pps=200 -i nic0 --pace sleep --json --proof "$RESULTS/$name.csv" "$@"
  assert_eq "$name: exit code" 0 "$code"
  cp "$work/sent" "$RESULTS/$name.sent"
  stop_after $sent_packets
}

sources() {
  sent '.proof.sources | "\(.handover) \(.software) \(.hardware)"'
}
sent_packets=40

sends tx_sw --tx-stamp sw
assert_eq "sw: departures" "0 $sent_packets 0" "$(sources)"

sends tx_hw --tx-stamp hw
assert_eq "hw: every departure is in the proof" $sent_packets "$(sent .proof.departures)"
assert "hw: by the NIC" test "$(sent .proof.sources.hardware)" -gt 0
assert_eq "hw: the rest by the driver" 0 "$(sent .proof.sources.handover)"
assert_eq "hw: it was switched on, and put back" "off on true" \
  "$(sent '.interfaces[0].nic_stamps | "\(.tx_type_before) \(.tx_type_set) \(.put_back)"')"
assert_eq "hw: the NIC is as it was" "$before" "$(stamping nic0)"
note "hw: $(sent -c '[.proof.sources, .interfaces[0].nic_stamps]') $(sent '.notes[]')"

replay gen:count=4,pps=200 -i nic0 --tx-stamp auto --json
assert_eq "auto, while it is off: by the driver" "0 4 0" "$(sources)"
hwstamp_ctl -i nic0 -r 12 -t 1 >/dev/null
replay gen:count=4,pps=200 -i nic0 --tx-stamp auto --json
assert "auto, when somebody has switched it on: by the NIC" test "$(sent .proof.sources.hardware)" -gt 0
assert_eq "auto: it stays on" "on ptpv2-event" "$(stamping nic0)"
note "auto, when somebody has switched it on: $(sent -c .proof.sources)"

# ---- a NIC without ----

replay gen:count=4,pps=200 -i nic3 --tx-stamp hw
assert_eq "virtio, hw: exit code" 1 "$code"
assert_file_has "$work/complaints" '^wiretape: nic3 does not stamp sent packets in hardware; --tx-stamp sw goes by '
note "virtio, hw: $(cat "$work/complaints")"
replay gen:count=4,pps=200 -i nic3 --tx-stamp auto --json
assert_eq "virtio, auto: exit code" 0 "$code"
assert_eq "virtio, auto: by the driver" "0 4 0 null" "$(sources) $(sent '.interfaces[0].nic_stamps')"
refused '^wiretape: .*nic3.*hardware' -i nic3 --stamp hw
note "virtio, record: $(cat "$work/err")"
