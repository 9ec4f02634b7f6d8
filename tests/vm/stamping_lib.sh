# shellcheck shell=bash
# Shared by the scripts about stamping that more than one recorder has switched on.
. "$VM/lib.sh"
links_up nic0 nic1
state=/run/wiretape
files=0

# both WHEN TX RX TX RX
both() {
  assert_stamping "$1" nic0 "$2" "$3"
  assert_stamping "$1" nic1 "$4" "$5"
}

record_both() {
  files=$((files + 1))
  start_recorder -i nic0 -i nic1 -w "$work/out$files.pcapng" --stamp hw
}

# Nothing is left to be put back.
assert_forgotten() {
  assert_eq "$1: bytes that are remembered" 0 "$(cat $state/* | wc -c)"
}
