# shellcheck shell=bash
# Shared by the scripts that run in the guest, which source it first. What they leave in
# $RESULTS gets to the machine that started them.
. "$SUPPORT/lib.sh"

# Everything that is measured is printed, also if it is as expected.
note() {
  echo "$*"
}

# links_up NIC...: they run, and hear what is not for them.
links_up() {
  local nic
  for nic; do
    ip link set "$nic" up promisc on
  done
  for nic; do
    wait_until "$nic runs" runs "$nic"
  done
}

# set_stamping NIC TX RX: as another program would (linux/net_tstamp.h has the numbers).
set_stamping() {
  hwstamp_ctl -i "$1" -t "$2" -r "$3" >/dev/null || fail "cannot set $1 to -t $2 -r $3"
}

# assert_stamping WHEN NIC TX RX
assert_stamping() {
  assert_eq "$1: $2" "-t $3 -r $4" \
    "$(hwstamp_ctl -i "$2" | awk '/^tx_type/ {tx = $2} /^rx_filter/ {print "-t", tx, "-r", $2}')"
}

# user_with [CAPABILITY]...: "${as_user[@]}" before a command has an ordinary user run it who has
# these alone, such as net_raw. By its path, for busybox has one of its own in mind.
user_with() {
  local capability inherit=-all ambient=-all
  for capability; do
    inherit=$inherit,+$capability ambient=$ambient,+$capability
  done
  as_user=(/bin/setpriv --reuid 1000 --regid 1000 --clear-groups
    --inh-caps "$inherit" --ambient-caps "$ambient")
}
