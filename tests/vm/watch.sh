#!/usr/bin/env bash
# What changes about a NIC is told by `wiretape stamp watch`, and by a recorder that uses its
# stamps, which writes it into the file and compares the clocks anew.
. "$VM/lib.sh"
links_up nic0 nic1

# ---- watched ----

"$WIRETAPE" stamp watch nic0 --json >"$work/watched" 2>"$work/err" &
watcher=$!
# watched CHANGE TEXT: there is a line that says so.
watched() {
  jq -e --arg change "$1" --arg text "$2" -s 'any(.change == $change and (.text | contains($text)))' \
    "$work/watched" >"$work/found" 2>&1
}
wait_until "it says what stands now" watched now "rx filter none, tx type off, PHC /dev/ptp0"
set_stamping nic0 1 12
wait_until "another program's setting is told" \
  watched stamping "rx filter none -> ptpv2-event, tx type off -> on"
ip link set nic0 down
wait_until "link down is told" watched link-down "link up -> down"
ip link set nic0 up
wait_until "link up is told" watched link-up "link down -> up"
kill -INT "$watcher"
await_end "watch" "$watcher"
assert_eq "watch: exit code" 0 "$status"
jq -r '"\(.utc) \(.change): \(.text)"' "$work/watched"

# ---- recorded ----

set_stamping nic0 0 0
wait_until "nic0 runs again" runs nic0
start_recorder -i nic0 -w "$RESULTS/out.pcapng" --stamp hw --json
said() { grep -qE -e "$1" "$work/err"; }
set_stamping nic0 1 4
wait_until "the recorder tells of another program's setting" \
  said '^wiretape: nic0: rx filter ptpv2-event -> ptpv1-l4-sync, tx type off -> on$'
phc_ctl nic0 adj 3.5 >/dev/null
wait_until "it tells that the clock was set" said 'its clock /dev/ptp0 was set by \+3\.(50|49)'
ip link set nic0 down
wait_until "it tells that the link goes" said 'interface nic0 went down'
ip link set nic0 up
wait_until "it tells that the link is back" said 'interface nic0 is up again'
wait_until "it looks at the link again" said 'nic0: link down -> up'
stop_recorder
assert_eq "record: exit code" 0 "$status"
"$WIRETAPE" stamp cross -n 1 --json nic0 >"$RESULTS/cross.json"

"$WIRETAPE" info --json "$RESULTS/out.pcapng" >"$RESULTS/info.json"
jq '.sections[0].interfaces[0].clock' "$RESULTS/info.json" >"$work/clock"
jq -r '.events[] | "\(.utc) \(.text)"' "$work/clock"
# happened PATTERN: the file says so.
happened() {
  assert_eq "the file says '$1'" true \
    "$(jq --arg pattern "^$1" 'any(.events[]; .text | test($pattern))' "$work/clock")"
}
happened "stamping: rx filter ptpv2-event -> ptpv1-l4-sync, tx type off -> on"
happened "stepped: UTC - PHC by -3[.](50|49)"
happened "link-down: link up -> down"
happened "link-up: link down -> up"
assert_eq "the map began anew with each step" true \
  "$(jq '.steps >= 1 and .map.epochs == .steps + 1' "$work/clock")"
note "$(jq -r '"\(.cross_timestamps) cross timestamps, \(.steps) steps, \(.map.epochs) epochs, right to \(.map.error_most_ns) ns"' "$work/clock")"
# After all that the map is right: a moment later the clocks stand to each other as it says.
note "$(jq -r --slurpfile cross "$RESULTS/cross.json" '(.map.utc_minus_phc_ns + $cross[0].offset_ns)
  | "the last map is off by \(.) ns from a cross timestamp after it"' "$work/clock")"
assert_eq "the last map is right" true "$(jq --slurpfile cross "$RESULTS/cross.json" \
  '.map.utc_minus_phc_ns + $cross[0].offset_ns | fabs < 1e6' "$work/clock")"
