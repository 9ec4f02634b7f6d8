#!/usr/bin/env bash
# Interfaces come, go, go down and are of several kinds.
. "$SUPPORT/lib.sh"
need capinfos editcap mergecap tcpdump tshark
make_link out0 in0
make_link out1 in1
file=$work/file.pcapng

says() { grep -q -e "$1" "$work/err"; }

# Down and up again.
for reader in v3 v2 recv; do
  start_recorder --reader $reader -i in0 -w "$file" --json
  send out0 10
  ip link set in0 down
  wait_until "it says that in0 is down" says 'in0 went down'
  ip link set in0 up
  wait_until "it says that in0 is up" says 'in0 is up again'
  send out0 10 --sequence-start 11
  stop_recorder
  assert_eq "$reader down and up: exit code" 0 "$status"
  assert_sequences "$reader down and up" "$file" 1 20
  assert_ledger_closes "$reader down and up"
  assert_eq "$reader down and up: told in the report" true \
    "$(json '.notes | any(test("in0 went down"))')"
  assert_eq "$reader down and up: told in the file" true "$("$WIRETAPE" info --json "$file" |
    jq '.sections[0].interfaces[0].statistics.notes | any(test("in0 went down"))')"
done

# Deleted while recording.
for reader in v3 v2 recv; do
  make_link out2 in2
  start_recorder --reader $reader -i in2 -w "$file" --json
  send out2 10
  ip link del in2
  await_recorder
  assert_eq "$reader deleted: exit code" 5 "$status"
  assert_file_has "$work/err" 'interface in2 has disappeared'
  assert_eq "$reader deleted: reason" "interface disappeared" "$(json .end)"
  assert_sequences "$reader deleted" "$file" 1 10
  assert_ledger_closes "$reader deleted"
  assert_info_agrees "$reader deleted" "$file"
done

# The only one is waited for, as long as that takes; it comes back with another index.
for reader in v3 v2 recv; do
  make_link out2 in2
  start_recorder --reader $reader -i in2 -w "$file" --json --interface-gone wait
  send out2 10
  ip link del in2
  wait_until "it waits" says 'waiting for in2 to come back'
  make_link out2 in2
  wait_until "it says that in2 is back" says 'in2 is back, with index'
  send out2 10 --sequence-start 11
  stop_recorder
  assert_eq "$reader waited for: exit code" 0 "$status"
  assert_eq "$reader waited for: reason" stopped "$(json .end)"
  assert_sequences "$reader waited for" "$file" 1 20
  assert_ledger_closes "$reader waited for"
  assert_info_agrees "$reader waited for" "$file"
  ip link del in2
done

# With several files that is the default. What ends a recording ends the waiting.
make_link out2 in2
start_recorder -i in2 -w "$work/many.pcapng" -b packets:1000 --json
send out2 10
ip link del in2
wait_until "it waits" says 'waiting for in2 to come back'
stop_recorder TERM
assert_eq "SIGTERM while waiting: exit code" 0 "$status"
assert_eq "SIGTERM while waiting: written" 10 "$(json .written)"
assert_ledger_closes "SIGTERM while waiting"
make_link out2 in2
start_recorder -i in2 -w "$work/many.pcapng" -b packets:1000 --json -a duration:2
ip link del in2
await_recorder
assert_eq "duration while waiting: exit code" 0 "$status"
assert_eq "duration while waiting: reason" duration "$(json .end)"
make_link out2 in2
start_recorder -i in2 -w "$work/many.pcapng" -b packets:1000 --json --interface-gone end
ip link del in2
await_recorder
assert_eq "not to be waited for: exit code" 5 "$status"
rm -f "$work"/many_*

# What comes back under its name may be something else, which is said once.
make_link out2 in2
start_recorder -i in2 -w "$file" --interface-gone wait
ip link del in2
wait_until "it waits" says 'waiting for in2 to come back'
if ip link add in2 type gre local 192.0.2.1 remote 192.0.2.2 2>/dev/null ||
  ip link add in2 type sit local 192.0.2.1 remote 192.0.2.2 2>/dev/null; then
  again="in2 is not taken up again: interface in2 is another kind of link than before"
  wait_until "it says why in2 is not taken up again" says "$again"
  sleep 2.5 # looks twice more
  assert_eq "another kind of link: is said" 1 "$(grep -c "$again" "$work/err")"
  ip link del in2
else
  echo "note: no other kind of link can be made here: not tested"
fi
make_link out2 in2
wait_until "it says that in2 is back" says 'in2 is back, with index'
stop_recorder
ip link del in2

# One of two is deleted: it goes on with the other.
make_link out2 in2
start_recorder -i in2 -i in0 -w "$file" --json
send out2 10
ip link del in2
wait_until "it says that in2 is gone" says 'in2 has disappeared'
send out0 10
stop_recorder
assert_eq "one of two deleted: exit code" 0 "$status"
assert_eq "one of two deleted: written" "10 10" "$(json '[.interfaces[].written] | join(" ")')"
assert_ledger_closes "one of two deleted"
assert_info_agrees "one of two deleted" "$file"

