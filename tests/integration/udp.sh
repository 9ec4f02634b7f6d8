#!/usr/bin/env bash
# Recording from UDP sockets, as a user without any capability.
. "$SUPPORT/lib.sh"
need tshark capinfos editcap mergecap tcpdump setpriv nsenter
file=$work/file.pcapng

# ---- two machines: the recorder's interface is in0, the sender's out0 ----

unshare -n sleep 600 &
far=$!
is_far() { ! [ "/proc/$far/ns/net" -ef /proc/self/ns/net ]; }
wait_until "the sender's namespace is there" is_far
on_far() { nsenter -t "$far" -n "$@"; }
make_link in0 out0
ip link set out0 netns "$far" || skip "cannot move an interface"
ip link set lo up
ip address add 10.0.0.2/24 dev in0
on_far sh -c 'ip link set lo up; ip link set out0 up
  ip address add 10.0.0.1/24 dev out0; ip address add 10.0.0.7/24 dev out0'
ipv6=0
if [ -w /proc/sys/net/ipv6/conf/in0/disable_ipv6 ]; then
  echo 0 >/proc/sys/net/ipv6/conf/in0/disable_ipv6
  on_far sh -c 'echo 0 >/proc/sys/net/ipv6/conf/out0/disable_ipv6
    ip address add fe80::1/64 dev out0 nodad; ip address add fd00::1/64 dev out0 nodad'
  ip address add fe80::2/64 dev in0 nodad && ip address add fd00::2/64 dev in0 nodad && ipv6=1
fi

# far_send OPTION... ADDRESS PORT
far_send() {
  on_far "$UDP_SEND" -i out0 "$@" || fail "udp_send $*"
}

# ---- the recorder, without capabilities ----

privileged=$WIRETAPE
cat >"$work/unprivileged" <<EOT
#!/bin/sh
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all -- "$privileged" "\$@"
EOT
chmod +x "$work/unprivileged"
WIRETAPE=$work/unprivileged

# headers "FIELD..." EXPECTED: a line for each kind there is, and nothing that Wireshark complains about.
headers() {
  tshark_finds "$name: headers" "$file" "ip.checksum.status udp.checksum.status _ws.expert $1" "$2" kinds
}

kinds() {
  cut -f 1-3 "$work/found.one" | grep -vE $'^(1|)\t1\t$' | sort -u
  cut -f 4- "$work/found.one" | sort -u
}

# check NAME COUNT: as many packets, from 1 on, in a file that others read.
check() {
  assert_ledger_closes "$name"
  assert_info_agrees "$name" "$file"
  assert_eq "$name: seen, written, lost" "$1 $1 0" "$(json '"\(.seen) \(.written) \(.lost | add)"')"
  assert_eq "$name: capinfos" "$1" "$(packets "$file")"
}

# ---- addresses ----

name="unicast"
start_recorder -u 10.0.0.2:5000 -w "$file" --json
assert_eq "$name: capabilities" 0000000000000000 "$(awk '/^CapEff:/ {print $2}' "/proc/$recorder/status")"
far_send -c 20 -t 9 -q 184 10.0.0.2 5000
stop_after 20
check 20
assert_sequences "$name" "$file" 1 20
headers "ip.src ip.dst udp.dstport ip.ttl ip.dsfield frame.len frame.packet_flags" "10.0.0.1	10.0.0.2	5000	9	0xb8	68	0x00000005"
assert_eq "$name: link type" rawip "$(capinfos -ME "$file" | awk -F': *' '/encapsulation/ {print $2}')"
assert_eq "$name: reader" "udp 10.0.0.2:5000" "$(json '.interfaces[0] | "\(.reader) \(.interface)"')"
assert_eq "$name: info says that headers are rebuilt" true "$("$WIRETAPE" info --json "$file" | jq '
  .sections[0].interfaces[0] | (.reader | test("^reader=udp .* headers=rebuilt ")) and (.description | test("rebuilt"))')"

name="one interface of several"
start_recorder -u '*:5000@in0' -w "$file" --json
"$UDP_SEND" -c 5 127.0.0.1 5000 2>/dev/null # nobody there
far_send -c 5 10.0.0.2 5000
stop_after 5
check 5
tshark_finds "$name: from" "$file" "ip.src" 10.0.0.1
assert_eq "$name: NIC counters" true "$(json '.nic.rx_packets >= 5')"

