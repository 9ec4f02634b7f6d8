#!/usr/bin/env bash
# A kernel without the qdiscs that keep launch times says so only when they are tried; where it
# has them, what is said is to be done does it.
. "$VM/lib.sh"
links_up nic0 nic1

# check: to $work/out.
check() {
  "$WIRETAPE" replay --check -i nic0 --json >"$work/out" 2>"$work/err"
  assert_eq "--check: exit code" 0 $?
}
# checked FILTER
checked() { jq -r "$1" "$work/out"; }
# plays OPTION...
plays() { replay gen:count=20,pps=500 -i nic0 --json "$@"; }

# Nothing loads modules any more.
loader=$(cat /proc/sys/kernel/modprobe)
echo /nowhere >/proc/sys/kernel/modprobe
for qdisc in "etf clockid CLOCK_TAI delta 200000" fq; do
  if tc qdisc replace dev nic0 root $qdisc 2>"$work/tc.err"; then skip "$qdisc is built into this kernel"; fi
  assert_file_has "$work/tc.err" 'qdisc kind is unknown'
done

check
assert_eq "without: verdict, pace" "ignored spin" "$(checked '"\(.launch.verdict) \(.auto.pace)"')"
note "without: $(checked .launch.text)"
"$WIRETAPE" replay --check -i nic0 >"$work/text"
assert "without: says how a kernel shows that it lacks them" grep -q 'qdisc kind is unknown' "$work/text"
assert "without: says how to load them" grep -q 'modprobe sch_etf' "$work/text"
plays --pace txtime --proof "$work/proof"
assert_eq "without: exit code of launch times" 1 "$code"
assert_file_has "$work/complaints" 'nic0 has qdisc [a-z_]+, which ignores launch times'
assert "without: no proof" test ! -e "$work/proof"
plays
assert_eq "without: it sends" "0 20 spin" "$code $(sent '"\(.sent) \(.pace)"')"

# As it is told to be set up, with the modules.
echo "$loader" >/proc/sys/kernel/modprobe
check
cp "$work/out" "$work/setup"
names=$(jq -r '.setup[].name' "$work/setup")
note "set-ups: $(echo $names)"
# commands NAME: run until one fails, which is in $work/tc.err.
commands() {
  jq -r --arg name "$1" '.setup[] | select(.name == $name).commands[]' "$work/setup" >"$work/commands"
  bash -e "$work/commands" 2>"$work/tc.err"
}
for name in etf fq; do
  commands $name || fail "$name: $(cat "$work/commands" "$work/tc.err")"
  check
  assert_eq "$name: verdict" honoured "$(checked .launch.verdict)"
  plays --pace txtime --txtime-lead 20ms
  assert_eq "$name: sent" "20 txtime $name" "$(sent '"\(.sent) \(.pace) \(.interfaces[0].qdisc)"')"
  note "$name: exit code $code, $(sent '"dropped \(.proof.dropped), late \(.late_launches), p50 \(.proof.error.p50_ns) ns"')"
  commands undo || fail "$name: $(cat "$work/commands" "$work/tc.err")"
  check
  assert_eq "$name: undone" ignored "$(checked .launch.verdict)"
done
# This NIC keeps no launch times by itself, and the kernel says that.
if commands etf-offload; then fail "etf-offload: igb has learned it: see vm/txtime"; fi
note "etf-offload: $(tail -n 1 "$work/tc.err")"
commands undo || true
note "guest: $SECONDS s"
