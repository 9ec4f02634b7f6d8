#!/usr/bin/env bash
# The UDP payloads of a recording, sent from an ordinary socket by a user without any capability.
. "$SUPPORT/lib.sh"
need tshark capinfos editcap mergecap setpriv nsenter
tape=$work/tape.pcapng file=$work/file.pcapng

# ---- two machines: the recorder's interface is in0, the sender's out0 ----

unshare -n sleep 600 &
far=$!
is_far() { ! [ "/proc/$far/ns/net" -ef /proc/self/ns/net ]; }
wait_until "the sender's namespace is there" is_far
on_far() { nsenter -t "$far" -n "$@"; }
make_link out0 in0
ip link set out0 netns "$far" || skip "cannot move an interface"
ip link set lo up
ip address add 10.0.0.2/24 dev in0
on_far sh -c 'ip link set lo up; ip link set out0 up; ip address add 10.0.0.1/24 dev out0'
ipv6=0
if [ -w /proc/sys/net/ipv6/conf/in0/disable_ipv6 ]; then
  echo 0 >/proc/sys/net/ipv6/conf/in0/disable_ipv6
  on_far sh -c 'echo 0 >/proc/sys/net/ipv6/conf/out0/disable_ipv6
    ip address add fe80::1/64 dev out0 nodad; ip address add fd00::1/64 dev out0 nodad'
  ip address add fe80::2/64 dev in0 nodad && ip address add fd00::2/64 dev in0 nodad && ipv6=1
fi

# replay ARGUMENT...: over there, without capabilities; the exit code is in $code.
without_any=(setpriv --no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all --)
replay() {
  timeout 100 nsenter -t "$far" -n "${without_any[@]}" "$WIRETAPE" replay "$@" >"$work/sent" 2>"$work/complaints"
  code=$?
}

# ---- the tape: UDP of several lengths, and a few packets that are not UDP ----

start_recorder -i in0 -w "$work/mixed.pcapng" --json 'udp port 5000 or arp or tcp dst port 80'
for bytes in 18 100 1472; do
  on_far "$UDP_SEND" -i out0 -c 20 -n "$bytes" -b $bytes 239.1.1.1 5000 || fail udp_send
done
on_far bash -c 'exec 3<>/dev/tcp/10.0.0.2/80' 2>"$work/other.err"
wait_until "the recorder has all" counted 63
stop_recorder
tshark -n -r "$work/mixed.pcapng" -Y udp -w "$tape" 2>"$work/other.err"
assert_eq "the tape" 60 "$(packets "$tape")"
others=$(($(packets "$work/mixed.pcapng") - 60))
assert "the tape has others, too" test "$others" -ge 3
fields "$tape" udp.payload >"$work/payloads"

# resend NAME COUNT SOCKET ARGUMENT...: to a recorder at that socket; $file has what has come, and in
# sum COUNT datagrams.
resend() {
  local count=$2 socket=$3
  name=$1
  shift 3
  start_recorder -u "$socket" -w "$file" --json
  replay --json "$@"
  assert_eq "$name: exit code" 0 "$code"
  assert_eq "$name: complaints" "" "$(cat "$work/complaints")"
  if [ "$code" = 0 ]; then stop_after "$count"; else stop_recorder; fi
  assert_eq "$name: sent, written, found by capinfos" "$count $count $count" \
    "$(sent .sent) $(json .written) $(packets "$file")"
}

# same_payloads [FIELD]...: those of the tape, in order. A line for each kind of the other fields is in
# $work/kinds.
same_payloads() {
  fields "$file" udp.payload "$@" >"$work/got"
  assert "$name: payloads" cmp -s "$work/payloads" <(cut -f 1 "$work/got")
  cut -f 2- "$work/got" | sort -u >"$work/kinds"
}

# ---- addresses ----

resend "unicast" 60 10.0.0.2:6000 --to 10.0.0.2:6000 "$tape"
same_payloads ip.src ip.dst udp.dstport ip.ttl
assert_eq "$name: headers" "10.0.0.1	10.0.0.2	6000	64" "$(cat "$work/kinds")"
assert_eq "$name: tx" udp "$(sent .tx)"
assert_eq "$name: bytes are those of payloads" $((20 * (18 + 100 + 1472))) "$(sent .sent_bytes)"
assert_eq "$name: departures are hand-overs, and the report says why" "60 true" \
  "$(sent '"\(.proof.sources.handover) \(.notes | any(test("which -i names")))"')"
