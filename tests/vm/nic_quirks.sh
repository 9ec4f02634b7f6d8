#!/usr/bin/env bash
# What NICs do to packets before anybody sees them: they filter by address, throw away what is
# too long, and go down.
# vm: -n igb,igb,e1000e,virtio-net-pci
. "$VM/lib.sh"
. "$VM/together.sh"
# Not as links_up does it, for they are to filter.
for nic in nic0 nic1 nic2; do ip link set $nic up; done
for nic in nic0 nic1 nic2; do wait_until "$nic runs" runs $nic; done

# ---- addresses ----

promiscuity() {
  local nic
  for nic in nic1 nic2; do ip -d -j link show $nic | jq '.[0].promiscuity'; done | paste -sd ' '
}

# to MAC NUMBER: as many packets.
to() {
  replay "$RESULTS/tape.pcapng" -i nic0 -c "$2" -r dst-mac="$1" --pace sleep -q
  assert_eq "packets to $1: exit code" 0 "$code"
}
"$WIRETAPE" record --reader sim -i sim:count=20,pps=1000 -w "$RESULTS/tape.pcapng" -q || fail "no tape"

# What comes last lets it be known that all before it has come.
begin_recorder own.v3 -p -i nic1 -i nic2
of own.v3 await_recording
to 02:00:00:00:00:99 20
to "$(cat /sys/class/net/nic1/address)" 10
to "$(cat /sys/class/net/nic2/address)" 10
to ff:ff:ff:ff:ff:ff 5
recordings own 30
begin_recorder joined.v3 -p -i nic1 -i nic2 --join 233.252.0.1 udp
of joined.v3 await_recording
send nic0 10 -p 1000
recordings joined 20
begin_recorder all.v3 -i nic1 -i nic2 udp
of all.v3 await_recording
assert_eq "promiscuous meanwhile" "1 1" "$(promiscuity)"
to 02:00:00:00:00:99 20
recordings all 40
assert_eq "promiscuous no more" "0 0" "$(promiscuity)"

# ---- what is too long ----

ip link set nic0 mtu 4000
wait_until "nic0 runs" runs nic0
begin_recorder long.v3 -i nic1 -i nic2
of long.v3 await_recording
send nic0 10 -p 1000
send nic0 7 -p 1000 -s 3000
send nic0 10 -p 1000 --sequence-start 11
recordings long 40
ip link set nic0 mtu 1500

# ---- down ----

wait_until "nic0 runs" runs nic0
for tx in socket ring; do
  begin down.$tx "$WIRETAPE" replay gen:pps=100 -i nic0 --tx $tx --pace sleep --json
done
begin down.qdisc "$WIRETAPE" replay gen:pps=100 -i nic0 --qdisc --pace sleep --json
before=$(received nic1)
# More than the first of them sends while a slow guest starts the last.
wait_until "packets arrive" arrived nic1 $((before + 600))
ip link set nic0 down
finish down.socket down.ring down.qdisc
begin down.start "$WIRETAPE" replay gen:pps=100 -i nic0 --json
finish down.start
begin_recorder down.hw -i nic0 --stamp hw -a duration:1
finish down.hw
note "guest: $SECONDS s"