# It comes back under its name with another index: it is taken up again.
make_link out2 in2
start_recorder -i in2 -i in0 -w "$file" --json
send out2 10
old_index=$(ip -o link show in2 | cut -d: -f1)
ip link del in2
wait_until "it says that in2 is gone" says 'in2 has disappeared'
make_link other2 another2 # takes the next index
make_link out2 in2
wait_until "it says that in2 is back" says 'in2 is back, with index'
send out2 10 --sequence-start 11
stop_recorder
assert "in2 has another index" test "$old_index" != "$(ip -o link show in2 | cut -d: -f1)"
assert_eq "back again: exit code" 0 "$status"
assert_eq "back again: written" "20 0" "$(json '[.interfaces[].written] | join(" ")')"
assert_sequences "back again" "$file" 1 20
assert_ledger_closes "back again"
ip link del in2
ip link del another2

# Renamed while recording: the counters go on.
make_link out2 in2
start_recorder -i in2 -w "$file" --json
send out2 10
ip link set in2 down
ip link set in2 name renamed2
ip link set renamed2 up
wait_until "it says that it is up" says 'is up again'
send out2 10 --sequence-start 11
stop_recorder
assert_sequences "renamed" "$file" 1 20
assert_eq "renamed: NIC counters" 20 "$(json '.nic.rx_packets')"
ip link del renamed2

# Down when the recording starts: it waits.
ip link set in1 down
start_recorder -i in1 -w "$file" --json
ip link set in1 up
wait_until "in1 is up" says 'in1 is up again'
send out1 10
stop_recorder
assert_sequences "down at the start" "$file" 1 10

# Several, each with its own description and counts; also the same with v2 and recv.
for reader in v3 v2 recv; do
  start_recorder --reader $reader -i in0 -i in1 -i out1 -w "$file" --json
  send out0 30
  send out1 20
  send in1 10
  stop_recorder
  assert_eq "$reader three: written" "in0 30 in1 20 out1 10" \
    "$(json '[.interfaces[] | .interface, .written] | join(" ")')"
  tshark_finds "$reader three: packets of each, by tshark" "$file" frame.interface_name \
    "30 in0 20 in1 10 out1" "sort | uniq -c | awk '{print \$1, \$2}' | paste -sd ' '"
  assert_eq "$reader three: interfaces, by capinfos" 3 \
    "$(capinfos -M "$file" 2>/dev/null | awk '/^Number of interfaces in file/ {print $NF}')"
  assert_ledger_closes "$reader three"
  assert_info_agrees "$reader three" "$file"
done

# Outgoing packets are recorded too, and say so.
start_recorder -i out0 -w "$file" --json
send out0 10 --qdisc
stop_recorder
tshark_finds "outgoing: directions" "$file" frame.packet_flags_direction "10 0x00000002" \
  "sort | uniq -c | awk '{print \$1, \$2}'"

# Loopback: each packet once, though it goes out and comes in.
ip link set lo up
for reader in v3 v2 recv; do
  start_recorder --reader $reader -i lo -w "$file" --json udp
  for i in 1 2 3 4 5; do echo "number $i" >/dev/udp/127.0.0.1/9; done
  stop_recorder
  tshark_finds "$reader loopback: packets" "$file" udp.payload \
    "$(for i in 1 2 3 4 5; do echo "number $i" | od -An -tx1 | tr -d ' '; done)" cat
  assert_eq "$reader loopback: seen" 5 "$(json .seen)"
done

# Not an interface: says which there are, touches no file.
echo keep >"$work/kept"
for target in kept absent; do
  "$WIRETAPE" record -i nosuch -w "$work/$target" >"$work/out" 2>"$work/err"
  assert_eq "wrong interface: exit code" 1 $?
  assert_file_has "$work/err" 'nosuch.*lo, in0'
done
assert_eq "wrong interface: the file there was" keep "$(cat "$work/kept")"
assert "wrong interface: no new file" test ! -e "$work/absent"
"$WIRETAPE" record -i in0 -i nosuch -w "$work/absent" >"$work/out" 2>"$work/err"
assert_eq "second interface wrong: exit code" 1 $?
assert "second interface wrong: no new file" test ! -e "$work/absent"

# A tunnel carries bare IP packets, which do not go into one file with Ethernet's.
if ip tuntap add tun0 mode tun 2>/dev/null; then
  ip address add 192.0.2.1/24 dev tun0
  ip link set tun0 up
  "$WIRETAPE" record -i in0 -i tun0 -w "$work/absent" >"$work/out" 2>"$work/err"
  assert_eq "two link types: exit code" 1 $?
  assert_file_has "$work/err" 'in0 and tun0 have different link types'
  start_recorder -i tun0 -w "$file" --json udp
  stop_recorder
  assert_eq "tun: link type" 101 \
    "$("$WIRETAPE" info --json "$file" | jq '.sections[0].interfaces[0].link_type')"
  assert_eq "tun: link type, by capinfos" 1 "$(capinfos -ME "$file" 2>/dev/null | grep -c 'rawip')"
else
  echo "note: no tunnels here: their link type is not tested"
fi

# The list has those that can be recorded.
"$WIRETAPE" record -D >"$work/out" || fail "-D: exit code $?"
for name in in0 out1 lo; do
  assert_file_has "$work/out" "^[0-9]+\.$name( |$)"
done

assert_tshark_finds
