#!/usr/bin/env bash
# generate --feed: what it makes is what it says it has made, as check, tshark and a recorder
# find it.
. "$SUPPORT/lib.sh"
need tshark capinfos editcap tcpdump
file=$work/file.pcapng

# make OPTION...: a file; the truth is in $work/truth.
make() {
  "$WIRETAPE" generate -q --json -w "$file" "$@" >"$work/truth" || fail "generate $*"
}

# truth FILTER
truth() {
  jq -r "$1" "$work/truth"
}

# check_feed SPEC...: what check finds is in $work/found, its events in $work/events.
check_feed() {
  local spec feeds=()
  for spec in "$@"; do feeds+=(--feed "$spec"); done
  rm -f "$work/events"
  "$WIRETAPE" check "$file" "${feeds[@]}" --json --events "$work/events" >"$work/found" 2>"$work/err"
  status=$?
}

found() {
  jq -r "$1" "$work/found"
}

# ---- the file, as others see it ----
make --feed moldudp64 -c 1000 --skip 100-109,500 --pps 1k
assert_eq "packets" 1000 "$(packets "$file")"
numbers "$file" >"$work/got"
seq 1 1011 | awk '!($1 >= 100 && $1 <= 109) && $1 != 500' >"$work/expected"
assert "numbers without those skipped" cmp "$work/expected" "$work/got"
assert_eq "its truth" "1012 1000 11" "$(truth '.streams[0] | "\(.next) \(.sides[0].numbers) \(.sides[0].skipped)"')"
assert_eq "times" "1700000000.000000000 1700000000.999000000" \
  "$(fields "$file" frame.time_epoch | sed -n '1p;$p' | xargs)"
cp "$file" "$work/first.pcapng"
make --feed moldudp64 -c 1000 --skip 100-109,500 --pps 1k
assert "the same again" cmp "$file" "$work/first.pcapng"
"$WIRETAPE" generate -q --feed moldudp64 -c 1000 --skip 100-109,500 --pps 1k -w - >"$work/stdout"
assert "the same on standard output" cmp "$file" "$work/stdout"
assert_eq "info" true "$("$WIRETAPE" info --json "$file" | jq .complete)"

# ---- every transport: what is missing is what was skipped ----
presets=$("$WIRETAPE" feeds --list --json | jq -r '.presets[].name')
assert "presets" test "$(wc -w <<<"$presets")" -gt 20
for preset in $presets custom:offset=0,width=4; do
  make --feed "$preset" -c 600 --skip 50-59 --skip 1/40 --duplicate 1/50 --reorder 1/50 --pps 10k
  check_feed "$preset@233.252.0.1:26477,name=x"
  # What was skipped last does not show: the next number is the truth's, or there is less.
  assert_eq "$preset: received, duplicates, unrecognised" \
    "$(truth '.streams[0].sides[0] | "\(.numbers) \(.duplicates) 0"')" \
    "$(found '"\([.streams[].received] | add) \([.streams[].duplicates] | add) \(.feed_total.unrecognised)"')"
done

# ---- two sides, R, streams ----
make --feed pitch --streams 5 --side A=239.1.1.1:5000@veth0 --side B=239.1.2.1:5000@veth2,delay=50us \
  --skip B:100-109 --skip 200-204 --side R=239.1.3.1:5000@veth2 --messages 1..4 -c 10000
for i in 1 2 3 4 5; do
  echo "unit-$i pitch A=239.1.1.$i:5000 B=239.1.2.$i:5000 R=239.1.3.$i:5000"
