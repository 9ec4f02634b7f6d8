#!/usr/bin/env bash
# A NIC is unplugged under recorders, alone and as one of two, and whoever reads its clock or
# watches it; then it is plugged in again.
. "$VM/lib.sh"
. "$VM/together.sh"
links_up nic0 nic1

# The second interface sees what it sends itself.
for reader in v3 v2 recv; do
  begin_recorder alone.$reader --reader $reader -i nic1
  begin_recorder two.$reader --reader $reader -i nic1 -i nic0
done
begin_recorder hw -i nic1 --stamp hw
begin watch "$WIRETAPE" stamp watch --json nic1
begin cross "$WIRETAPE" stamp cross nic1 -n 0 --every 50 --json
recorders=({alone,two}.{v3,v2,recv} hw)
for name in "${recorders[@]}"; do
  of "$name" await_recording
done
of watch wait_until "it watches" prints '"now"'
of cross wait_until "cross timestamps are taken" prints '"taken"'
start_generator nic0 --qdisc -c 0 -p 100
for name in "${recorders[@]}"; do
  of "$name" wait_until "$name: 20 packets" counted 20
done

unplug nic1
finish alone.{v3,v2,recv} hw cross
of watch wait_until "watch: it is gone" prints '"gone"'
for name in two.{v3,v2,recv}; do
  of "$name" wait_until "$name: says that it is gone" says 'nic1 has disappeared'
done
stop_generator

# It is recorded again when it is back, and when it was down.
plug_in nic1
of watch wait_until "watch: it is back" prints '"back"'
for name in two.{v3,v2,recv}; do
  of "$name" wait_until "$name: says that it is back" says 'nic1 is back, with index'
done
send nic0 50 --qdisc -p 500 --sequence-start 100001
wait_until "nic1 has them" arrived nic1 50
ip link set nic1 down
for name in two.{v3,v2,recv}; do
  of "$name" wait_until "$name: says that it is down" says 'nic1 went down'
done
links_up nic1
for name in two.{v3,v2,recv}; do
  of "$name" wait_until "$name: says that it is up" says 'nic1 is up again'
done
send nic0 50 --qdisc -p 500 --sequence-start 100051
wait_until "nic1 has them all" arrived nic1 100
kill -INT "${pids[watch]}" "${pids[two.v3]}" "${pids[two.v2]}" "${pids[two.recv]}"
finish watch two.{v3,v2,recv}
note "guest: $SECONDS s"
