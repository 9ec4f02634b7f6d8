#!/usr/bin/env bash
# Files that lack something are made whole, and other people's programs read them.
. "$SUPPORT/lib.sh"
need capinfos mergecap tshark
tapes=$SUPPORT/../fuzz/corpus/recover
golden=$SUPPORT/../golden

# repair ARGUMENT...: exit code in $code, output in $work/out and $work/err.
repair() {
  timeout 100 "$WIRETAPE" repair "$@" >"$work/out" 2>"$work/err"
  code=$?
}

# whole NAME FILE PACKETS: as everybody sees it, and a second repair changes nothing.
whole() {
  local before
  assert_eq "$1: packets by capinfos" "$3" "$(packets "$2")"
  if others_complain; then fail "$1: capinfos complains"; fi
  tshark_finds "$1: packets by tshark" "$2" frame.number "$3" "wc -l"
  assert_eq "$1: info reads it to its end" true "$("$WIRETAPE" info --json "$2" | jq .complete)"
  before=$(md5sum <"$2")
  repair "$2"
  assert_eq "$1, again: exit code" 0 "$code"
  assert_file_has "$work/out" 'nothing to repair'
  assert_eq "$1, again: the file" "$before" "$(md5sum <"$2")"
}

# ---- recordings made of chunks ----

cp "$tapes/hole" "$work/hole.pcapng"
"$WIRETAPE" info "$work/hole.pcapng" >"$work/out" 2>"$work/err"
assert_eq "info of a file with a hole: exit code" 1 $?
assert_file_has "$work/err" "run 'wiretape repair $work/hole.pcapng'"
before=$(md5sum <"$work/hole.pcapng")
repair -n "$work/hole.pcapng"
assert_eq "dry run: exit code" 1 "$code"
assert_file_has "$work/out" '2 packets in 3 chunks; 1 hole: 1 packet missing'
assert_file_has "$work/out" \
  'at offset 8192: 1 packet missing between 2023-11-14T22:13:20.000000000Z and .*000000002Z .*to be closed'
assert_file_has "$work/err" 'it was closed.*in place it would be left as it is'
assert_eq "dry run: the file" "$before" "$(md5sum <"$work/hole.pcapng")"
# One that was closed is left alone.
repair --json "$work/hole.pcapng"
assert_eq "closed: exit code" 1 "$code"
assert_eq "JSON" '[2,1,1,8192,true,false,false]' "$(jq -c '[.packets, (.holes | length),
  .missing_packets, .holes[0].offset, .needed_repair, .changed, .in_place]' "$work/out")"
assert_eq "closed: the file" "$before" "$(md5sum <"$work/hole.pcapng")"
repair -w "$work/copy.pcapng" "$work/hole.pcapng"
assert_eq "copy: exit code" 0 "$code"
assert_eq "copy: the file" "$before" "$(md5sum <"$work/hole.pcapng")"
whole copy "$work/copy.pcapng" 2
mv "$work/copy.pcapng" "$work/hole.pcapng"
assert_eq "info knows the hole" '[3,1,1,false]' "$("$WIRETAPE" info --json "$work/hole.pcapng" |
  jq -c '.layout | [.chunks, .holes_repaired, .missing_packets, .not_closed]')"
"$WIRETAPE" info "$work/hole.pcapng" >"$work/out"
assert_file_has "$work/out" '^Layout: .*1 hole repaired \(1 packet missing\)'

for tape in not_closed:2 torn_tail:1 no_chunk:0 cut_off:1; do
  file=$work/${tape%:*}.pcapng
  cp "$tapes/${tape%:*}" "$file"
  repair "$file"
  assert_eq "${tape%:*}: exit code" 0 "$code"
  whole "${tape%:*}" "$file" "${tape#*:}"
done
assert_eq "info knows that it was not closed" true \
  "$("$WIRETAPE" info --json "$work/torn_tail.pcapng" | jq .layout.not_closed)"

