#!/usr/bin/env bash
# Files that lack something are made whole, and other people's programs read them.
. "$SUPPORT/lib.sh"
need capinfos tshark
tapes=$SUPPORT/../fuzz/corpus/recover
golden=$SUPPORT/../golden

# repair ARGUMENT...: exit code in $code, output in $work/out and $work/err.
repair() {
  timeout 30 "$WIRETAPE" repair "$@" >"$work/out" 2>"$work/err"
  code=$?
}

# whole NAME FILE PACKETS: as everybody sees it, and a second repair changes nothing.
whole() {
  local before
  assert_eq "$1: packets by capinfos" "$3" "$(packets "$2")"
  assert_eq "$1: packets by tshark" "$3" "$(fields "$2" frame.number | wc -l)"
  if others_complain; then fail "$1: tshark complains"; fi
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
assert_eq "dry run: exit code" 0 "$code"
assert_file_has "$work/out" '2 packets in 3 chunks; 1 hole: 1 packet missing'
assert_file_has "$work/out" \
  'at offset 8192: 1 packet missing between 2023-11-14T22:13:20.000000000Z and .*000000002Z .*to be closed'
assert_eq "dry run: the file" "$before" "$(md5sum <"$work/hole.pcapng")"
repair -w "$work/copy.pcapng" "$work/hole.pcapng"
assert_eq "copy: exit code" 0 "$code"
assert_eq "copy: the file" "$before" "$(md5sum <"$work/hole.pcapng")"
whole copy "$work/copy.pcapng" 2
repair --json "$work/hole.pcapng"
assert_eq "JSON" '[2,1,1,8192,true,true,null]' "$(jq -c '[.packets, (.holes | length),
  .missing_packets, .holes[0].offset, .needed_repair, .changed, .error]' "$work/out")"
whole hole "$work/hole.pcapng" 2
assert_eq "the copy and the file" "$(md5sum <"$work/hole.pcapng")" "$(md5sum <"$work/copy.pcapng")"
assert_eq "info knows the hole" '[3,1,1,false]' "$("$WIRETAPE" info --json "$work/hole.pcapng" |
  jq -c '.layout | [.chunks, .holes_repaired, .missing_packets, .not_closed]')"
"$WIRETAPE" info "$work/hole.pcapng" >"$work/out"
assert_file_has "$work/out" '^Layout: .*1 hole repaired \(1 packet missing\)'

for tape in not_closed:2 torn_tail:1 no_chunk:0 cut_off:1 other_byte_order:2; do
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
  before=$(fields "$file" frame.number 2>/dev/null | wc -l)
  repair -n "$file"
  assert_file_has "$work/out" "$2 chunks? written in part: [0-9,]+ packets? kept, [0-9,]+ missing"
  repair -w "$work/copy.pcapng" "$file"
  assert_eq "$1, copy: exit code" 0 "$code"
  repair --json "$file"
  assert_eq "$1: exit code" 0 "$code"
  assert_eq "$1: chunks in part" "$2" "$(jq .in_part.chunks "$work/out")"
  kept=$(jq .packets "$work/out") missing=$(jq .missing_packets "$work/out")
  assert "$1: $kept packets, at least $before" test "$kept" -ge "$before"
  assert_eq "$1: all are accounted for" "$3" "$((kept + missing))"
  whole "$1" "$file" "$kept"
  whole "$1, copy" "$work/copy.pcapng" "$kept"
  assert_eq "$1: info knows" "[$missing,$4]" "$("$WIRETAPE" info --json "$file" |
    jq -c '.layout | [.missing_packets, .not_closed]')"
  timeout 30 "$WIRETAPE" cut "$file" -w "$work/cut.pcapng" 2>"$work/err"
  assert_eq "$1: all are cut out" "$kept" "$(packets "$work/cut.pcapng")"
}

# zero FILE PAGE COUNT
zero() { dd if=/dev/zero of="$1" bs=4096 seek="$2" count="$3" conv=notrunc status=none; }

for layout in inplace compact; do
  timeout 30 "$WIRETAPE" record --reader sim -i sim:count=20000,pps=1000000 --layout $layout \
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

# Broken in its middle: what is behind was not understood.
cp "$golden/mergecap_two.pcapng" "$work/broken.pcapng"
size=$(stat -c %s "$work/broken.pcapng")
printf '\377\377\377\377' | dd of="$work/broken.pcapng" bs=1 seek=$((size - 4)) conv=notrunc status=none
repair -n "$work/broken.pcapng"
assert_eq "broken, dry run: exit code" 0 "$code"
assert_file_has "$work/out" 'not understood.*its length'
repair "$work/broken.pcapng"
assert_eq "broken: exit code" 0 "$code"
whole broken "$work/broken.pcapng" 5

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
