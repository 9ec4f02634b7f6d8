#!/usr/bin/env bash
# vm: -n igb,e1000e
# What `wiretape stamp caps` says of two NICs is what ethtool says of what they can stamp, and
# hwstamp_ctl of what they are set to: at first, and after each setting that they offer.
. "$VM/lib.sh"
nics=(nic0 nic1)
links_up "${nics[@]}"

# One line of JSON for both NICs. Few processes: each takes its time in here.
caps() {
  "$WIRETAPE" stamp caps --json "${nics[@]}" || fail "stamp caps: exit code $?"
}

# In ethtool's words.
as_ethtool() {
  jq -r '
    {"tx-hardware": "hardware-transmit", "tx-software": "software-transmit",
     "rx-hardware": "hardware-receive", "rx-software": "software-receive",
     "software": "software-system-clock", "sys-hardware": "hardware-legacy-clock",
     "raw-hardware": "hardware-raw-clock"} as $words |
    def lines: map("\t" + .) | .[];
    .interfaces[] | "Time stamping parameters for \(.interface):",
    "Capabilities:", (.so_timestamping | map($words[.] // .) | lines),
    "PTP Hardware Clock: \(.phc_index // "none")",
    "Hardware Transmit Timestamp Modes:", (.tx_types | lines),
    "Hardware Receive Filter Modes:", (.rx_filters | lines)'
}

compare_supported() {
  for nic in "${nics[@]}"; do ethtool -T "$nic"; done >"$work/ethtool"
  caps | as_ethtool >"$work/by-us"
  diff "$work/ethtool" "$work/by-us" || fail "$1: ethtool -T says otherwise"
}

# set_both TX RX: what hwstamp_ctl finds before goes to $work/found, a line for each number.
# Settings of one NIC may be refused by the other.
set_both() {
  local nic
  for nic in "${nics[@]}"; do
    hwstamp_ctl -i "$nic" -t "$1" -r "$2" 2>/dev/null | sed '/new settings/,$d'
  done >>"$work/found"
}

# As hwstamp_ctl shows it, by the numbers of linux/net_tstamp.h.
as_hwstamp_ctl() {
  jq -r '.interfaces[].active | "current settings:",
    "tx_type \(.tx_type as $name | ["off", "on", "onestep-sync", "onestep-p2p"] | index($name))",
    "rx_filter \(.rx_filter as $name | ["none", "all", "some", "ptpv1-l4-event",
      "ptpv1-l4-sync", "ptpv1-l4-delay-req", "ptpv2-l4-event", "ptpv2-l4-sync",
      "ptpv2-l4-delay-req", "ptpv2-l2-event", "ptpv2-l2-sync", "ptpv2-l2-delay-req",
      "ptpv2-event", "ptpv2-sync", "ptpv2-delay-req", "ntp-all"] | index($name))",
    (select(.problem or .flags != 0) | .)'
}

compare_supported "at first"

# All numbers that there are but "some", which cannot be asked for. A driver refuses what it
# does not offer, takes it, or makes something wider of it. What is set is read by both before
# it is replaced.
: >"$work/found"
caps >"$work/caps"
for rx in 12 1 3 4 5 6 7 8 9 10 11 13 14; do
  set_both $((rx % 2)) $rx
  caps >>"$work/caps"
done
set_both 1 0
caps >>"$work/caps"
set_both 0 0
as_hwstamp_ctl <"$work/caps" >"$work/told"
diff "$work/found" "$work/told" || fail "hwstamp_ctl found other settings than stamp caps tells of"
compare_supported "in the end"

jq -r '"set to: " + (.interfaces | map("\(.active.rx_filter)/\(.active.tx_type)") | join(", "))' "$work/caps"
note "$(grep -c current "$work/found") settings were compared"
# That it was a comparison of something.
assert_eq "settings" "30 30" "$(grep -c current "$work/found") $(grep -c current "$work/told")"
assert_eq "each NIC: clock, types, and the filters that it offers and was not set to" \
  '[["nic0",0,["off","on"],[]],["nic1",1,["off","on"],[]]]' \
  "$(jq -sc '. as $all | [(0, 1) as $nic | $all[-1].interfaces[$nic] | [.interface, .phc_index, .tx_types,
    .rx_filters - [$all[].interfaces[$nic].active.rx_filter]]]' "$work/caps")"
