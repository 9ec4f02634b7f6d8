#!/usr/bin/env bash
# The disk fails while packets keep coming: a compressed memory device that gets no more
# memory answers every write with EIO. The recording ends there and says so.
. "$SUPPORT/lib.sh"
need tshark capinfos mkfs.ext4
make_link out0 in0
control=/sys/class/zram-control
[ -w $control/hot_remove ] || skip "no zram devices here, or no right to make one (takes root)"
file=$work/disk/file.pcapng

number=""

# A device is nobody's, so it does not go with us; tidy.sh finds undo.sh.
undo() {
  [ -n "$number" ] || return
  bash "$work/undo.sh"
  rm "$work/undo.sh"
  number=""
}

make_device() {
  mkdir -p "$work/disk"
  number=$(cat $control/hot_add) && [ -n "$number" ] || skip "cannot make a zram device"
  echo "echo 1 >/sys/block/zram$number/reset; echo $number >$control/hot_remove" >"$work/undo.sh"
  echo 512M >/sys/block/zram"$number"/disksize
  # Without a journal, so that the file system goes on by itself.
  mkfs.ext4 -q -F -O ^has_journal /dev/zram"$number" && mount -o errors=continue /dev/zram"$number" "$work/disk" ||
    skip "cannot mount a zram device"
}

# may_take PAGES_OF_MEMORY: 0 for any.
may_take() {
  echo "$1" >/sys/block/zram"$number"/mem_limit
}

for io in uring pwrite; do
  for direct in on off; do
    name="$io, direct $direct"
    make_device
    # The page cache swallows errors until the next sync.
    start_recorder -i in0 -w "$file" --json --io $io --direct $direct --sync interval:1
    start_generator out0 -s 1000 -p 20000 -c 0
    before=$(received in0)
    wait_until "it writes" arrived in0 $((before + 10000))
    may_take 1
    await_recorder
    stop_generator
    may_take 0
    assert_eq "$name: exit code" 1 "$status"
    assert_file_has "$work/err" 'Input/output error'
    assert_eq "$name: reason" "write failed" "$(json .end)"
    assert_ledger_closes "$name"
    if [ $direct = on ]; then
      assert "$name: lost by the writer" test "$(json .lost.writer)" -gt 0
      # What it says is written is on the disk, not only in memory.
      echo 1 >/proc/sys/vm/drop_caches
      assert_sequences "$name" "$file" 1 "$(json .written)"
    fi
    umount "$work/disk"
    undo
  done
done
