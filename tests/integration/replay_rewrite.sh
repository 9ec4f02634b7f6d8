#!/usr/bin/env bash
# Packets are sent again with other addresses, ports, tags and payloads, and with checksums that are
# right, also where their first sender had left them to the NIC.
. "$SUPPORT/lib.sh"
. "$SUPPORT/resend.sh"
need tshark capinfos editcap mergecap nsenter

# ---- the tape: what an ordinary program on another machine sends ----

make_link out0 in0
unshare -n sleep 600 &
far=$!
is_far() { ! [ "/proc/$far/ns/net" -ef /proc/self/ns/net ]; }
wait_until "the sender's namespace is there" is_far
on_far() { nsenter -t "$far" -n "$@"; }
make_link far0 near0
mac_of() { ip -o link show dev "$1" | sed 's/.*link.ether \([0-9a-f:]*\).*/\1/'; }
far_mac=$(mac_of far0) near_mac=$(mac_of near0)
ip link set far0 netns "$far" || skip "cannot move an interface"
ip address add 10.0.0.2/24 dev near0
ip neighbour replace 10.0.0.1 lladdr "$far_mac" dev near0
on_far sh -c "ip link set far0 up; ip address add 10.0.0.1/24 dev far0
  ip neighbour replace 10.0.0.2 lladdr $near_mac dev far0"
ipv6=0
if [ -w /proc/sys/net/ipv6/conf/near0/disable_ipv6 ]; then
  echo 0 >/proc/sys/net/ipv6/conf/near0/disable_ipv6
  on_far sh -c "echo 0 >/proc/sys/net/ipv6/conf/far0/disable_ipv6
    ip address add fd00::1/64 dev far0 nodad; ip -6 neighbour replace fd00::2 lladdr $near_mac dev far0"
  ip address add fd00::2/64 dev near0 nodad && ipv6=10
fi
wait_until "near0 runs" runs near0

start_recorder -i near0 -w "$tape" --json 'udp port 5000 or tcp dst port 80'
on_far "$UDP_SEND" -i far0 -c 20 -b 100 10.0.0.2 5000 || fail udp_send
on_far "$UDP_SEND" -i far0 -c 20 -b 101 10.0.0.2 5000 || fail udp_send
# A connection that nobody takes.
on_far bash -c 'exec 3<>/dev/tcp/10.0.0.2/80' 2>"$work/other.err"
[ $ipv6 = 0 ] || on_far "$UDP_SEND" -i far0 -c 10 -b 99 fd00::2 5000 || fail udp_send
all=$((41 + ipv6))
stop_after $all
assert_eq "the tape" $all "$(packets "$tape")"

# examine FILE FIELD...: a line for each kind there is, into $work/kinds; how many checksums Wireshark
# finds wrong, into $wrong.
examine() {
  local file=$1
  shift
  fields "$file" ip.checksum.status udp.checksum.status tcp.checksum.status "$@" >"$work/lines"
  cut -f 4- "$work/lines" | sort -u >"$work/kinds"
  # 0 is bad, 1 good, 2 not there to be checked.
  wrong=$(cut -f 1-3 "$work/lines" | grep -c 0)
}

# arrived_with "FIELD..." EXPECTED: and no wrong checksum.
arrived_with() {
  tshark_finds "$name" "$again" "ip.checksum.status udp.checksum.status tcp.checksum.status $1" \
    "wrong checksums: 0"$'\n'"$2" kinds_and_wrong
}

kinds_and_wrong() {
  echo "wrong checksums: $(cut -f 1-3 "$work/found.one" | grep -c 0)"
  cut -f 4- "$work/found.one" | sort -u
}

# rewritten EXPECTED: packets changed, not understood, without a checksum.
rewritten() {
  assert_eq "$name: changed, not understood, without a checksum" "$1" \
    "$(sent '.rewritten | "\(.changed) \(.not_understood) \(.checksums_lacking)"')"
}

# again NAME RULE...: all UDP packets over IPv4, by these rules; 40 of them arrive.
again() {
  local what=$1 rules=()
  shift
  for rule in "$@"; do rules+=(-r "$rule"); done
  resend "$what" 40 -t asap -f 'ip and udp' "${rules[@]}" "$tape"
}

examine "$tape" frame.number
assert_eq "the tape: checksums that were left to the NIC" $all "$wrong"
resend "checksums" $all -t asap "$tape"
arrived_with "eth.src eth.dst" "$far_mac	$near_mac"
rewritten "0 0 0"
assert_eq "$name: completed" $all "$(sent .rewritten.checksums_completed)"
assert_eq "$name: payloads" "$(fields "$tape" udp.payload)" "$(fields "$again" udp.payload)"
# Once they are there nothing is done to them.
cp "$again" "$work/whole.pcapng"
resend "as it is" $all -t asap "$work/whole.pcapng"
same "$work/whole.pcapng" $all
assert_eq "$name: completed" 0 "$(sent .rewritten.checksums_completed)"

# ---- checksums of which the file says nothing ----

