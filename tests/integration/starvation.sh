#!/usr/bin/env bash
# One interface is flooded, another one is quiet, and what takes the file is slower than the flood: that
# costs the flooded one packets, and the quiet one none, whichever comes first.
. "$SUPPORT/lib.sh"
need capinfos
make_link out0 in0
make_link out1 in1
mkfifo "$work/slow"

# 20 MB/s: a piece each time that nothing comes from the silence.
read_slowly() {
  exec <"$work/slow"
  while [ "$(head -c 400000 | tee -a "$1" | wc -c)" -gt 0 ]; do pause; done
}

# starve WHAT INTERFACE INTERFACE
starve() {
  local what=$1 file=$work/file.pcapng quiet=3000
  rm -f "$file"
  read_slowly "$file" &
  reader=$!
  start_recorder -i "$2" -i "$3" -w "$work/slow" --ring 64MiB --json
  start_generator out0 -s 1400 -p 60000 -c 0
  before=$(received in0)
  wait_until "the flood has begun" arrived in0 $((before + 60000))
  # For longer than the ring holds blocks that each have a few packets.
  send out1 $quiet -s 200 -p 500
  stop_generator
  stop_recorder
  wait "$reader"
  assert_eq "$what: exit code" 0 "$status"
  assert_ledger_closes "$what"
  assert_info_agrees "$what" "$file"
  assert "$what: the flood is too much" test "$(json '.interfaces[] | select(.interface == "in0").lost.ring')" -gt 0
  assert_eq "$what: of the quiet interface is lost" 0 "$(json '.interfaces[] | select(.interface == "in1").lost | add')"
  assert_eq "$what: packets of the quiet interface" $quiet "$(json '.interfaces[] | select(.interface == "in1").written')"
}

starve "flooded first" in0 in1
starve "quiet first" in1 in0
