#!/usr/bin/env bash
# Feeds are found by what their packets hold, in files of several kinds and on interfaces, and what
# is none is not taken for one.
. "$SUPPORT/lib.sh"
need text2pcap editcap tshark

# feeds ARGUMENT...: exit code in $code, output in $work/out and $work/err.
feeds() {
  timeout 100 "$WIRETAPE" feeds "$@" >"$work/out" 2>"$work/err"
  code=$?
}

# found WHAT EXPECTED [FILTER]: of the JSON.
found() {
  assert_eq "$1" "$2" "$(jq -r "${3:-[.groups[].preset // \"none\"] | join(\" \")}" "$work/out")"
}

# lines FILE: that are no comments.
lines() { grep -v '^#' "$1" | grep . ; }

# packet BYTES...: of hex, as text2pcap reads them.
packet() { echo "000000 $*"; }

# le32 NUMBER, be16 NUMBER: as hex bytes.
le32() { printf '%02x %02x %02x %02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24)); }
be16() { printf '%02x %02x' $(($1 >> 8 & 255)) $(($1 & 255)); }

# pitch FIRST LAST: a unit's packets with one message of 14 bytes each.
pitch() {
  local i
  for ((i = $1; i <= $2; i++)); do
    packet "16 00 01 01 $(le32 "$i") 0e 29 $(le32 "$((i * 7))") 01 02 03 04 05 06 07 08"
  done
}

# capture FILE OPTION...: datagrams of what comes in.
capture() {
  local file=$1
  shift
  text2pcap -q "$@" - "$file" 2>"$work/other.err" || fail "text2pcap $*: $(cat "$work/other.err")"
}

# ---- files ----

pitch 1 40 | capture "$work/a.pcap" -u 4000,5000 -4 10.0.0.1,239.1.1.2
pitch 1 40 | capture "$work/b.pcap" -u 4000,5000 -4 10.0.0.1,239.1.1.1
feeds "$work/a.pcap" "$work/b.pcap"
assert_eq "two files: exit code" 0 "$code"
assert_eq "two files: the sides in the order of addresses" \
  "pitch-1 pitch A=239.1.1.1:5000 B=239.1.1.2:5000" "$(lines "$work/out")"
assert_file_has "$work/out" '^# pitch-1: sure, 9[0-9] %: length 40 of 40, .*numbers follow 39 of 39'
assert_file_has "$work/out" '^#   or mitch'
assert_file_has "$work/out" '^#   B 239.1.1.2:5000: 40 packets, .*; 100 % of the numbers of A'
feeds --json "$work/a.pcap" "$work/b.pcap"
found "JSON: pair" '1 0 A B' '[.groups[].other_side, .groups[].side] | map(tostring) | join(" ")'
found "JSON: channels" 'pitch-1 pitch live pitch-1 pitch A=239.1.1.1:5000 B=239.1.1.2:5000' \
  '.channels[] | [.name, .preset, .kind, .line] | join(" ")'
found "JSON: counts" '80 80 0 40 880' '[.packets, .udp, .other, .groups[0].packets, .groups[0].payload_bytes] |
  map(tostring) | join(" ")'

# Others' units are no sides, and one packet is enough to be likely.
pitch 41 80 | capture "$work/late.pcap" -u 4000,5000 -4 10.0.0.1,239.1.1.3
pitch 1 1 | capture "$work/one.pcap" -u 4000,5000 -4 10.0.0.1,239.1.1.4
feeds --json "$work/a.pcap" "$work/late.pcap" "$work/one.pcap"
found "three groups" "pitch pitch pitch"
found "other numbers are no sides" null '.groups[1].other_side'

# Link layers, IP versions, resolutions.
pitch 1 40 | capture "$work/six.pcap" -u 4000,5000 -6 fd00::1,ff15::99
feeds "$work/six.pcap"
assert_eq "IPv6" "pitch-1 pitch A=[ff15::99]:5000" "$(lines "$work/out")"
editcap -F nsecpcap -C 14 -L -T rawip "$work/a.pcap" "$work/raw.pcap"
feeds "$work/raw.pcap"
assert_eq "raw IP" "pitch-1 pitch A=239.1.1.2:5000" "$(lines "$work/out")"
editcap -F pcapng -s 60 "$work/a.pcap" "$work/cut.pcapng"
feeds --json "$work/cut.pcapng"
found "cut short: recognised, and said" "pitch 40" '.groups[0] | "\(.preset) \(.truncated)"'
"$WIRETAPE" feeds - <"$work/a.pcap" >"$work/out"
assert_eq "standard input" "pitch-1 pitch A=239.1.1.2:5000" "$(lines "$work/out")"

# What is no feed: DNS, NTP, text.
for ((i = 0; i < 40; i++)); do
  packet "$(be16 $((i * 977 & 65535))) 01 00 00 01 00 00 00 00 00 00 07 65 78 61 6d 70 6c 65 03 63 6f 6d 00 00 01 00 01"
done | capture "$work/dns.pcap" -u 4000,53 -4 10.0.0.1,10.0.0.2
for ((i = 0; i < 40; i++)); do
  packet "3c 33 34 3e 31 20 68 65 6c 6c 6f 20 3$((i % 10))"
done | capture "$work/syslog.pcap" -u 4000,514 -4 10.0.0.1,239.9.9.9
feeds "$work/dns.pcap" "$work/syslog.pcap"
assert_eq "no feed: exit code" 0 "$code"
assert_eq "no feed: no line" "" "$(lines "$work/out")"
assert_file_has "$work/out" '^# No feed was found'
assert_file_has "$work/out" '^# 239.9.9.9:514 40 packets.*: not recognised, first bytes 3c 33'

# A file that ends in the middle of a packet, and one that is none: the rest is told.
head -c 1000 "$work/a.pcap" >"$work/torn.pcap"
feeds "$work/torn.pcap"
assert_eq "cut off: exit code" 1 "$code"
assert_eq "cut off: what came before" "pitch-1 pitch A=239.1.1.2:5000" "$(lines "$work/out")"
assert_file_has "$work/err" 'torn.pcap'
feeds "$work/absent" "$work/a.pcap"
assert_eq "an absent file: exit code" 1 "$code"
assert_eq "an absent file: the other one" "pitch-1 pitch A=239.1.1.2:5000" "$(lines "$work/out")"

# Every transport, two sides of it, all in one capture.
presets=$("$WIRETAPE" feeds --list --json | jq -r '.presets[].name')
files=() number=0
for preset in $presets; do
  number=$((number + 1))
  # In turns, so that sides of others are further away.
  "$WIRETAPE" generate --feed "$preset" -c 400 -q --side A=239.5.1.$number:7000 \
    --side B=239.5.2.$number:7000 -w "$work/$preset.pcapng" \
    --start "2026-11-21T10:$(printf %02d $number):00Z" || fail "generate --feed $preset"
  files+=("$work/$preset.pcapng")
done
feeds --json "${files[@]}"
number=0
for preset in $presets; do
  number=$((number + 1))
  found "$preset: recognised, with its sides" "true 239.5.2.$number" \
    "[.groups[] | select(.group == \"239.5.1.$number\") |
      (.preset == \"$preset\" or .or == \"$preset\") and .percent >= 75, .other_side] as [\$ok, \$other] |
     \"\(\$ok) \(if \$other then .groups[\$other].group else null end)\""
done

# Streams that have the same numbers at the same time, and other contents.
for preset in $presets; do
  "$WIRETAPE" generate --feed "$preset" -c 300 -q --streams 3 --side A=239.6.1.1:7000 \
    -w "$work/streams-$preset.pcapng" || fail "generate --feed $preset --streams 3"
  feeds --json "$work/streams-$preset.pcapng"
  found "$preset: streams are no sides of each other" '3 0' \
    '"\([.groups[] | select(.percent >= 75)] | length) \([.groups[] | select(.other_side)] | length)"'
done

# ---- the feeds file ----

feeds "$work/a.pcap" "$work/b.pcap" -w "$work/feeds.txt"
assert_eq "-w: exit code" 0 "$code"
assert_eq "-w: standard output" "" "$(cat "$work/out")"
assert_eq "-w" "pitch-1 pitch A=239.1.1.1:5000 B=239.1.1.2:5000" "$(lines "$work/feeds.txt")"
echo "mine" >>"$work/feeds.txt"
feeds "$work/a.pcap" -w "$work/feeds.txt"
assert_eq "-w to what is there: exit code" 1 "$code"
assert_file_has "$work/err" 'it exists'
assert_eq "-w to what is there: it is kept" mine "$(tail -n 1 "$work/feeds.txt")"
"$WIRETAPE" feeds "$work/a.pcap" >/dev/full 2>"$work/err"
assert_eq "to a full device: exit code" 1 $?

feeds --list
assert_eq "--list: exit code" 0 "$code"
assert_file_has "$work/out" '^moldudp64$'
feeds --list --json
assert_eq "--list: every preset has its source" true \
  "$(jq '.presets | length > 15 and all(.[]; .name and .unit and .source and .number_bits >= 16)' "$work/out")"

# ---- interfaces ----

make_link out0 in0
index=$(ip -o link show dev in0 | cut -d : -f 1)

# Packet sockets on in0 (/proc/net/packet, Iface).
listens() { awk -v index_="$index" '$5 == index_ && $6 == 1 {found = 1} END {exit !found}' /proc/net/packet; }

# start_looking OPTION...: in the background, as $looker.
start_looking() {
  "$WIRETAPE" feeds -i in0 "$@" >"$work/out" 2>"$work/err" &
  looker=$!
  wait_until "it looks at in0" listens
}

start_looking -a duration:60 --json
send out0 300 --group 239.2.2.1 --port 5000
send out0 300 --group 239.2.2.2 --port 5000
wait_until "all have arrived" arrived in0 600
kill -INT "$looker"
await_end "feeds" "$looker"
assert_eq "live: exit code" 0 "$status"
found "live" "moldudp64 moldudp64"
found "live: packets" "300 300 0" '[.groups[].packets, .lost_total] | map(tostring) | join(" ")'
found "live: a pair" "moldudp64-1 moldudp64 A=239.2.2.1:5000 B=239.2.2.2:5000" '.channels[].line'

start_looking -a duration:0.3
await_end "feeds" "$looker"
assert_eq "nothing arrives: exit code" 0 "$status"
assert_file_has "$work/out" '^# No feed was found'

feeds -i absent0
assert_eq "no such interface: exit code" 1 "$code"
assert_file_has "$work/err" 'absent0'

feeds -i sim:count=1000
assert_eq "a simulated interface" "moldudp64-1 moldudp64" "$(lines "$work/out" | cut -d ' ' -f 1,2)"