resend "unicast through an interface" 60 10.0.0.2:6000 --to 10.0.0.2:6000 -i out0 --ttl 9 "$tape"
same_payloads ip.ttl
assert_eq "$name: TTL" 9 "$(cat "$work/kinds")"
assert_eq "$name: departures are by the driver's stamps" 60 "$(sent .proof.sources.software)"
resend "broadcast" 60 '*:6000' --to 10.0.0.255:6000 "$tape"
same_payloads

resend "group" 60 239.1.1.9:6000@in0 --to 239.1.1.9:6000 -i out0 "$tape"
same_payloads ip.src ip.dst ip.ttl
assert_eq "$name: headers" "10.0.0.1	239.1.1.9	1" "$(cat "$work/kinds")"
resend "group, interface behind the address" 60 239.1.1.9:6000@in0 --to 239.1.1.9:6000@out0 --ttl 7 "$tape"
assert_eq "$name: TTL" 7 "$(fields "$file" ip.ttl | sort -u)"

if [ $ipv6 = 1 ]; then
  resend "IPv6" 60 '[fd00::2]:6000' --to '[fd00::2]:6000' --ttl 9 "$tape"
  same_payloads ipv6.src ipv6.dst ipv6.hlim
  assert_eq "$name: headers" "fd00::1	fd00::2	9" "$(cat "$work/kinds")"
  resend "IPv6 group" 60 '[ff02::1234]:6000@in0' --to '[ff02::1234]:6000' -i out0 "$tape"
  same_payloads ipv6.dst ipv6.hlim
  assert_eq "$name: headers" "ff02::1234	1" "$(cat "$work/kinds")"
  resend "IPv6 of the link" 60 '[fe80::2]:6000@in0' --to '[fe80::2]:6000@out0' "$tape"
  same_payloads
fi

# Packets of other link layers: their headers, in hexadecimal, in front of the same IP.
tshark -n -r "$tape" -c 1 -F pcap -w "$work/one.pcap" 2>"$work/other.err"
ip_hex=$(tail -c +55 "$work/one.pcap" | od -An -v -tx1)
while read -r link header; do
  { echo "0000 $(sed 's/../& /g' <<<"${header/-/}") $ip_hex" | tr '\n' ' '; echo; } >"$work/one.txt"
  text2pcap -q -l "$link" "$work/one.txt" "$work/link.pcap" >"$work/other.err" 2>&1
  resend "link type $link" 1 10.0.0.2:6000 --to 10.0.0.2:6000 "$work/link.pcap"
  cp "$file" "$work/link.$link.pcapng"
done <<'EOT'
113 00000001000602000000000100000800
276 0800000000000002000100060200000000010000
0 02000000
0 00000002
108 00000002
9 ff030021
12 -
14 -
101 -
228 -
EOT
links=("$work"/link.*.pcapng)
mergecap -w "$work/links.pcapng" "${links[@]}"
assert_eq "link types: payloads" "${#links[@]} $(head -n 1 "$work/payloads")" \
  "$(fields "$work/links.pcapng" udp.payload | sort | uniq -c | sed 's/^ *//')"
name="a link type without IP"
text2pcap -q -l 227 "$work/one.txt" "$work/link.pcap" >"$work/other.err" 2>&1
replay --to 10.0.0.2:6000 "$work/link.pcap"
assert_eq "$name: exit code" 3 "$code"
assert_file_has "$work/complaints" 'warning: nothing was sent: of 1 packet read, all were left out: 1 of a link type'

# Receivers on the sender's own machine: a recorder over there.
here=$WIRETAPE
cat >"$work/far" <<EOT
#!/bin/sh
exec nsenter -t $far -n "$here" "\$@"
EOT
chmod +x "$work/far"
for loop in "" --no-loop; do
  name="group, receivers on this machine ${loop:-too}"
  WIRETAPE=$work/far
  start_recorder -u 239.1.1.9:6000@out0 -w "$file" --json
  WIRETAPE=$here
  # shellcheck disable=SC2086
  replay --json --to 239.1.1.9:6000 -i out0 $loop "$tape"
  assert_eq "$name: exit code" 0 "$code"
  # What comes behind it tells that nothing else will come.
  on_far "$UDP_SEND" -i out0 -c 1 239.1.1.9 6000
  expected=$([ "$loop" ] && echo 1 || echo 61)
  stop_after "$expected"
  assert_eq "$name: written" "$expected" "$(json .written)"
done

# ---- which payloads, and what is in them ----

