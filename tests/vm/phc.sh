#!/usr/bin/env bash
# A NIC's clock that runs, compared with the system's by each of the kernel's ways, also while
# it is set and steered: the map follows, and is as right as it says.
. "$VM/lib.sh"
links_up nic0

# of FILE FILTER: of all samples in it.
of() {
  jq -rs "$2" "$RESULTS/$1"
}

# The PHC and CLOCK_MONOTONIC_RAW from the first sample to the last.
pace='(last.phc_ns - first.phc_ns) as $phc | (last.raw_ns - first.raw_ns) as $raw'

# assert_runs NAME FILE: it has a bracket each time, and runs as fast as the machine's clock.
assert_runs() {
  assert_eq "$1: no sample without a bracket" true "$(of "$2" 'all(.bracket_ns > 0)')"
  assert_eq "$1: runs like CLOCK_MONOTONIC_RAW" true \
    "$(of "$2" "$pace | \$phc > 0 and (\$phc - \$raw | fabs) < \$raw / 1000 + 2 * (map(.bracket_ns) | max)")"
  note "$1: $(of "$2" "$pace | \"\(length) samples in \(\$raw / 1e6 | round) ms: \" +
    \"PHC \(\$phc / \$raw * 1e6 - 1e6 | round) ppm faster, brackets \(map(.bracket_ns) | min) to \(map(.bracket_ns) | max) ns\"")"
}

# ---- as the program does it ----

"$WIRETAPE" stamp cross nic0 -n 5 -e 100 --json >"$RESULTS/cross" 2>"$work/err"
assert_eq "cross: exit code" 0 $?
assert_eq "cross: the best that igb has" extended "$(of cross 'map(.method) | unique | join(" ")')"
assert_eq "cross: a map with the first, a rate with the second" "null number" \
  "$(of cross '"\(.[0].ppm) \(.[1].ppm | type)"')"
assert_runs cross cross

# ---- each way alone ----

# probe NAME METHOD SAMPLES [COMMAND]: its samples are in $RESULTS/NAME.
probe() {
  local name=$1 method=$2 samples=$3
  shift 3
  "$PHC_PROBE" nic0 "$method" "$samples" 60 "$@" >"$RESULTS/$name" 2>"$work/err"
  code=$?
}

# assert_right NAME: the last sample, of which the last map does not know.
assert_right() {
  [ "$code" = 0 ] || fail "$1: exit code $code: $(cat "$work/err")"
  note "$1: $(of "$1" 'last | "map \(.map) of epoch \(.epoch) is off by \(.off_ns) ns of at most \(.bound_ns)"'), $(
    of "$1" '"verdicts " + (map(.verdict) | join(" "))')"
}

for method in extended basic; do
  probe $method $method 6
  assert_right $method
  assert_eq "$method: that alone" $method "$(of $method 'map(.method) | unique | join(" ")')"
  assert_runs $method $method
done

# igb says that it has none; here the driver is asked all the same.
probe precise precise 1
assert_eq "precise: there is none" 77 "$code"
assert_file_has "$work/err" '/dev/ptp[0-9]+ cannot be compared .* use software stamps'
note "precise: $(cat "$work/err")"

# ---- a clock that is set and steered ----

# stepped NAME VERDICT CLOCK-COMMAND...: by phc_ctl, between two of ten samples.
stepped() {
  local name=$1 verdict=$2
  shift 2
  probe "$name" best 5 "phc_ctl nic0 -- $* >/dev/null"
  assert_right "$name"
  assert_eq "$name: the sample behind it" "$verdict phc" "$(of "$name" '.[5] | "\(.verdict) \(.culprit)"')"
  assert_eq "$name: a new epoch" "1 2" "$(of "$name" '"\(.[4].epoch) \(.[5].epoch)"')"
  note "$name: UTC - PHC by $(of "$name" '.[5].step_ns / 1e9') s"
}

# assert_step NAME NS: by so much UTC - PHC has changed, but for what a busy machine takes.
assert_step() {
  assert "$1: of $2 ns" test "$(of "$1" "(.[5].step_ns - $2 | fabs) < 1000000")" = true
}

stepped adj stepped adj 3.5
assert_step adj -3500000000
stepped back backward adj -2.25
assert_step back 2250000000
stepped set backward set 1000000
assert "set: it shows what it was set to" test "$(of set '.[5].phc_ns / 1e9 | . >= 1e6 and . < 1e6 + 5')" = true
stepped tai stepped set

# Steering changes the rate by more than clocks wander by themselves.
probe freq best 5 "phc_ctl nic0 -- freq 200000 >/dev/null"
assert_right freq
rate=$(of freq '.[6:10] | ((last.phc_ns - first.phc_ns) / (last.raw_ns - first.raw_ns) - 1) * 1e6')
slack=$(of freq '.[6:10] | 20 + (last.bracket_ns + first.bracket_ns) / (last.raw_ns - first.raw_ns) * 1e6')
note "freq: $rate ppm faster, give or take $slack"
assert "freq: 200 ppm faster" jq -en "$rate - 200 | fabs < $slack" >/dev/null
probe steered best 5
assert_right steered
phc_ctl nic0 -- freq 0 >/dev/null

# ---- under a recording ----

start_recorder -i nic0 --stamp hw --json -w "$RESULTS/adjusted.pcapng"
phc_ctl nic0 -- adj 3.5 >/dev/null
notices() {
  grep -q 'was set by' "$work/err"
}
wait_until "the recorder notices" notices
stop_recorder
assert_eq "record: exit code" 0 "$status"
assert "record: says so" jq -e '[.notes[] | select(test("nic0: its clock /dev/ptp[0-9]+ was set by \\+3\\.[45]"))] |
  length == 1' "$work/out" >/dev/null
"$WIRETAPE" info --json "$RESULTS/adjusted.pcapng" >"$work/info"
assert_eq "record: the file has the step" 1 "$(jq '.sections[0].interfaces[0].clock.steps' "$work/info")"
note "record: $(json '.notes[]')"