editcap -F nsecpcap "$tape" "$work/unsaid.pcap" 2>"$work/other.err"
# checksums EXPECTED: left, wrong in IPv4 headers, completed, set right, neither.
checksums() {
  assert_eq "$name: counted" "$1" "$(sent '.rewritten | "\(.checksums_left) \(.ip_checksums_wrong) \(
    .checksums_completed) \(.checksums_fixed) \(.checksums_lacking)"')"
}
resend "left to the NIC, unsaid" $all -t asap "$work/unsaid.pcap"
same "$work/unsaid.pcap" $all
checksums "$all 0 0 0 0"
replay -i out0 -t asap "$work/unsaid.pcap"
assert_file_has "$work/complaints" "^  $all with a checksum that was left to a NIC: sent unfinished; --fix-checksums completes it\$"
resend "left to the NIC, completed" $all -t asap --fix-checksums "$work/unsaid.pcap"
same "$work/whole.pcapng" $all
checksums "0 0 $all 0 0"
examine "$again"
assert_eq "$name: wrong checksums" 0 "$wrong"
# The sum of the addresses follows rules, and still is one.
resend "left to the NIC, rewritten" $all -t asap -r ip:10.0.0.1=192.0.2.9 "$work/unsaid.pcap"
checksums "$all 0 0 0 0"
cp "$again" "$work/unsaid_rewritten.pcapng"
resend "left to the NIC, rewritten, then completed" $all -t asap --fix-checksums "$work/unsaid_rewritten.pcapng"
examine "$again" ip.src
assert_eq "$name: wrong checksums" 0 "$wrong"
# Bytes that a checksum is over have changed since.
editcap -F nsecpcap -E 0.02 --seed 7 -o 60 "$work/whole.pcapng" "$work/wrong.pcap" 2>"$work/other.err"
examine "$work/wrong.pcap"
was_wrong=$wrong
assert "some are wrong" test "$was_wrong" -gt 5
resend "wrong" $all -t asap --fix-checksums "$work/wrong.pcap"
checksums "0 0 0 $was_wrong 0"
examine "$again"
assert_eq "$name: wrong checksums" 0 "$wrong"
if command -v tcprewrite >/dev/null; then
  # Of IPv6 it also changes the MACs.
  for from in unsaid wrong; do
    tshark -n -r "$work/$from.pcap" -Y ip -F nsecpcap -w "$work/ipv4.pcap" 2>"$work/other.err"
    tcprewrite --fixcsum -i "$work/ipv4.pcap" -o "$work/theirs.pcap" 2>"$work/other.err" || fail "tcprewrite $from"
    resend "beside tcprewrite: $from" 41 -t asap --fix-checksums "$work/ipv4.pcap"
    same "$work/theirs.pcap" 41
  done
else
  echo "note: tcprewrite is not installed: not compared with it"
fi

# ---- what is not followed ----

# A packet after an MPLS label, one in GRE, one in VXLAN's UDP.
udp=$(printf '45000023000100004011%04x0a0000010a0000020fa0%04x000f0000' 0 9)01020304050607
{
  printf '0000 '; sed 's/../& /g' <<<"0200000000010200000000028847000641ff$udp"
  printf '0000 '; sed 's/../& /g' <<<"02000000000102000000000208004500003900010000402f00000a0000010a00000200000800$udp"
  printf '0000 '; sed 's/../& /g' <<<"02000000000102000000000208004500002300010000401100000a0000010a0000020fa012b5000f000001020304050607"
} >"$work/tunnels.txt"
text2pcap -q "$work/tunnels.txt" "$work/tunnels.pcap" >"$work/other.err" 2>&1
resend "tunnels" 3 -t asap --fix-checksums -r ip:10.0.0.0/8=192.0.0.0/8 "$work/tunnels.pcap"
rewritten "3 0 0"
assert_eq "$name: after the label, too" "192.0.0.1 192.0.0.2" \
  "$(tshark -n -r "$again" -Y mpls -T fields -e ip.src -e ip.dst 2>"$work/other.err" | tr '\t' ' ')"
assert_eq "$name: counted" '2 {"GRE":1,"VXLAN":1}' "$(sent -c '.rewritten | [.not_followed, .not_followed_kinds]' |
  sed 's/^\[\(.*\),{/\1 {/; s/\]$//')"
replay -i out0 -t asap -r ip:10.0.0.0/8=192.0.0.0/8 "$work/tunnels.pcap"
assert_file_has "$work/complaints" '^  2 have something in them that is not rewritten: GRE 1, VXLAN 1$'

# ---- rules ----

again "both MACs" src-mac=02:00:00:00:00:01 dst-mac=02:00:00:00:00:02
arrived_with "eth.src eth.dst" "02:00:00:00:00:01	02:00:00:00:00:02"
rewritten "40 0 0"
again "a MAC wherever it is" "mac:$far_mac=02:00:00:00:00:03"
arrived_with "eth.src eth.dst" "02:00:00:00:00:03	$near_mac"
again "a rule that meets nothing" mac:02:00:00:00:00:09=02:00:00:00:00:03 dst-port:9=10
arrived_with "eth.src eth.dst udp.dstport" "$far_mac	$near_mac	5000"
rewritten "0 0 0"