name="any address"
start_recorder -u '*:5000' -w "$file" --json
"$UDP_SEND" -c 5 127.0.0.1 5000
far_send -c 5 -n 6 10.0.0.2 5000
far_send -c 5 -n 11 10.0.0.255 5000
stop_after 15
check 15
assert_sequences "$name" "$file" 1 15
headers "ip.dst frame.packet_flags" "10.0.0.2	0x00000005
10.0.0.255	0x0000000d
127.0.0.1	0x00000005"

name="group"
start_recorder -u 239.1.1.1:5000@in0 -w "$file" --json
far_send -c 10 -t 2 239.1.1.1 5000
far_send -c 10 -n 11 -s 10.0.0.7 239.1.1.1 5000
far_send -c 10 239.1.1.2 5000
far_send -c 10 239.1.1.1 5001
stop_after 20
check 20
assert_sequences "$name" "$file" 1 20
headers "ip.src ip.dst ip.ttl frame.packet_flags" "10.0.0.1	239.1.1.1	2	0x00000009
10.0.0.7	239.1.1.1	64	0x00000009"

name="group from one source"
start_recorder -u 232.1.1.1:5000@in0,source=10.0.0.7 -w "$file" --json
far_send -c 10 232.1.1.1 5000
far_send -c 10 -s 10.0.0.7 232.1.1.1 5000
stop_after 10
check 10
headers ip.src 10.0.0.7
assert_eq "$name: name" 232.1.1.1:5000@in0,source=10.0.0.7 "$(json '.interfaces[0].interface')"

name="group by the routes"
ip route add 239.0.0.0/8 dev in0
start_recorder -u 239.1.1.1:5000 -w "$file" --json
far_send -c 10 239.1.1.1 5000
stop_after 10
check 10

name="two recorders, one group"
start_recorder -u 239.1.1.1:5000@in0 -w "$work/other.pcapng" --json
other=$recorder
start_recorder -u 239.1.1.1:5000@in0 -w "$file" --json
far_send -c 10 239.1.1.1 5000
stop_after 10
check 10
kill -INT "$other"
await_end "$name" "$other"
assert_sequences "$name: the other" "$work/other.pcapng" 1 10

if [ $ipv6 = 1 ]; then
  name="IPv6"
  start_recorder -u '[fd00::2]:5000' -w "$file" --json
  far_send -c 10 -t 9 -q 184 fd00::2 5000
  stop_after 10
  check 10
  assert_sequences "$name" "$file" 1 10
  headers "ipv6.src ipv6.dst udp.dstport ipv6.hlim ipv6.tclass frame.len" "fd00::1	fd00::2	5000	9	0x000000b8	88"

  name="IPv6 group of the link"
  start_recorder -u '[ff02::1234]:5000@in0' -w "$file" --json
  far_send -c 10 -s fe80::1 ff02::1234 5000
  stop_after 10
  check 10
  headers "ipv6.src ipv6.dst frame.packet_flags" "fe80::1	ff02::1234	0x00000009"

  name="IPv6 group from one source"
  start_recorder -u '[ff35::1234]:5000@in0,source=fd00::1' -w "$file" --json
  far_send -c 5 -s fe80::1 ff35::1234 5000
  far_send -c 10 -s fd00::1 ff35::1234 5000
  stop_after 10
  check 10
  headers ipv6.src fd00::1

  name="two at once"
  start_recorder -u 239.1.1.1:5000@in0 -u '[fd00::2]:6000' -w "$file" --json
  far_send -c 10 239.1.1.1 5000
  far_send -c 20 fd00::2 6000
  stop_after 30
  check 30
  assert_eq "$name: packets of each" "239.1.1.1:5000@in0 10 [fd00::2]:6000 20" \
    "$(json '[.interfaces[] | "\(.interface) \(.written)"] | join(" ")')"
  headers "ip.dst ipv6.dst" "	fd00::2
239.1.1.1	"
  assert_eq "$name: interfaces" "0	239.1.1.1	
1		fd00::2" "$(fields "$file" frame.interface_id ip.dst ipv6.dst | sort -u)"
fi

# ---- what is kept of a packet ----

name="filter"
start_recorder -u '*:5000' -w "$file" --json 'src host 10.0.0.7 and udp[8:2] = 0x5749'
far_send -c 100 10.0.0.2 5000
far_send -c 10 -s 10.0.0.7 10.0.0.2 5000
stop_after 10
check 10
assert_sequences "$name" "$file" 1 10

name="snaplen"
start_recorder -u '*:5000' -w "$file" --json -s 50
far_send -c 10 -b 1000 10.0.0.2 5000
"$UDP_SEND" -c 10 -b 65507 127.0.0.1 5000
stop_after 20
check 20
tshark_finds "$name: lengths" "$file" "frame.len frame.cap_len" "1028	50
65535	50"
assert_eq "$name: cut" 20 "$(json .truncated)"