done >"$work/feeds"
"$WIRETAPE" check "$file" --feeds "$work/feeds" --json --events "$work/events" >"$work/found" 2>"$work/err"
assert_eq "interfaces" "veth0 veth2" "$("$WIRETAPE" info --json "$file" | jq -r '[.sections[].interfaces[].interface] | join(" ")')"
for side in A B; do
  assert_eq "side $side: received" "$(truth "[.streams[].sides[] | select(.side == \"$side\").numbers] | add")" \
    "$(found "[.streams[] | select(.side == \"$side\").received] | add")"
done
assert_eq "B lacks 15 of each" 75 "$(found '[.streams[] | select(.side == "B").missing] | add')"
assert_eq "truth of B" 75 "$(truth '[.streams[].sides[] | select(.side == "B").skipped] | add')"
assert_eq "R has 15 of each" 75 "$(truth '[.streams[].sides[] | select(.side == "R").numbers] | add')"
assert_eq "all have all" 0 "$(found '[.channels[].missing] | add')"

# ---- events are JSON, with the keys that are documented ----
assert "events" test -s "$work/events"
assert_eq "events: version, kinds, gaps" "true" "$(jq -s '
  all(.v == 1 and (.event | IN("stream", "gap", "pair_gap", "recovered", "restart", "state", "lost_tail")) and
      (.stream | startswith("unit-")) and .unit == "messages" and (.time_ns | type == "number")) and
  all(.[] | select(.event == "gap"); .end - .first > 0 and .verdict and .evidence.text and .recovered.count >= 0)' \
  "$work/events")"

# ---- resets, sessions, heartbeats ----
make --feed moldudp64,sessions=3 -c 900 --heartbeat 1ms --pps 100
assert_eq "sessions end" "3 2" "$(truth '.streams[0].sides[0] | "\(.ends) \(.resets)"')"
check_feed moldudp64@233.252.0.1:26477,name=x
assert_eq "sessions: nothing is missing" "0 0" "$status $(found '[.streams[].missing] | add')"
make --feed pillar -c 500 --reset-at 200 --heartbeat 100ms
check_feed pillar@233.252.0.1:26477,name=x
assert_eq "a reset is no gap" "0 1" "$status $(found '[.streams[].resets] | add')"
make --feed mitch -c 500 --skip 501-505 --heartbeat 100ms
check_feed mitch@233.252.0.1:26477,name=x
assert_eq "what is missing last shows by a heartbeat" 5 "$(found '[.streams[].missing] | add')"

# ---- sent ----
make_link out0 in0
make_link out1 in1
rm -f "$file"
channel=pitch@A=239.1.1.1:5000,B=239.1.1.2:5000,name=bzx
start_recorder -i in0 -i in1 -w "$file" --json --feed "$channel"
"$WIRETAPE" generate --feed pitch --side A=239.1.1.1:5000@out0 --side B=239.1.1.2:5000@out1,delay=50us \
  --skip B:100-109 --pps 20k -c 4000 --json -q >"$work/truth" || fail "generate to two interfaces"
assert_eq "sent" 3990 "$(truth .sent)"
stop_after 3990
check_feed "$channel"
assert_eq "side A" 2000 "$(found '.streams[] | select(.side == "A").received')"
assert_eq "side B" "1990 10" "$(found '.streams[] | select(.side == "B") | "\(.received) \(.missing)"')"
assert_eq "its gap" "100 110 line" "$(jq -r 'select(.event == "gap") | "\(.first) \(.end) \(.verdict)"' "$work/events")"
# A cut has the channels, and what was found out about them.
"$WIRETAPE" cut "$file" -w "$work/cut.pcapng" 2>"$work/err" || fail "cut"
assert_eq "feed blocks of a cut" "$("$WIRETAPE" info --json "$file" | jq .other_blocks.feed)" \
  "$("$WIRETAPE" info --json "$work/cut.pcapng" | jq .other_blocks.feed)"
assert_eq "channels of a cut" tape "$("$WIRETAPE" check --json "$work/cut.pcapng" | jq -r .feeds)"

"$WIRETAPE" generate -i out0 --feed moldudp64 --streams 100 --skip 10-19 --pps 50k -d 0.1 --json -q >"$work/truth"
assert_eq "streams" "5000 100 10" "$(truth '"\(.sent) \(.streams | length) \(.streams[99].sides[0].skipped)"')"

# ---- mistakes ----
wrong() {
  local pattern=$1
  shift
  timeout 100 "$WIRETAPE" generate "$@" >"$work/out" 2>"$work/err"
  assert_eq "$*: exit code" 2 $?
  assert_file_has "$work/err" "$pattern"
}
wrong 'goes with --feed' -i out0 --skip 5
wrong 'goes with --feed' -w "$work/absent" -c 5
wrong 'where to send' --feed pitch
wrong 'where to send' --feed pitch --side A=239.1.1.1:5000@out0 --side B=239.1.1.2:5000
wrong "no preset 'mold'" -i out0 --feed mold
wrong 'has no end' --feed pitch -w "$work/absent" -c 0
wrong 'no rate for stamps' --feed pitch -w "$work/absent" --pps max
wrong 'has no sessions' --feed pitch,sessions=2 -w "$work/absent"
wrong 'share groups' --feed pitch --side A=239.1.1.1:5000 --side B=239.1.1.2:5000 --streams 2 -w "$work/absent"
wrong "'1-' is no" --feed pitch --skip 1- -w "$work/absent"
wrong "'C=239.1.1.1:1' is not" --feed pitch --side C=239.1.1.1:1 -w "$work/absent"
wrong "'50x': there is no unit" --feed pitch --side A=239.1.1.1:1,delay=50x -w "$work/absent"
wrong 'is not SIDE:1/N' --feed pitch --thin 1/100 -w "$work/absent"
wrong 'leave out --messages' --feed rtp --messages 2 -w "$work/absent"
wrong 'is no IPv4 multicast' --feed rtp --side A=10.0.0.1:5 -w "$work/absent"
wrong 'session is for' --feed pitch --session X -w "$work/absent"
assert "no file for mistakes" test ! -e "$work/absent"
