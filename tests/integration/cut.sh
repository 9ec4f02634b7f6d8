#!/usr/bin/env bash
# What lies between two times, of any file, as other people's programs see it.
. "$SUPPORT/lib.sh"
need capinfos tshark editcap mergecap tcpdump
golden=$SUPPORT/../golden
tapes=$SUPPORT/../fuzz/corpus/recover

# cut ARGUMENT...: exit code in $code, output in $work/out and $work/err.
cut_out() {
  timeout 100 "$WIRETAPE" cut "$@" >"$work/out" 2>"$work/err"
  code=$?
}

# stamps FILE: to the nanosecond, a line a packet.
stamps() { fields "$1" frame.time_epoch; }

# read_by_all NAME FILE PACKETS
read_by_all() {
  assert_eq "$1: packets by capinfos" "$3" "$(packets "$2")"
  if others_complain; then fail "$1: capinfos complains"; fi
  tshark_finds "$1: packets by tshark" "$2" frame.number "$3" "wc -l"
  # As root it would become somebody else, which a user namespace refuses. What it does not
  # know it prints in lines of their own.
  assert_eq "$1: packets by tcpdump" "$3" \
    "$(tcpdump_reads "$2" 2>/dev/null | grep -c '^[0-9]')"
}

# A recording of a second, and what others find in it.
"$WIRETAPE" record --reader sim -i sim:count=20000,pps=100000 -w "$work/tape.pcapng" -q ||
  fail "record"
fields "$work/tape.pcapng" frame.time_epoch frame.md5_hash >"$work/whole"
cut -f 1 "$work/whole" >"$work/all"
from=$(sed -n 5001p "$work/all") to=$(sed -n 7001p "$work/all")
cut_out "$work/tape.pcapng" --from "$from" --to "$to" -w "$work/part.pcapng" --json
assert_eq "a recording: exit code" 0 "$code"
read_by_all "a recording" "$work/part.pcapng" 2000
sed -n 5001,7000p "$work/whole" >"$work/expected"
fields "$work/part.pcapng" frame.time_epoch frame.md5_hash >"$work/got"
assert "a recording: the stamps and the packets" cmp "$work/expected" "$work/got"
# Not through jq, which knows no numbers of 64 bits.
assert_file_has "$work/out" "\"packets\": ?2000.*\"first_ns\": ?${from/./}[^0-9]"
assert_file_has "$work/out" "\"last_ns\": ?$(sed -n '7000s/\.//p' "$work/all")[^0-9]"
assert_eq "the interface's name" sim \
  "$("$WIRETAPE" info --json "$work/part.pcapng" | jq -r '.sections[0].interfaces[0].interface')"

