#!/usr/bin/env bash
# Files of other people that say odd things of their packets: one truth in info, cut, compare and
# replay, and that of Wireshark's tools.
. "$SUPPORT/lib.sh"
need tshark editcap tcpdump

# run COMMAND ARGUMENT...: exit code in $code, output in $work/out and $work/err.
run() {
  timeout 100 "$WIRETAPE" "$@" >"$work/out" 2>"$work/err"
  code=$?
}

# patch FILE OFFSET BYTES: as printf writes them.
patch_file() {
  # shellcheck disable=SC2059
  printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# lengths FILE: on the wire and captured, a line a packet.
lengths() { fields "$1" frame.time_epoch frame.len frame.cap_len; }

# same_as_source NAME FILE: what cut makes of it is what tshark sees in it.
same_as_source() {
  run cut "$2" -w "$work/cut.pcapng"
  assert_eq "$1: cut: exit code" 0 "$code"
  assert_eq "$1: cut: stamps and lengths" "$(lengths "$2")" "$(lengths "$work/cut.pcapng")"
}

# info_says NAME FILE KEYS VALUES: of jq.
info_says() {
  run info --json "$2"
  assert_eq "$1: info" "$4" "$(jq -r "$3" "$work/out")"
}

# replayed NAME FILE KEYS VALUES
replayed() {
  run replay "$2" -i sim --json
  assert_eq "$1: replay" "$4" "$(jq -r "$3" "$work/out")"
}

"$WIRETAPE" record --reader sim -i sim:count=3,size=100,pps=1 -w "$work/tape.pcapng" -q ||
  fail "record"
editcap -F pcap "$work/tape.pcapng" "$work/right.pcap" || fail "editcap"

# A header whose snaplen is below its packets.
cp "$work/right.pcap" "$work/snaplen.pcap"
patch_file "$work/snaplen.pcap" 16 '\x28\0\0\0'
same_as_source snaplen "$work/snaplen.pcap"
assert_eq "snaplen: read by tcpdump" 3 \
  "$(tcpdump_reads "$work/cut.pcapng" 2>/dev/null | grep -c '^[0-9]')"
info_says snaplen "$work/snaplen.pcap" '[.captured_bytes, .above_snaplen, .truncated] | join(" ")' \
  "300 3 0"
replayed snaplen "$work/snaplen.pcap" '[.sent_bytes, .padded] | join(" ")' "300 0"
run compare "$work/right.pcap" "$work/snaplen.pcap" --json
assert_eq "snaplen: matched" 3 "$(jq .matched "$work/out")"

# A packet of which more was captured than there was: 100 bytes, and its length says 90.
cp "$work/right.pcap" "$work/long.pcap"
patch_file "$work/long.pcap" $((24 + 12)) '\x5a\0\0\0'
same_as_source "above the length" "$work/long.pcap"
info_says "above the length" "$work/long.pcap" \
  '[.wire_bytes, .captured_bytes, .above_length] | join(" ")' "290 300 1"
replayed "above the length" "$work/long.pcap" .sent_bytes 290

# The header says that the last four bytes are check sequences: in units of 16 bits, and in bytes.
for bits in 24 44; do
  cp "$work/right.pcap" "$work/fcs.pcap"
  patch_file "$work/fcs.pcap" 23 "\\x$bits"
  info_says "check sequences $bits" "$work/fcs.pcap" \
    '[.with_fcs, .sections[0].interfaces[0].fcs_bytes] | join(" ")' "3 4"
  same_as_source "check sequences $bits" "$work/fcs.pcap"
  info_says "check sequences $bits: cut" "$work/cut.pcapng" \
    '[.with_fcs, .sections[0].interfaces[0].fcs_bytes] | join(" ")' "3 4"
  editcap -C -4 -L "$work/right.pcap" "$work/bare.pcap"
  run compare "$work/bare.pcap" "$work/fcs.pcap" --json
  assert_eq "check sequences $bits: matched" 3 "$(jq .matched "$work/out")"
  replayed "check sequences $bits" "$work/fcs.pcap" .sent_bytes 288
done

# Nanoseconds under the magic number of microseconds.
editcap -F nsecpcap -t 0.9 "$work/tape.pcapng" "$work/ns.pcap"
patch_file "$work/ns.pcap" 0 '\xd4\xc3\xb2\xa1'
info_says "nanoseconds" "$work/ns.pcap" \
  '[.fractions_above_second, .fractions_look_like_ns] | join(" ")' "3 true"
run replay "$work/ns.pcap" -i sim -t asap
assert_file_has "$work/err" "3 packets with fractions of a second .* look like nanoseconds"

# Without a stamp, before 1970, and after 2262.
corpus=$SUPPORT/../fuzz/corpus/pcap_file
run cut "$corpus/simple_first.pcapng" -w "$work/cut.pcapng"
assert_eq "without a stamp: cut: exit code" 3 "$code"
assert_file_has "$work/err" "1 packet has no stamp and was left out"
run cut "$corpus/simple_first.pcapng" -w "$work/cut.pcapng" --allow-skipped
assert_eq "without a stamp: allowed: exit code" 0 "$code"
info_says "without a stamp" "$corpus/simple_first.pcapng" \
  '[.unstamped, .stamps_out_of_range] | join(" ")' "1 0"
odd=$corpus/before_1970_and_after_2262.pcapng
same_as_source "odd stamps" "$odd"
info_says "odd stamps" "$odd" '[.unstamped, .stamps_out_of_range, .first_ns, .last_ns] | join(" ")' \
  "1 1 -10000000000 -10000000000"
replayed "odd stamps" "$odd" '[.unstamped, .sent, .duration_ns] | join(" ")' "1 2 0"
run compare "$odd" "$odd" --json
assert_eq "odd stamps: compare" "2 1 1" \
  "$(jq -r '[.matched, .a.stamps_out_of_range, .timing.packets] | join(" ")' "$work/out")"
