#!/usr/bin/env bash
# An ordinary user, root without a capability, and programs that have one only: each is told
# what it lacks and what to do, and what takes no right works.
. "$VM/lib.sh"
links_up nic0 nic1
chmod 777 "$RESULTS" "$work"
tape=$RESULTS/tape.pcapng
"$WIRETAPE" record --reader sim -i sim:count=100,pps=max -w "$tape" -q --mode 644 || fail "no tape"
mkdir -m 777 "$work/left"

# denied NAME PATTERN... -- COMMAND...: exit code 1, an error with all of these, and no file.
denied() {
  local name=$1 patterns=()
  shift
  while [ "$1" != -- ]; do
    patterns+=("$1")
    shift
  done
  shift
  (cd "$work/left" && timeout 20 "$@") >"$work/out" 2>"$work/err"
  assert_eq "$name: exit code" 1 $?
  note "$name: $(cat "$work/err")"
  for pattern in "${patterns[@]}"; do
    assert_file_has "$work/err" "$pattern"
  done
  assert_eq "$name: files that are left" "" "$(ls "$work/left")"
}

raw=(CAP_NET_RAW setcap unshare)
recordings() {
  local who=$1 reader
  shift
  for reader in v3 v2 recv; do
    denied "$who: record, $reader" "${raw[@]}" -- "$@" "$WIRETAPE" record --reader $reader -i nic1 -w file
  done
}
replays() {
  local who=$1 tx
  shift
  for tx in socket ring; do
    denied "$who: replay, $tx" "${raw[@]}" -- "$@" "$WIRETAPE" replay "$tape" -i nic0 --tx $tx --proof proof
  done
  denied "$who: generate" "${raw[@]}" -- "$@" "$WIRETAPE" generate -i nic0 -c 1
  denied "$who: stamp latency" "${raw[@]}" -- "$@" "$WIRETAPE" stamp latency -i nic0 -n 1
}


# ---- none ----

user_with
recordings user "${as_user[@]}"
denied "user: several files" "${raw[@]}" -- "${as_user[@]}" "$WIRETAPE" record -i nic1 -w file -b packets:10
denied "user: hw" CAP_NET_ -- "${as_user[@]}" "$WIRETAPE" record -i nic1 -w file --stamp hw
replays user "${as_user[@]}"
denied "user: stamp cross" 'no permission.* /dev/ptp[0-9].*ls -l' -- "${as_user[@]}" "$WIRETAPE" stamp cross nic1 -n 1

# permitted NAME COMMAND...: what takes no right; its output is in $work/out.
permitted() {
  local name=$1
  shift
  "$@" >"$work/out" 2>"$work/err"
  assert_eq "$name: exit code" 0 $?
}
permitted "user: stamp caps" "${as_user[@]}" "$WIRETAPE" stamp caps --json nic1
assert_eq "user: stamp caps" "hardware null" "$(jq -r '.interfaces[0] | "\(.ptp_v2) \(.problem)"' "$work/out")"
permitted "user: stamp watch" "${as_user[@]}" "$WIRETAPE" stamp watch --json -a duration:0.1 nic1
assert_eq "user: stamp watch" "now none off" "$(jq -r '"\(.change) \(.rx_filter) \(.tx_type)"' "$work/out")"
permitted "user: replay --check" "${as_user[@]}" "$WIRETAPE" replay --check -i nic0 --json
assert_eq "user: replay --check" "true true spin" "$(jq -r '"\(
  .so_txtime.problem | test("CAP_NET_RAW.*setcap")) \(.phc.problem | test("/dev/ptp")) \(.auto.pace)"' "$work/out")"
permitted "user: replay --to" "${as_user[@]}" "$WIRETAPE" replay "$tape" --to 127.0.0.1:26477 --json
assert_eq "user: replay --to" 100 "$(jq .sent "$work/out")"

: >"$work/err"
"${as_user[@]}" "$WIRETAPE" record -u 127.0.0.1:26477 -w "$RESULTS/udp.pcapng" --json >"$work/out" 2>"$work/err" &
recorder=$!
await_recording
"${as_user[@]}" "$WIRETAPE" replay "$tape" --to 127.0.0.1:26477 -q
stop_after 100
assert_eq "user: record -u" "100 0" "$(json '"\(.written) \([.lost[]] | add)"')"

# ---- root, and not all of it ----

no_raw=(/bin/setpriv --bounding-set -net_raw --inh-caps -net_raw)
recordings root "${no_raw[@]}"
replays root "${no_raw[@]}"

# ---- one capability ----

# records WHO COMMAND...: COMMAND runs "$WIRETAPE" with CAP_NET_RAW alone.
records() {
  local who=$1 reader
  shift
  for reader in v3 v2 recv; do
    : >"$work/err"
    "$@" record -i nic1 --reader $reader --ring 32MiB -w "$RESULTS/$who.$reader.pcapng" --json \
      >"$work/out" 2>"$work/err" &
    recorder=$!
    await_recording
    send nic0 50 -p 1000
    stop_after 50
    assert_eq "$who: $reader" "50 0" "$(json '"\(.written) \([.lost[]] | add)"')"
    assert_ledger_closes "$who: $reader"
    assert_info_agrees "$who: $reader" "$RESULTS/$who.$reader.pcapng"
    note "$who: $reader: $(json '"\(.written) written; degraded: \(.notes)"')"
  done
  denied "$who: hw" CAP_NET_ADMIN 'setcap cap_net_raw,cap_net_admin' -- "$@" record -i nic1 -w file --stamp hw
}

user_with net_raw
records net_raw "${as_user[@]}" "$WIRETAPE"
permitted "net_raw: replay" "${as_user[@]}" "$WIRETAPE" replay gen:count=20,pps=1000 -i nic0 --json
assert_eq "net_raw: replay" "20 20" "$(jq -r '"\(.sent) \(.proof.sources.software)"' "$work/out")"
denied "net_raw: replay, hw" CAP_NET_ADMIN setcap -- "${as_user[@]}" "$WIRETAPE" \
  replay gen:count=1 -i nic0 --tx-stamp hw --proof proof
tc qdisc replace dev nic0 root etf clockid CLOCK_TAI delta 2000000
denied "net_raw: launch times of etf" CAP_NET_ADMIN setcap -- "${as_user[@]}" "$WIRETAPE" \
  replay gen:count=1 -i nic0 --pace txtime --proof proof
permitted "net_raw: replay --check" "${as_user[@]}" "$WIRETAPE" replay --check -i nic0 --json
assert_eq "net_raw: replay --check" true "$(jq '.so_txtime.problem | test("CAP_NET_ADMIN.*setcap")' "$work/out")"
tc qdisc del dev nic0 root

# Those of the file, for everybody.
user_with
cp "$WIRETAPE" /tmp/wiretape
if setcap cap_net_raw+ep /tmp/wiretape 2>"$work/setcap.err"; then
  records setcap "${as_user[@]}" /tmp/wiretape
else
  note "file capabilities: not tried: $(cat "$work/setcap.err")"
fi
assert_eq "stamps of nic1 are as they were" "none off" \
  "$("$WIRETAPE" stamp caps --json nic1 | jq -r '.interfaces[0].active | "\(.rx_filter) \(.tx_type)"')"
note "guest: $SECONDS s"
