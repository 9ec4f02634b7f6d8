#!/usr/bin/env bash
# The disk fills up, or fails, while packets keep coming: the recording ends there, says
# so, and the file is whole up to that point.
. "$SUPPORT/lib.sh"
need capinfos editcap mergecap tcpdump tshark
make_link out0 in0
mkdir "$work/disk"
file=$work/disk/file.pcapng

# record_until_it_fails OPTION...: 20 MB/s.
record_until_it_fails() {
  start_recorder -i in0 -w "$file" --json "$@"
  start_generator out0 -s 1000 -p 20000 -c 0
  await_recorder
  stop_generator
}

# check_end NAME MESSAGE: it ended by itself, with books that close.
check_end() {
  assert_eq "$1: exit code" 1 "$status"
  assert_file_has "$work/err" "$2"
  assert_eq "$1: reason" "write failed" "$(json .end)"
  assert_eq "$1: error" true "$(jq --arg message "$2" '.error.message | contains($message)' "$work/out")"
  assert_ledger_closes "$1"
  assert "$1: lost by the writer" test "$(json .lost.writer)" -gt 0
}

# check_file NAME: the packets of the report, for us and for others.
check_file() {
  assert_eq "$1: packets" "$(json .written)" "$(packets "$file")"
  assert_eq "$1: size" "$(json '.files[0].size_bytes')" "$(stat -c %s "$file")"
  assert_sequences "$1" "$file" 1 "$(json .written)"
  if others_complain >"$work/complaints"; then fail "$1: editcap complains: $(cat "$work/complaints")"; fi
}

# The closing statistics have room on a full disk.
check_full() {
  check_end "$1" "No space left on device"
  check_file "$1"
  assert "$1: something was written" test "$(json .written)" -gt 0
  assert_info_agrees "$1" "$file"
  assert_eq "$1: statistics block" 1 "$("$WIRETAPE" info --json "$file" | jq .statistics_blocks)"
}

for reader in v3 v2 recv; do
  mount -t tmpfs -o size=4m wiretape-test "$work/disk" || skip "cannot mount a tmpfs"
  record_until_it_fails --reader $reader
  check_full "tmpfs, $reader"
  tshark_finds "packets by tshark" "$file" frame.number "$(json .written)" "wc -l"
  umount "$work/disk"
done

for io in uring pwrite; do
  for layout in inplace compact; do
    mount -t tmpfs -o size=4m wiretape-test "$work/disk"
    record_until_it_fails --io $io --layout $layout
    check_full "tmpfs, $io, $layout"
    tshark_finds "packets by tshark" "$file" frame.number "$(json .written)" "wc -l"
    umount "$work/disk"
  done
done

# An ext4: past the page cache, where each write meets the disk, and through it.
for io in uring pwrite; do
  for layout in inplace compact; do
    for direct in on off; do
      make_disk 16
      record_until_it_fails --io $io --layout $layout --direct $direct
      check_full "ext4, $io, $layout, direct $direct"
      umount "$work/disk"
    done
  done
done

assert_tshark_finds