# The same times written differently.
utc=$(date -u -d "@${from%.*}" +%Y-%m-%dT%H:%M:%S).${from#*.}
cut_out "$work/tape.pcapng" --from "$utc" --to "$to" -w "$work/utc.pcapng"
assert "UTC" cmp "$work/part.pcapng" "$work/utc.pcapng"
cut_out "$work/tape.pcapng" --from "${utc/T/ }Z" --to "$to" -w "$work/utc.pcapng"
assert "UTC with a space" cmp "$work/part.pcapng" "$work/utc.pcapng"
first=$(sed -n 1p "$work/all")
after=$((${from/./} - ${first/./}))
printf -v after '+%d.%09d' $((after / 1000000000)) $((after % 1000000000))
cut_out "$work/tape.pcapng" --from "$after" --to "$to" -w "$work/relative.pcapng"
assert "relative" cmp "$work/part.pcapng" "$work/relative.pcapng"
# From standard input to standard output.
timeout 100 "$WIRETAPE" cut - --from "$from" --to "$to" -w - <"$work/tape.pcapng" 2>"$work/err" >"$work/stream.pcapng"
assert "through pipes" cmp "$work/part.pcapng" "$work/stream.pcapng"
timeout 100 "$WIRETAPE" cut "$work/tape.pcapng" -w - --json 2>"$work/err" | tshark -r - -c 1 >/dev/null 2>&1
assert "a reader that leaves: it ends" test "${PIPESTATUS[0]}" -lt 124

# ---- hardware stamps ----

hardware=(--reader sim -i "sim:pps=20000,ppm=50,offset=37000000000,tai=37" --stamp hw -q)
"$WIRETAPE" record "${hardware[@]}" -a packets:10000 -b packets:4000 -w "$work/nic.pcapng" ||
  fail "record with hardware stamps"
nic=("$work"/nic*.pcapng)
assert_eq "files with hardware stamps" 3 "${#nic[@]}"
cut_out "${nic[@]}" --from +0.05 -w "$work/one.pcapng" --json
assert_eq "hardware stamps: exit code" 0 "$code"
assert_eq "one recording, several files: interfaces" 1 \
  "$("$WIRETAPE" info --json "$work/one.pcapng" | jq '.sections[0].interfaces | length')"
read_by_all "hardware stamps" "$work/one.pcapng" "$(jq .packets "$work/out")"
# Its clock goes along: the map in force and those behind.
assert "clock blocks" test "$(grep -ac '^map=' "$work/one.pcapng")" -ge 2
"$WIRETAPE" record "${hardware[@]}" -a packets:1000 -w "$work/other_nic.pcapng" ||
  fail "record with hardware stamps again"
cut_out "${nic[0]}" "$work/other_nic.pcapng" -w "$work/two.pcapng"
assert_eq "two recordings: interfaces" 2 \
  "$("$WIRETAPE" info --json "$work/two.pcapng" | jq '.sections[0].interfaces | length')"
read_by_all "two recordings" "$work/two.pcapng" 5000

# ---- other people's files ----

for name in "$golden"/*; do
  count=$(packets "$name")
  cut_out "$name" -w "$work/whole.${name##*/}"
  assert_eq "$name: exit code" 0 "$code"
  assert_eq "$name: packets" "$count" "$(packets "$work/whole.${name##*/}")"
done
# Of two sections the second one begins again in time, and so does what is cut out. mergecap mixes up
# their interfaces.
for side in "$golden/" "$work/whole."; do
  mergecap -a -w "$work/side.pcapng" "$side"[!t]* "$side"text* 2>"$work/other.err" || fail "mergecap"
  if others_complain; then fail "mergecap complains of $side*"; fi
  for input in "$work/side.pcapng" "${side}two_sections.pcapng"; do
    fields "$input" frame.time_epoch frame.md5_hash frame.comment
    if others_complain >&2; then fail "tshark complains of $side*"; fi
  done
done >"$work/sides"
count=$(($(wc -l <"$work/sides") / 2))
assert "other people's files: packets" test "$count" -ge 30
assert_eq "other people's files: stamps and data" "" \
  "$(diff <(head -n $count "$work/sides") <(tail -n $count "$work/sides"))"
rm "$work"/whole.*
cut_out "$golden/editcap_us.pcap" --from 1700000000.25 --to 1700000000.5 -w "$work/us.pcapng"
assert_eq "microseconds" 1700000000.250000000 "$(stamps "$work/us.pcapng")"

# Merged as mergecap does it.
editcap -t 0.1 "$golden/text2pcap.pcapng" "$work/later.pcapng"
cut_out "$golden/text2pcap.pcapng" "$work/later.pcapng" -w "$work/merged.pcapng"
mergecap -w "$work/theirs.pcapng" "$golden/text2pcap.pcapng" "$work/later.pcapng"
assert_eq "merged: stamps" "$(stamps "$work/theirs.pcapng")" "$(stamps "$work/merged.pcapng")"
read_by_all merged "$work/merged.pcapng" 6
assert_eq "merged: one interface" 1 "$("$WIRETAPE" info --json "$work/merged.pcapng" | jq .interface_count)"

# Filters.
expected=$(tcpdump_reads "$golden/dumpcap_lo.pcapng" 'udp' 2>/dev/null | wc -l)
cut_out "$golden/dumpcap_lo.pcapng" --filter udp -w "$work/udp.pcapng"
assert_eq "filter: packets" "$expected" "$(packets "$work/udp.pcapng")"
cut_out "$golden/dumpcap_lo.pcapng" --filter 'port' -w "$work/absent.pcapng"
assert_eq "wrong filter: exit code" 1 "$code"
assert_file_has "$work/err" "filter 'port': "
assert "wrong filter: no file" test ! -e "$work/absent.pcapng"

# Blocks beside the packets: secrets of before the range, for those who decrypt.
printf 'CLIENT_RANDOM %064d %096d\n' 1 2 >"$work/keys"
if editcap --inject-secrets "tls,$work/keys" "$golden/text2pcap.pcapng" "$work/secret.pcapng"; then
  last=$(stamps "$work/secret.pcapng" | sort | tail -1)
  cut_out "$work/secret.pcapng" "$work/secret.pcapng" --from "$last" -w "$work/later.pcapng"
  read_by_all "secrets" "$work/later.pcapng" \
    $((2 * $(stamps "$work/secret.pcapng" | grep -cxF "$last")))
  assert_eq "secrets: once" 1 "$(grep -ac CLIENT_RANDOM "$work/later.pcapng")"
  assert "secrets: as they were" grep -aqFf "$work/keys" "$work/later.pcapng"
fi

# Interfaces of two recordings of the same name whose descriptions differ, as mergecap counts them.
for i in 1 2; do
  text2pcap -q -N "eth$i" -i 17 <(echo '0000 01 02 03 04') "$work/host$i.pcapng" 2>"$work/err"
done
mergecap -w "$work/theirs.pcapng" "$work"/host[12].pcapng
cut_out "$work"/host[12].pcapng -w "$work/hosts.pcapng"
assert_eq "two interfaces" "$("$WIRETAPE" info --json "$work/theirs.pcapng" | jq .interface_count)" \
  "$("$WIRETAPE" info --json "$work/hosts.pcapng" | jq .interface_count)"

# A path need not be UTF-8, and each command names it alike.
odd=$work/$'odd\xff.pcapng'
cp "$golden/text2pcap.pcapng" "$odd"
for command in "info --json" "cut --json -w $work/odd_out.pcapng" "replay --json -i sim -t asap" \
  "compare --json $golden/text2pcap.pcapng" "repair --json -n"; do
  # shellcheck disable=SC2086
  timeout 100 "$WIRETAPE" $command "$odd" >"$work/out" 2>"$work/err"
  assert "${command%% *}: a path that is not UTF-8" jq -e \
    '[.. | objects | select(.path_bytes? // "" | endswith("/odd%FF.pcapng")) | .path | endswith("/odd\ufffd.pcapng")] == [true]' \
    "$work/out"
done

# A FIFO is opened once, or its writer would find nobody at the other end.
mkfifo "$work/fifo"
cat "$golden/dumpcap_lo.pcapng" >"$work/fifo" &
cut_out "$work/fifo" -w "$work/from_fifo.pcapng"
assert_eq "a FIFO: exit code" 0 "$code"
assert_eq "a FIFO: packets" 3 "$(packets "$work/from_fifo.pcapng")"
wait

# Nothing matches; a file that is cut off; one of the inputs for output.
cut_out "$golden/dumpcap_lo.pcapng" --to 1 -w "$work/none.pcapng"
assert_eq "no packet: exit code" 0 "$code"
assert_file_has "$work/err" 'no packet matches'
read_by_all "no packet" "$work/none.pcapng" 0
head -c 500 "$golden/dumpcap_lo.pcapng" >"$work/short.pcapng"
cut_out "$work/short.pcapng" -w "$work/used.pcapng"
assert_eq "cut off: exit code" 0 "$code"
assert_file_has "$work/err" 'warning: .*short.pcapng: the file is cut off.*what is before was used'
ln "$work/short.pcapng" "$work/same.pcapng"
before=$(md5sum <"$work/short.pcapng")
cut_out "$work/short.pcapng" -w "$work/same.pcapng"
assert_eq "onto itself: exit code" 1 "$code"
assert_file_has "$work/err" 'is one of the files to read'
assert_eq "onto itself: the file" "$before" "$(md5sum <"$work/short.pcapng")"
assert_eq "nothing is left beside the files" 0 "$(find "$work" -name '*.part' | wc -l)"

# ---- recordings made of chunks, with holes ----

for tape in closed:2 hole:2 not_closed:2 torn_tail:1 other_byte_order:2 no_chunk:0; do
  cut_out "$tapes/${tape%:*}" -w "$work/tape.pcapng"
  assert_eq "${tape%:*}: exit code" 0 "$code"
  read_by_all "${tape%:*}" "$work/tape.pcapng" "${tape#*:}"
done
cut_out "$tapes/hole" -w "$work/tape.pcapng"
assert_file_has "$work/err" 'hole: 1 packet is missing'
cut_out "$tapes/closed" --from 1700000000.000000001 -v -w "$work/tape.pcapng"
assert_file_has "$work/err" 'closed: 1 packet; read [0-9]+ of 16384 bytes'
assert_eq "from the second packet on" 1700000000.000000001 "$(stamps "$work/tape.pcapng")"

assert_tshark_finds
