#!/usr/bin/env bash
# A NIC is unplugged under whoever sends: each says so, and what it has sent.
. "$VM/lib.sh"
. "$VM/together.sh"
links_up nic0 nic1

begin_recorder arrived -i nic1
of arrived await_recording
for tx in socket ring; do
  begin $tx "$WIRETAPE" replay gen:session=$tx,pps=100 -i nic0 --tx $tx --pace sleep --json \
    --proof "$RESULTS/$tx.csv"
done
tc qdisc replace dev nic0 root fq
begin qdisc "$WIRETAPE" replay gen:session=qdisc,pps=100 -i nic0 --qdisc --pace sleep --json \
  --proof "$RESULTS/qdisc.csv"
begin txtime "$WIRETAPE" replay gen:session=txtime,pps=100 -i nic0 --pace txtime --json \
  --proof "$RESULTS/txtime.csv"
begin report "$WIRETAPE" replay gen:session=report,pps=100 -i nic0 --pace sleep
begin generate "$WIRETAPE" generate -i nic0 --session generate -c 0 -p 100
# More than the others send while a slow guest starts the last.
of arrived wait_until "packets arrive" counted $(($(received nic1) + 1200))
unplug nic0
finish socket ring qdisc txtime report generate
# What has left is still on its way through nic1 where the machine is busy.
settled() {
  local before
  before=$(received nic1)
  sleep 0.3
  [ "$(received nic1)" = "$before" ]
}
wait_until "all that has left has arrived" settled
of arrived stop_recorder
finish arrived
note "guest: $SECONDS s"
