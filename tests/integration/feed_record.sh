#!/usr/bin/env bash
# What `record` does with feeds beside judging them: groups are joined, mistakes are told before
# anything is written, a reader of events that stops reading holds nothing up, and each of several
# files can be judged by itself.
. "$SUPPORT/lib.sh"
make_link out0 in0
make_link out1 in1
file=$work/file.pcapng

# mistaken PATTERN OPTION...: exit code 2, an error like PATTERN, and no file.
mistaken() {
  local pattern=$1
  shift
  "$WIRETAPE" record -w "$work/absent" "$@" >"$work/out" 2>"$work/err"
  assert_eq "$*: exit code" 2 $?
  assert_file_has "$work/err" "$pattern"
  assert "$*: no file" test ! -e "$work/absent"
}

mistaken "channel x is on eth9, which is not recorded; there is in0, in1" -i in0 -i in1 \
  --feed moldudp64@239.7.0.1:20000@eth9,name=x
mistaken "name them with --feed" -i in0 --events "$work/events"
mistaken "--late: 'soon' is no time" -i in0 --feed moldudp64@239.7.0.1:20000 --late soon
mistaken "--feed: " -i in0 --feed nosuch@239.7.0.1:20000
"$WIRETAPE" record -i in0 --feed moldudp64@239.7.0.1:20000 --events - -w - >"$work/out" 2>"$work/err"
assert_eq "-w - and --events -: exit code" 2 $?
assert_file_has "$work/err" "standard output cannot have both"

# ---- groups ----
# joined INTERFACE HEX: 239.7.0.1 is 010007EF there.
joined() {
  awk -v name="$1" -v group="$2" '/^[0-9]/ {on = $2 == name} on && $1 == group {found = 1} END {exit !found}' \
    /proc/net/igmp
}

start_recorder -i in0 -i in1 -w "$file" --feed moldudp64@A=239.7.0.1:20000@in0,B=239.7.1.1:20000,name=x
assert "A's group is joined on its interface" joined in0 010007EF
if joined in1 010007EF; then fail "A's group is joined on in1, too"; fi
assert "B's group is joined on in0" joined in0 010107EF
assert "B's group is joined on in1" joined in1 010107EF
stop_recorder
if joined in0 010007EF; then fail "the group is not left"; fi

start_recorder -i in0 -w "$file" --feed moldudp64@239.7.0.1:20000 --no-join
if joined in0 010007EF; then fail "--no-join: joined"; fi
stop_recorder

# ---- a reader that does not read ----
mkfifo "$work/fifo"
sleep 600 <>"$work/fifo" &
start_recorder -i in0 -w "$file" --feed moldudp64@239.7.0.1:20000,name=x --events "$work/fifo" --json
"$FEED_SEND" -c 20000 -p 40000 -l 1:1 out0
"$FEED_SEND" -f 20001 -c 1 out0
kill %2 2>/dev/null
stop_after 20001
assert_ledger_closes "nobody reads"
assert_eq "nobody reads: lost" 0 "$(json '.lost | add')"

# ---- several files ----
"$WIRETAPE" record --reader sim -i sim:pps=50000,count=20001,missed=3@497 -b packets:6000 \
  --feed moldudp64@233.252.0.1:26477,name=sim -w "$work/part.pcapng" --events "$work/events" \
  --json >"$work/out" 2>"$work/err"
assert_eq "several files: gaps of the NIC's" 40 "$(json .feeds.feed_total.gaps_by_verdict.nic)"
"$WIRETAPE" check "$work"/part_*.pcapng --events "$work/checked" >"$work/check.out"
assert_eq "several files: check finds the same" "" \
  "$(diff <(grep '"event":"gap"' "$work/events") <(grep '"event":"gap"' "$work/checked") | head -n 3)"
for part in "$work"/part_*.pcapng; do
  assert_eq "$(basename "$part"): all are the NIC's" "nic" \
    "$("$WIRETAPE" check --json "$part" | jq -r '[.gaps[].verdict] | unique | join(" ")')"
done
