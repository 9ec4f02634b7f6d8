#!/usr/bin/env bash
# NICs take VLAN tags out of packets, or leave them in: they are recorded with their tags.
# vm: -n igb,igb,e1000e,virtio-net-pci
. "$VM/lib.sh"
. "$VM/together.sh"
links_up nic0 nic1 nic2

# With priority only, with a tag of the provider's, and with two.
ip link add link nic0 name five type vlan id 5
ip link add link nic0 name zero type vlan id 0
ip link add link nic0 name seven type vlan proto 802.1ad id 7
ip link add link seven name both type vlan id 9
for link in five zero seven both; do ip link set $link up; done

# round OFFLOAD READER...: the NICs' rxvlan is on or off.
round() {
  local offload=$1 reader nic link name first=1 names=()
  shift
  for nic in nic1 nic2; do ethtool -K $nic rxvlan "$offload" >/dev/null; done
  for nic in nic1 nic2; do wait_until "$nic runs" runs $nic; done
  assert_eq "rxvlan" "rx-vlan-offload: $offload" \
    "$(for nic in nic1 nic2; do ethtool -k $nic | grep rx-vlan-offload; done | sort -u)"
  for reader; do
    names+=("$offload.$reader")
    begin_recorder "$offload.$reader" --reader "$reader" -i nic1 -i nic2
  done
  begin_recorder "filter-$offload.v3" -i nic1 -i nic2 vlan 5
  for name in "${names[@]}" "filter-$offload.v3"; do of "$name" await_recording; done
  for link in nic0 five zero seven both; do
    send $link 10 -p 1000 --sequence-start $first
    first=$((first + 10))
  done
  recordings "$offload" 100
  recordings "filter-$offload" 20
}
round on v3 v2 recv
round off v3
note "guest: $SECONDS s"
