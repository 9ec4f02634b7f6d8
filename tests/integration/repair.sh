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

for tape in not_closed:2 torn_tail:1 no_chunk:0 cut_off:0 other_byte_order:2; do
  file=$work/${tape%:*}.pcapng
  cp "$tapes/${tape%:*}" "$file"
  repair "$file"
  assert_eq "${tape%:*}: exit code" 0 "$code"
  whole "${tape%:*}" "$file" "${tape#*:}"
done
assert_eq "info knows that it was not closed" true \
  "$("$WIRETAPE" info --json "$work/torn_tail.pcapng" | jq .layout.not_closed)"

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