again "a tag put in" vlan=7
arrived_with "vlan.id vlan.etype frame.len ip.len" "7	0x0800	146	128
7	0x0800	147	129"
rewritten "40 0 0"
cp "$again" "$work/tagged.pcapng"
resend "another tag" 40 -t asap -r vlan:7=9 "$work/tagged.pcapng"
arrived_with "vlan.id" 9
resend "a tag taken out" 40 -t asap -r vlan:7=none "$work/tagged.pcapng"
arrived_with "vlan.id eth.type frame.len" "	0x0800	142
	0x0800	143"
resend "ports behind a tag" 40 -t asap -r port:5000=5001 "$work/tagged.pcapng"
arrived_with "vlan.id udp.dstport" "7	5001"

again "addresses" src-ip=192.0.2.1 dst-ip:10.0.0.2=198.51.100.9
arrived_with "ip.src ip.dst" "192.0.2.1	198.51.100.9"
rewritten "40 0 0"
again "a network" ip:10.0.0.0/24=172.16.5.0/24
arrived_with "ip.src ip.dst" "172.16.5.1	172.16.5.2"
again "exchanged" ip:10.0.0.1=10.0.0.2 ip:10.0.0.2=10.0.0.1
arrived_with "ip.src ip.dst" "10.0.0.2	10.0.0.1"
again "a group takes its MAC along" dst-ip=233.252.0.7
arrived_with "ip.dst eth.dst" "233.252.0.7	01:00:5e:7c:00:07"
again "ports" src-port=7001 dst-port:5000=7002
arrived_with "udp.srcport udp.dstport" "7001	7002"

name="all at once"
resend "$name" 40 -t asap -f 'ip and udp' -r src-mac=02:00:00:00:00:01 -r dst-mac=02:00:00:00:00:02 \
  -r vlan=100 -r ip:10.0.0.0/8=192.0.0.0/8 -r dst-port=7000 --stamp-payload "$tape"
arrived_with "eth.src eth.dst vlan.id ip.src ip.dst udp.dstport" \
  "02:00:00:00:00:01	02:00:00:00:00:02	100	192.0.0.1	192.0.0.2	7000"
rewritten "40 0 0"

name="TCP"
resend "$name" 1 -t asap -f tcp -r dst-ip=192.0.2.9 -r dst-port:80=8080 "$tape"
arrived_with "ip.dst tcp.dstport tcp.flags.syn" "192.0.2.9	8080	1"
if [ $ipv6 != 0 ]; then
  name="IPv6"
  resend "$name" 10 -t asap -f ip6 -r ip:fd00::/64=2001:db8:5::/64 -r dst-port=7002 "$tape"
  arrived_with "ipv6.src ipv6.dst udp.dstport" "2001:db8:5::1	2001:db8:5::2	7002"
  rewritten "10 0 0"
fi

# Behind a filter that cuts, a checksum cannot be completed, and whoever replays hears of it.
name="cut"
editcap -s 80 "$tape" "$work/cut.pcapng" 2>"$work/other.err"
resend "$name" 40 -t asap -f 'ip and udp' -r dst-port=7003 "$work/cut.pcapng"
tshark_finds "$name: lengths, ports" "$again" "frame.len udp.dstport" "142	7003
143	7003"
assert_eq "$name: padded" 40 "$(sent .padded)"

# ---- stamps in payloads ----

# stamps_of FILE: "NUMBER STAMP ARRIVAL", both times in ns, of each packet.
stamps_of() {
  local payload arrival
  fields "$1" udp.payload frame.time_epoch | while read -r payload arrival; do
    echo "$((16#${payload: -32:16})) $((16#${payload: -16})) ${arrival/./}"
  done
}

name="stamped payloads"
resend "$name" 40 -t gap:500us -f 'ip and udp' --stamp-payload "$tape"
arrived_with "ip.dst" 10.0.0.2
assert_eq "$name: count" 40 "$(sent .stamped_payloads)"
stamps_of "$again" >"$work/stamps"
assert_eq "$name: numbers" "$(seq 0 39)" "$(cut -d ' ' -f 1 "$work/stamps")"
# Bash, as awk's numbers are too short for these.
last=0
while read -r number stamp arrival; do
  assert "$name: packet $number is stamped later than the one before" test "$stamp" -ge "$last"
  assert "$name: packet $number is stamped before it arrives" test "$stamp" -le $((arrival + 5000000))
  assert "$name: packet $number is stamped shortly before" test "$stamp" -ge $((arrival - 2000000000))
  last=$stamp
done <"$work/stamps"
assert_eq "$name: what is before the stamp" "$(fields "$work/whole.pcapng" udp.payload | head -n 40 | sed 's/.\{32\}$//')" \
  "$(fields "$again" udp.payload | sed 's/.\{32\}$//')"
name="stamped payloads, without a checksum"
resend "$name" 20 --stamp-payload gen:size=100,count=20,pps=5000
arrived_with "udp.dstport" 26477
stamps_of "$again" >"$work/stamps"
assert_eq "$name: numbers" "$(seq 0 19)" "$(cut -d ' ' -f 1 "$work/stamps")"

assert_tshark_finds
