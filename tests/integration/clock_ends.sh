#!/usr/bin/env bash
# Recordings with hardware stamps that are ended from outside: by SIGTERM all is there to the
# end, after SIGKILL what is left can still be converted again.
. "$SUPPORT/lib.sh"
kills=${KILLS:-6} seed=${SEED:-$RANDOM}
RANDOM=$seed
echo "SEED=$seed"
file=$work/file.pcapng
# It runs 50 ppm too fast, on TAI.
nic=ppm=50,offset=37000000000,tai=37

# restamp FILE [PPM]: into $work/restamp.
restamp() {
  "$RESTAMP" "$@" >"$work/restamp" 2>&1
}

# of_restamp NAME: what it has counted.
of_restamp() {
  sed -nE "s/.*\b$1=([0-9]+).*/\1/p" "$work/restamp"
}

start_simulation() {
  rm -f "$file"
  start_recorder --reader sim --json --stamp hw -w "$file" "$@"
}

# as many in the file, by the ledger that it prints when poked
written() {
  : >"$work/err"
  wait_until "it prints the ledger" printed_ledger
  [ "$(sed -nE 's/.*sim: seen [0-9]+ = written ([0-9]+) .*/\1/p' "$work/err" | tail -n 1)" -ge "$1" ]
}

# ---- SIGTERM ----

for signal in TERM INT; do
  for layout in inplace compact; do
    name="SIG$signal, $layout"
    start_simulation -i "sim:pps=20000,software_every=100,$nic" --layout $layout
    wait_until "$name: it writes" written 5000
    stop_recorder $signal
    assert_eq "$name: exit code" 0 "$status"
    assert_ledger_closes "$name"
    assert_eq "$name: the clock gains" true "$(json '.interfaces[0].clock.ppm | . > 40 and . < 60')"
    assert_info_agrees "$name" "$file"
    restamp "$file" 50 || fail "$name: restamp: $(cat "$work/restamp")"
    assert_eq "$name: packets" "$(json .written)" "$(of_restamp packets)"
    assert_eq "$name: all hardware stamps are there" "$(json .stamps.hardware)" "$(of_restamp confirmed)"
    # The one behind all packets is in the file, too.
    assert_eq "$name: cross timestamps" "$(json '.interfaces[0].clock.cross_timestamps')" \
      "$("$WIRETAPE" info --json "$file" | jq '.sections[0].interfaces[0].clock.cross_timestamps')"
    assert "$name: some" test "$(json '.interfaces[0].clock.cross_timestamps')" -ge 3
  done
done

# ---- SIGKILL ----

kill_it() {
  {
    kill -KILL "$recorder"
    await_recorder
  } 2>"$work/shell.err"
  assert_eq "$1: ended by" 137 "$status"
}

layouts=(inplace compact)
for ((i = 0; i < kills; i++)); do
  layout=${layouts[i % 2]}
  name="kill $i, $layout"
  start_simulation -i "sim:pps=50000,step=37000000000@$((5000 + RANDOM % 20000)),$nic" --layout "$layout"
  wait_until "$name: it writes" written $((10000 + RANDOM % 60000))
  kill_it "$name"
  timeout 100 "$WIRETAPE" repair "$file" >"$work/repaired" 2>&1 || fail "$name: repair: $(cat "$work/repaired")"
  restamp "$file"
  assert_eq "$name: packets" "$("$WIRETAPE" info --json "$file" | jq .packets)" "$(of_restamp packets)"
  assert "$name: there are some" test "$(of_restamp packets)" -gt 5000
  assert_eq "$name: contradicted" 0 "$(of_restamp contradicted)"
  assert_eq "$name: all were converted" "$(of_restamp packets)" "$(of_restamp converted)"
  # Only what was taken out of the ring when a clock was set may stand before its map.
  lost=$(of_restamp without_map)
  echo "$name: $(of_restamp packets) packets, $lost without their map"
  assert "$name: those without a map are few" test "$lost" -le 16384
done