resend "what is not UDP is left out" 60 10.0.0.2:6000 --to 10.0.0.2:6000 -t asap "$work/mixed.pcapng"
same_payloads
assert_eq "$name: it is counted" "$others" "$(sent .skipped.not_udp)"
editcap -C 14 -L -T rawip "$tape" "$work/raw.pcapng" 2>"$work/other.err"
resend "packets without a link layer" 60 10.0.0.2:6000 --to 10.0.0.2:6000 -t asap "$work/raw.pcapng"
same_payloads
cp "$file" "$work/payloads.pcapng"
resend "what was recorded from a socket" 60 10.0.0.2:6000 --to 10.0.0.2:6000 -t asap - <"$work/payloads.pcapng"
same_payloads
resend "timing" 60 10.0.0.2:6000 --to 10.0.0.2:6000 -t gap:2ms --proof "$work/proof.csv" "$tape"
same_payloads
assert_eq "$name: planned" 118000000 "$(sent .proof.planned_ns)"
assert "$name: took its time" test "$(sent .proof.last_departed_ns)" -ge 117000000
assert_eq "$name: lengths in the proof are payloads'" "18 100 1472" \
  "$(tail -n +2 "$work/proof.csv" | cut -d , -f 3 | uniq | paste -sd ' ')"

resend "stamped payloads" 60 10.0.0.2:6000 --to 10.0.0.2:6000 --stamp-payload "$tape"
assert_eq "$name: count" 60 "$(sent .stamped_payloads)"
tshark -n -r "$file" -o udp.check_checksum:TRUE -T fields -e udp.payload -e udp.checksum.status \
  2>"$work/other.err" >"$work/stamped"
assert_eq "$name: numbers" "$(seq 0 59)" \
  "$(while read -r payload _; do echo $((16#${payload: -32:16})); done <"$work/stamped")"
assert_eq "$name: wrong checksums" "" "$(grep -P '\t0$' "$work/stamped")"

# Of packets that a capture has cut there is no payload to send.
editcap -s 100 "$tape" "$work/cut.pcapng" 2>"$work/other.err"
resend "cut, as they are" 60 10.0.0.2:6000 --to 10.0.0.2:6000 -t asap --truncated cut "$work/cut.pcapng"
assert_eq "$name: lengths" "18 58" "$(fields "$file" udp.length | awk '{print $1 - 8}' | uniq | paste -sd ' ')"
resend "cut, with zeros" 60 10.0.0.2:6000 --to 10.0.0.2:6000 -t asap "$work/cut.pcapng"
assert_eq "$name: lengths" "18 100 1472" "$(fields "$file" udp.length | awk '{print $1 - 8}' | uniq | paste -sd ' ')"
resend "cut, left out" 20 10.0.0.2:6000 --to 10.0.0.2:6000 -t asap --truncated skip "$work/cut.pcapng"
assert_eq "$name: counted" 40 "$(sent .skipped.truncated)"

# ---- nobody there, no way there ----

name="nobody listens"
replay --json --to 10.0.0.2:6001 -t gap:1ms "$tape"
assert_eq "$name: exit code" 0 "$code"
assert_eq "$name: all are sent" 60 "$(sent .sent)"

# refuses PATTERN CODE ARGUMENT...: one line like it, and nothing was sent.
refuses() {
  local pattern=$1 expected=$2
  shift 2
  replay "$@" "$tape"
  assert_eq "$*: exit code" "$expected" "$code"
  assert_file_has "$work/complaints" "$pattern"
  assert_eq "$*: standard output" "" "$(cat "$work/sent")"
}

refuses 'CAP_NET_RAW' 1 -i out0
refuses 'no route leads to the group; name an interface with -i' 1 --to 239.1.1.9:6000
refuses 'cannot send to this address: Network is unreachable' 1 --to 192.0.2.1:6000
refuses "no interface 'nix0'" 1 --to 239.1.1.9:6000 -i nix0
refuses '--to names interface in0, and -i out0' 2 --to 239.1.1.9:6000@in0 -i out0
refuses 'means something on one link only' 2 --to '[ff02::1]:6000'
refuses 'no place to send to' 2 --to nonsense
refuses 'no place to send to' 2 --to nonsense -i out0
refuses "port '0'" 2 --to 10.0.0.2:0
refuses 'no place to send to' 2 --to '*:6000'
refuses 'not a number from 1 to 255' 2 --to 10.0.0.2:6000 --ttl 0
refuses '--ttl and --no-loop are about --to ADDRESS:PORT' 2 -i out0 --ttl 3
refuses 'nothing to rewrite' 1 --to 10.0.0.2:6000 -r dst-port=7
refuses 'takes --tx udp' 1 --to 10.0.0.2:6000 --tx ring
refuses 'where to send UDP payloads\? --to ADDRESS:PORT' 1 -i out0 --tx udp
