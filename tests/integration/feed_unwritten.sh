#!/usr/bin/env bash
# A disk that is full before it has a packet of some streams, or of any: what was seen of them is
# missing, is the writer's, and `check` finds it as `record` did.
. "$SUPPORT/lib.sh"
make_link out0 in0
mkdir "$work/disk"

gaps() {
  grep '"event":"gap"' "$1" | sort
}

# unwritten STREAMS PACKETS_EACH SIZE
unwritten() {
  local file=$work/disk/file.pcapng
  rm -f "$work/events" "$work/checked"
  mount -t tmpfs -o "size=$3" wiretape-test "$work/disk" || skip "cannot mount a tmpfs"
  "$FEED_SEND" -n "$1" -w "$work/feeds" out0
  start_recorder -i in0 -w "$file" --no-join --feeds "$work/feeds" --direct off --layout compact \
    --events "$work/events" --json
  "$FEED_SEND" -n "$1" -c "$2" -p 50000 out0
  wait_until "the disk is full" ended "$recorder"
  await_recorder
  assert_eq "$3: exit code" 1 "$status"
  "$WIRETAPE" check --feeds "$work/feeds" --events "$work/checked" "$file" >"$work/check.out" 2>&1
  assert_eq "$3: exit code of check" 3 $?
  assert_eq "$3: check finds the same" "$(gaps "$work/events")" "$(gaps "$work/checked")"
  assert_eq "$3: no stamp is unknown" "" "$(grep -- '"time_ns":-' "$work/events")"
  assert_eq "$3: all of it is found" "$(json .lost.writer)" \
    "$(jq -s 'map(select(.event == "gap" and .verdict == "writer").missing) | add' "$work/events")"
  umount "$work/disk"
}

unwritten 100 200 1m
unwritten 10 3000 2m