name="the longest datagrams"
start_recorder -u '*:5000' -w "$file" --json
"$UDP_SEND" -c 50 -b 65507 127.0.0.1 5000
stop_after 50
check 50
headers frame.cap_len 65535

for stamp in us ns all; do
  name="stamps: $stamp"
  start_recorder -u '*:5000' -w "$file" --json --sockstamp $stamp
  before=$EPOCHREALTIME
  far_send -c 1000 10.0.0.2 5000
  stop_after 1000
  check 1000
  assert_eq "$name: software" 1000 "$(json .stamps.software)"
  fields "$file" frame.time_epoch >"$work/stamps"
  assert "$name: stamps rise" sort -c "$work/stamps"
  assert_eq "$name: within the recording" yes "$(awk -v from="$before" -v to="$EPOCHREALTIME" '
    $1 < from || $1 > to {wrong = 1} END {print wrong ? "no" : "yes"}' "$work/stamps")"
  fine=$(grep -vc '000$' "$work/stamps")
  if [ $stamp = us ]; then
    assert_eq "$name: finer than a microsecond" 0 "$fine"
  else
    assert "$name: with nanoseconds" test "$fine" -gt 500
  fi
done

# ---- losses ----

# "SEQUENCE DROPCOUNT" of each packet, in decimal.
drops_by_sequence() {
  fields "$file" udp.payload frame.drop_count | awk -F'\t' '
    function decimal(hex,   i, value) {
      for (i = 1; i <= length(hex); i++)
        value = value * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
      return value
    }
    {print decimal(substr($1, 21, 16)), $2 + 0}' >"$work/drops"
}

# check_drops FIRST: every gap behind packet FIRST - 1 is as large as the drop count there says.
check_drops() {
  drops_by_sequence
  assert_eq "$name: gaps whose drop count is wrong" 0 \
    "$(awk -v last=$(($1 - 1)) '$1 - last - 1 != $2 {wrong++} {last = $1} END {print wrong + 0}' "$work/drops")"
}

name="loss"
start_recorder --ring 64KiB -u 10.0.0.2:5000 -w "$file" --json
sequence=1
for burst in 1 2 3; do
  kill -STOP "$recorder"
  wait_until "the recorder is stopped" stopped "$recorder"
  far_send -c 2000 -n $sequence 10.0.0.2 5000
  kill -CONT "$recorder"
  wait_until "the recorder has read" counted $((sequence + 1999))
  far_send -c 5 -n $((sequence + 2000)) 10.0.0.2 5000
  sequence=$((sequence + 2005))
  wait_until "the recorder has read" counted $((sequence - 1))
done
stop_recorder
sent=$((sequence - 1))
assert_ledger_closes "$name"
assert_info_agrees "$name" "$file"
check_drops 1
lost=$(json .lost.ring)
assert "$name: something was lost" test "$lost" -gt 1000
assert_eq "$name: seen" $sent "$(json .seen)"
assert_eq "$name: sum of drop counts" "$lost" "$(awk '{sum += $2} END {print sum}' "$work/drops")"
assert_eq "$name: last packet" $sent "$(tail -n 1 "$work/drops" | cut -d ' ' -f 1)"

name="loss at the end"
start_recorder --ring 64KiB -u 10.0.0.2:5000 -w "$file" --json
kill -STOP "$recorder"
wait_until "the recorder is stopped" stopped "$recorder"
# One CPU brings them in order: where the last finds nobody, the others have been there.
no_ports() { awk '/^Udp: [0-9]/ {print $3}' /proc/net/snmp; }
before=$(no_ports)
taskset -c "$(($(nproc) - 1))" nsenter -t "$far" -n sh -c "'$UDP_SEND' -c 2000 10.0.0.2 5000
  '$UDP_SEND' 10.0.0.2 5001"
found_nobody() { [ "$(no_ports)" -gt "$before" ]; }
wait_until "the last has come" found_nobody
kill -INT "$recorder"
kill -CONT "$recorder"
await_recorder
assert_ledger_closes "$name"
check_drops 1
assert_eq "$name: seen" 2000 "$(json .seen)"
assert "$name: something was lost" test "$(json .lost.ring)" -gt 1000
assert_eq "$name: packets of the file" "$(packets "$file")" "$(json .written)"