# Chunks that were written in part: their first packets stay. What others read before is there.
# torn NAME CHUNKS PACKETS MISSING, after damage to $work/NAME.pcapng.
torn() {
  local file=$work/$1.pcapng before
  before=$(capinfos -Mc "$file" 2>&1 |
    sed -nE 's/^(.*after reading|Number of packets:) *([0-9]+).*/\2/p' | head -n 1)
  repair -n "$file"
  assert_file_has "$work/out" "$2 chunks? written in part: [0-9,]+ packets? kept, [0-9,]+ missing"
  repair --json -w "$work/copy.pcapng" "$file"
  assert_eq "$1, copy: exit code" 0 "$code"
  if [ "$(jq .in_place "$work/out")" = true ]; then
    repair --json "$file"
    assert_eq "$1: exit code" 0 "$code"
  else
    # It was closed: left alone.
    md5sum <"$file" >"$work/sum"
    repair "$file"
    assert_eq "$1: exit code" 1 "$code"
    assert_file_has "$work/err" 'it was closed.* the file is left as it is: -w FILE writes'
    assert_eq "$1: the file" "$(cat "$work/sum")" "$(md5sum <"$file")"
    repair --json -w "$work/again.pcapng" "$file"
    cp "$work/again.pcapng" "$file"
  fi
  assert_eq "$1: chunks in part" "$2" "$(jq .in_part.chunks "$work/out")"
  kept=$(jq .packets "$work/out") missing=$(jq .missing_packets "$work/out")
  assert "$1: $kept packets, at least $before" test "$kept" -ge "$before"
  assert_eq "$1: all are accounted for" "$3" "$((kept + missing))"
  whole "$1" "$file" "$kept"
  whole "$1, copy" "$work/copy.pcapng" "$kept"
  assert_eq "$1: info knows" "[$missing,$4]" "$("$WIRETAPE" info --json "$file" |
    jq -c '.layout | [.missing_packets, .not_closed]')"
  timeout 100 "$WIRETAPE" cut "$file" -w "$work/cut.pcapng" 2>"$work/err"
  assert_eq "$1: all are cut out" "$kept" "$(packets "$work/cut.pcapng")"
}

# zero FILE PAGE COUNT
zero() { dd if=/dev/zero of="$1" bs=4096 seek="$2" count="$3" conv=notrunc status=none; }

for layout in inplace compact; do
  timeout 100 "$WIRETAPE" record --reader sim -i sim:count=20000,pps=1000000 --layout $layout \
    -w "$work/tape.pcapng" -q || fail "record"
  pages=$(($(stat -c %s "$work/tape.pcapng") / 4096))
  cp "$work/tape.pcapng" "$work/middle_$layout.pcapng"
  zero "$work/middle_$layout.pcapng" $((pages / 4)) 5
  torn "middle_$layout" 1 20000 false
  head -c $((pages * 4096 * 2 / 3 + 1234)) "$work/tape.pcapng" >"$work/cut_$layout.pcapng"
  "$WIRETAPE" repair --json -n "$work/cut_$layout.pcapng" >"$work/out"
  torn "cut_$layout" 1 "$(jq '.packets + .missing_packets' "$work/out")" true
done

cp "$tapes/first_chunk_damaged" "$work/damaged.pcapng"
before=$(md5sum <"$work/damaged.pcapng")
repair "$work/damaged.pcapng"
assert_eq "damaged first chunk: exit code" 1 "$code"
assert_file_has "$work/err" 'its first chunk, with the interfaces, is damaged'
assert_eq "damaged first chunk: the file" "$before" "$(md5sum <"$work/damaged.pcapng")"

# The recorder's lock, held by somebody else.
cp "$tapes/hole" "$work/locked.pcapng"
before=$(md5sum <"$work/locked.pcapng")
exec 9<"$work/locked.pcapng"
flock -x 9
repair "$work/locked.pcapng"
assert_eq "locked: exit code" 1 "$code"
assert_file_has "$work/err" 'locked.pcapng: it is being recorded now'
assert_eq "locked: the file" "$before" "$(md5sum <"$work/locked.pcapng")"
exec 9<&-

# ---- other people's files, cut off anywhere ----

for name in dumpcap_lo.pcapng mergecap_two.pcapng editcap_us.pcap editcap_ns.pcap; do
  size=$(stat -c %s "$golden/$name")
  for keep in $((size - 1)) $((size - 5)) $((size - 100)) $((size / 2)); do
    head -c "$keep" "$golden/$name" >"$work/cut_$name"
    repair "$work/cut_$name"
    assert_eq "$name, $keep bytes: exit code" 0 "$code"
    left=$(stat -c %s "$work/cut_$name")
    if [ "$left" != "$keep" ]; then
      assert_file_has "$work/out" "$((keep - left)) bytes? cut off from offset $left on"
    fi
    whole "$name, $keep bytes" "$work/cut_$name" \
      "$("$WIRETAPE" info --json "$work/cut_$name" | jq .packets)"
  done
done

