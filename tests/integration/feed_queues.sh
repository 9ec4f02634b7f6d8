#!/usr/bin/env bash
# Feeds over two queues, which get a stream's packets in turn or each stream whole: the verdicts are
# those of one queue, and whoever reads the tapes of both finds the same.
. "$SUPPORT/lib.sh"
make_link out0 in0
make_link out1 in1
file=$work/file.pcapng
streams=99 # so that packets of each are dealt to both

# gaps FILE: its events of gaps, as they stand there.
gaps() {
  grep -E '"event":"(pair_)?gap"' "$1" | sort
}

follow() {
  rm -f "$work"/file_q?.pcapng "$work/events"
  start_recorder --queues 2 --fanout "$fanout" --no-join --events "$work/events" --json -w "$file" "$@"
}

emit() {
  "$FEED_SEND" -n $streams -p 50000 "$@" || fail "feed_send $*"
}

# find_gaps NAME VERDICT COUNT: COUNT gaps of streams, all with this verdict, and check finds the same.
find_gaps() {
  local name="$fanout, $1"
  rm -f "$work/checked"
  "$WIRETAPE" check --events "$work/checked" "$file" >"$work/check.out" 2>&1
  gaps "$work/events" >"$work/gaps.recorded"
  gaps "$work/checked" >"$work/gaps.checked"
  assert_eq "$name: check finds the same" "" \
    "$(diff "$work/gaps.recorded" "$work/gaps.checked" | head -n 4)"
  # A kernel drops a single packet also while one processor hands a block over and another has it.
  grep '"event":"gap"' "$work/events" | grep -v '"missing":1,.*"verdict":"ring"' >"$work/gaps.streams"
  assert_eq "$name: gaps of streams" "$3" "$(wc -l <"$work/gaps.streams")"
  assert_eq "$name: wrong ones" "" "$(grep -v "\"verdict\":\"$2\"" "$work/gaps.streams" | head -n 3)"
  assert_ledger_closes "$name"
}

all_written() {
  counted "$1" && ! grep -q 'waiting in the ring' "$work/err"
}

says() { grep -q -e "$1" "$work/err"; }

"$FEED_SEND" -n $streams -w "$work/feeds" out0
"$FEED_SEND" -n $streams -w "$work/pairs" out0 out1

for fanout in lb hash; do
  follow -i in0 --feeds "$work/feeds"
  emit -c 50 -s 20:3 out0
  stop_after $((streams * 47))
  find_gaps upstream upstream $streams
  assert_eq "$fanout: no number came out of order" 0 \
    "$(json '.feeds.feed_total.late + .feeds.feed_total.gaps_by_verdict.late')"

  follow -i in0 -i in1 --feeds "$work/pairs"
  emit -c 50 -t 20:3 out0 out1
  stop_after $((streams * 97))
  find_gaps line line $streams
  assert_eq "$fanout: no gap of both sides" 0 "$(grep -c '"event":"pair_gap"' "$work/events")"

  follow -i in0 --feeds "$work/feeds"
  emit -c 50 -l 20:5 out0
  stop_after $((streams * 50))
  find_gaps late late $streams

  # The recorder stands still until its rings are full.
  follow -i in0 --feeds "$work/feeds" --ring 256KiB --layout inplace
  emit -c 5 out0
  wait_until "they are written" all_written $((streams * 5))
  kill -STOP "$recorder"
  wait_until "the recorder stands still" stopped "$recorder"
  emit -f 6 -c 200 out0
  kill -CONT "$recorder"
  wait_until "the rings are empty" all_written $((streams * 205))
  emit -f 206 -c 20 -p 5000 out0
  stop_after $((streams * 225))
  find_gaps ring ring "$(grep '"event":"gap"' "$work/events" | grep -vc '"missing":1,.*"verdict":"ring"')"
  assert "$fanout: most streams have lost something" \
    test "$(wc -l <"$work/gaps.streams")" -ge $((streams / 2))
  assert_eq "$fanout: as many as the rings have lost" "$(json .lost.ring)" \
    "$(json .feeds.feed_total.missing)"

  # The interface was down in between.
  follow -i in0 --feeds "$work/feeds"
  emit -c 20 out0
  ip link set in0 down
  wait_until "it says that in0 is down" says 'in0 went down'
  ip link set in0 up
  wait_until "it says that in0 is up" says 'in0 is up again'
  wait_until "in0 runs" runs in0
  emit -f 31 -c 20 out0
  stop_after $((streams * 40))
  find_gaps down unknown $streams
  assert_eq "$fanout, down: it says why" $streams \
    "$(gaps "$work/events" | grep -c 'the interface was down')"

  # Several files.
  follow -i in0 --feeds "$work/feeds" -b packets:1000
  emit -c 50 -s 20:3 out0
  stop_after $((streams * 47))
  mapfile -t parts < <(json '.files[].path')
  rm -f "$work/checked"
  "$WIRETAPE" check --events "$work/checked" "${parts[@]}" >"$work/check.out" 2>&1
  assert_eq "$fanout, several files: check finds the same" "" \
    "$(diff <(gaps "$work/events") <(gaps "$work/checked") | head -n 4)"
  rm -f "${parts[@]}"
done