# Begun and ended while packets come as fast as they can, with a queue that overflows.
for round in 1 2 3; do
  name="in the midst, $round"
  nsenter -t "$far" -n "$UDP_SEND" -c 100000000 10.0.0.2 5000 2>/dev/null &
  flood=$!
  start_recorder --ring 16KiB -u 10.0.0.2:5000 -w "$file" --json
  wait_until "some are recorded" counted 20000
  stop_recorder
  kill "$flood"
  wait "$flood" 2>/dev/null
  assert_ledger_closes "$name"
  assert_info_agrees "$name" "$file"
  drops_by_sequence
  check_drops "$(awk 'NR == 1 {print $1}' "$work/drops")"
  assert_eq "$name: no drop before the first" 0 "$(awk 'NR == 1 {print $2}' "$work/drops")"
  assert "$name: drops at the end are the rest" test \
    "$(awk '{sum += $2} END {print sum}' "$work/drops")" -le "$(json .lost.ring)"
done

# ---- limits ----

name="packets"
start_recorder -u '*:5000' -w "$file" --json -c 10
far_send -c 25 10.0.0.2 5000
await_recorder
assert_eq "$name: exit code" 0 "$status"
assert_ledger_closes "$name"
assert_sequences "$name" "$file" 1 10

name="a small buffer"
launch_recorder --ring 1GiB -u '*:5000' -w "$file" --json -a duration:0.1
await_recorder
assert_file_has "$work/err" '1073741824 bytes asked, [0-9]+ got: .* net.core.rmem_max'
assert_eq "$name: in the report" true "$(json '.notes | any(test("1073741824 bytes asked"))')"

# ---- what cannot be ----

refused "this machine does not have that address" -u 10.0.0.99:5000
refused "there is no interface 'nix0'" -u 239.1.1.1:5000@nix0
refused "port '0'" -u 239.1.1.1:0
refused 'GROUP:PORT\[@IFACE\]' -u nonsense
refused 'goes with a multicast group' -u 10.0.0.2:5000,source=10.0.0.7
refused 'no route leads to it' -u 224.7.7.7:5000
refused "filter 'nonsense words'" -u '*:5000' nonsense words
# root of a user namespace of its own may.
"$WIRETAPE" record -u '*:99' -w "$work/none.pcapng" -a duration:0.01 -q 2>"$work/err" || {
  rm -f "$work/none.pcapng"
  refused 'CAP_NET_BIND_SERVICE' -u '*:99'
}
rm -f "$work/none.pcapng"
start_recorder -u '*:5000' -w "$file"
refused 'another program has this address and port' -u '*:5000'
stop_recorder
refused 'this command listens to 239.1.1.1:5000@in0' -u 239.1.1.1:5000@in0 -u '*:5000'
refused 'this command listens to \*:5000' -u '*:5000' -w "$work/absent2" -u 10.0.0.2:5000

# ---- the interface goes ----

name="interface down and gone"
says() { grep -q -e "$1" "$work/err"; }
start_recorder -u 239.1.1.1:5000@in0 -w "$file" --json
far_send -c 10 239.1.1.1 5000
wait_until "the recorder has 10 packets" counted 10
ip link set in0 down
wait_until "it says that it is down" says '@in0 went down'
ip link del in0
await_recorder
assert_eq "$name: exit code" 5 "$status"
assert_file_has "$work/err" 'interface 239.1.1.1:5000@in0 has disappeared'
assert_sequences "$name" "$file" 1 10
assert_ledger_closes "$name"

# It comes back with another index.
name="interface back"
for spec in 239.1.1.1:5000@in0 '*:5000@in0'; do
  make_pair() {
    ip link add in0 type veth peer name out0
    ip link set out0 netns "$far"
    ip address add 10.0.0.2/24 dev in0
    ip link set in0 up
    on_far sh -c 'ip link set out0 up; ip address add 10.0.0.1/24 dev out0'
    wait_until "in0 runs" runs in0
  }
  to=${spec%%:*}
  [ "$to" != '*' ] || to=10.0.0.2
  make_pair
  start_recorder -u "$spec" -w "$file" --json --interface-gone wait
  far_send -c 10 "$to" 5000
  wait_until "the recorder has 10 packets" counted 10
  : >"$work/err"
  ip link del in0
  wait_until "it waits" says "waiting for .*@in0 to come back"
  make_pair
  wait_until "it says that it is back" says '@in0 is back, with index'
  far_send -c 10 -n 11 "$to" 5000
  stop_after 20
  check 20
  assert_sequences "$name, $spec" "$file" 1 20
  ip link del in0
done

assert_tshark_finds