# Broken in its middle: left alone, and what is after the damage is in the copy.
for name in mergecap_two.pcapng dumpcap_lo.pcapng editcap_us.pcap editcap_ns.pcap; do
  count=$(packets "$golden/$name")
  for where in 100 200; do
    { head -c "$where" "$golden/$name"; printf 'zzzzz'; tail -c +$((where + 1)) "$golden/$name"; } >"$work/broken"
    before=$(md5sum <"$work/broken")
    repair "$work/broken"
    assert_eq "$name, broken at $where: exit code" 1 "$code"
    assert_file_has "$work/err" 'the file is left as it is: -w FILE writes a repaired copy'
    assert_eq "$name, broken at $where: the file" "$before" "$(md5sum <"$work/broken")"
    repair -n "$work/broken"
    assert_eq "$name, broken at $where, dry run: exit code" 1 "$code"
    repair --json -w "$work/mended" "$work/broken"
    assert_eq "$name, broken at $where, copy: exit code" 0 "$code"
    kept=$(jq .packets "$work/out")
    assert "$name, broken at $where: $kept of $count" test "$kept" -ge $((count - 1))
    assert_eq "$name, broken at $where: what is left out is listed" \
      "$(jq .left_out_bytes "$work/out")" \
      "$(jq '[.passed_over[] | select(.mended | not) | .size_bytes] | add // 0' "$work/out")"
    whole "$name, broken at $where" "$work/mended" "$kept"
    rm "$work/mended"
  done
done

# A section of another version between two is passed over by its length, which all commands say.
{ cat "$golden/mergecap_two.pcapng"
  printf '\n\r\r\n\034\0\0\0M<+\032\002\0\0\0\020\0\0\0\0\0\0\0\034\0\0\0sixteen bytes of'
  cat "$golden/mergecap_two.pcapng"; } >"$work/version.pcapng"
count=$((2 * $(packets "$golden/mergecap_two.pcapng")))
repair "$work/version.pcapng"
assert_eq "another version: exit code" 0 "$code"
assert_file_has "$work/out" "$count packets; nothing to repair"
assert_file_has "$work/out" '1 section of a pcapng version that is not known, 44 bytes, not looked into'
assert_eq "another version: info" "[$count,1,44]" "$("$WIRETAPE" info --json "$work/version.pcapng" |
  jq -c '[.packets, .other_blocks.unknown_sections, .other_blocks.unknown_sections_bytes]')"
"$WIRETAPE" cut "$work/version.pcapng" -w "$work/cut.pcapng" 2>"$work/err"
assert_file_has "$work/err" '1 section of a pcapng version that is not known was passed over'
assert_eq "another version: cut" "$count" "$(packets "$work/cut.pcapng")"
"$WIRETAPE" replay "$work/version.pcapng" -i sim 2>"$work/err" >/dev/null
assert_file_has "$work/err" '1 section of a pcapng version that is not known was passed over'
"$WIRETAPE" compare "$work/version.pcapng" "$work/cut.pcapng" 2>"$work/err" >"$work/out"
assert_file_has "$work/err" '1 section of a pcapng version that is not known was passed over'

# Two recordings, somebody else's file and a third in one file: whole, and read whole by all.
for layout in inplace compact; do
  timeout 100 "$WIRETAPE" record --reader sim -i sim:count=2000 --layout $layout \
    -w "$work/$layout.pcapng" -q || fail "record"
done
cat "$work/inplace.pcapng" "$work/compact.pcapng" "$golden/mergecap_two.pcapng" \
  "$work/inplace.pcapng" >"$work/many.pcapng"
sum=$((6000 + $(packets "$golden/mergecap_two.pcapng")))
before=$(md5sum <"$work/many.pcapng")
repair "$work/many.pcapng"
assert_eq "many: exit code" 0 "$code"
assert_file_has "$work/out" 'nothing to repair'
assert_eq "many: the file" "$before" "$(md5sum <"$work/many.pcapng")"
assert_eq "many: info" "$sum" "$("$WIRETAPE" info --json "$work/many.pcapng" | jq .packets)"
"$WIRETAPE" cut "$work/many.pcapng" -w "$work/cut.pcapng" 2>"$work/err"
assert_eq "many: cut" "$sum" "$(packets "$work/cut.pcapng")"
assert_eq "many: compare" "$sum" \
  "$("$WIRETAPE" compare --json "$work/many.pcapng" "$work/cut.pcapng" | jq .matched)"

# A file of nothing, one that cannot be written, and one good one among them.
: >"$work/empty"
cp "$golden/dumpcap_lo.pcapng" "$work/good.pcapng"
repair "$work/empty" "$work/good.pcapng"
assert_eq "an empty file: exit code" 1 "$code"
assert_file_has "$work/err" 'empty: the file is empty'
assert_file_has "$work/out" 'good.pcapng: 3 packets; nothing to repair'
mkfifo "$work/fifo"
repair "$work/fifo"
assert_eq "a FIFO: exit code" 1 "$code"
assert_file_has "$work/err" 'not a regular file'

assert_tshark_finds
