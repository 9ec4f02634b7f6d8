#!/usr/bin/env bash
# vm: -n igb,e1000e
# Recording with --stamp hw switches on the stamping of received packets and puts back what it
# found, however it ends. What is set already is never narrowed, and what another program sets
# meanwhile is left to it. nic0 can stamp PTP packets only, nic1 all.
. "$VM/lib.sh"
links_up nic0 nic1

# both WHEN TX RX TX RX
both() {
  assert_stamping "$1" nic0 "$2" "$3"
  assert_stamping "$1" nic1 "$4" "$5"
}

record_both() {
  start_recorder -i nic0 -i nic1 -w "$work/out.pcapng" --stamp hw --json "$@"
}

# It cannot be put back in silence, nor be narrower than it looks.
degraded() {
  jq -r '.notes[]?' "$work/out" >"$work/degraded"
  assert_file_has "$work/degraded" "$1"
  note "$(grep -m 1 -E -e "$1" "$work/degraded")"
}

# ---- what was off ----

for end in INT TERM HUP; do
  record_both
  both "while it records" 0 12 0 1
  stop_recorder $end
  assert_eq "SIG$end: exit code" 0 "$status"
  both "after SIG$end" 0 0 0 0
done
record_both --autostop duration:1
both "while it records for a second" 0 12 0 1
await_recorder
assert_eq "after a second: exit code" 0 "$status"
both "after a second" 0 0 0 0

# ---- what was on ----

set_stamping nic0 1 4
set_stamping nic1 1 12
record_both
both "while it records beside others" 1 4 1 1
stop_recorder
assert_eq "beside others: exit code" 0 "$status"
both "after it has recorded beside others" 1 4 1 12
degraded '^nic0 stamps only PTP packets in hardware \(rx filter ptpv1-l4-sync\)'

set_stamping nic0 0 12
set_stamping nic1 1 1
record_both
both "while nothing is missing" 0 12 1 1
stop_recorder
both "after nothing was missing" 0 12 1 1

# ---- what others change ----

set_stamping nic0 0 0
set_stamping nic1 0 0
record_both
set_stamping nic0 1 4
set_stamping nic1 0 0
stop_recorder
assert_eq "changed meanwhile: exit code" 0 "$status"
both "changed meanwhile" 1 4 0 0
degraded '^somebody has changed .* nic0 meanwhile, rx filter ptpv2-event -> ptpv1-l4-sync, tx type off -> on;'
degraded '^somebody has changed .* nic1 meanwhile, rx filter all -> none, tx type off -> off;'

# ---- a new name ----

set_stamping nic0 0 0
start_recorder -i nic0 -w "$work/renamed.pcapng" --stamp hw
assert_stamping "while it records under its first name" nic0 0 12
ip link set nic0 name other0
stop_recorder
assert_stamping "after it has got another name" other0 0 0
