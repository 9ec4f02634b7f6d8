#!/usr/bin/env bash
# Hardware stamps of a simulated NIC: what is in the file lets everybody convert them again.
. "$SUPPORT/lib.sh"
need tshark capinfos
file=$work/file.pcapng
# It runs 50 ppm too fast, on TAI.
nic=ppm=50,offset=37000000000,tai=37
long=${SECONDS_LONG:-6}

# simulate INTERFACE [OPTION]...
simulate() {
  local interface=$1
  shift
  "$WIRETAPE" record --reader sim --ring 16MiB --json -i "$interface" "$@" >"$work/out" 2>"$work/err"
  status=$?
}

# assert_restamps NAME FILE [PPM]: all that was converted comes out the same; $restamped of them.
assert_restamps() {
  local name=$1
  shift
  "$RESTAMP" "$@" >"$work/restamp" 2>&1 || fail "$name: restamp: $(cat "$work/restamp")"
  restamped=$(sed -n 's/.* confirmed=\([0-9]*\).*/\1/p' "$work/restamp")
  assert_eq "$name: info finds the same" "$restamped 0 0" \
    "$("$WIRETAPE" info --json "$1" | jq -r '[.sections[].interfaces[].clock] |
       "\(map(.confirmed) | add) \(map(.contradicted) | add) \(map(.without_map) | add)"')"
}

# ---- every stamp, to the nanosecond, and none further from the truth than it admits ----

simulate "sim:pps=5000,software_every=100,$nic" --stamp hw -a duration:"$long" -w "$file"
assert_eq "utc: exit code" 0 "$status"
assert_ledger_closes utc
assert_info_agrees utc "$file"
assert_restamps utc "$file" 50
assert_eq "utc: all hardware stamps are there" "$(json .stamps.hardware)" "$restamped"
assert "utc: there are some" test "$restamped" -gt $((long * 2000))
assert_eq "utc: the others are marked" "$(json .stamps.software)" "$(json .stamps_unasked)"
assert "utc: there are others" test "$(json .stamps_unasked)" -gt $((long * 20))
assert_eq "utc: info counts them" "$(json .stamps.software)" \
  "$("$WIRETAPE" info --json "$file" | jq '.sections[0].interfaces[0].clock.stamps.software')"
assert "utc: a cross timestamp a second" test "$(json '.interfaces[0].clock.cross_timestamps')" -ge $((long + 5))
# The host's own time, not the NIC's.
first=$(fields "$file" frame.time_epoch | head -n 1)
assert "utc: it is UTC" test $((${first%.*} - $(date +%s))) -le 0 -a $(($(date +%s) - ${first%.*})) -le $((long + 30))
assert_eq "utc: others read it" "$(json .written)" "$(packets "$file")"
others_complain && fail "capinfos complains: $(others_complain)"

# ---- the other clocks, layouts, readings that are less than exact ----

simulate "sim:pps=5000,software_every=100,$nic" --stamp hw --clock tai -a duration:2 -w "$work/tai"
assert_restamps tai "$work/tai" 50
assert_eq "tai: all hardware stamps are there" "$(json .stamps.hardware)" "$restamped"
first=$(fields "$work/tai" frame.time_epoch | head -n 1)
ahead=$((${first%.*} - $(date +%s)))
assert "tai: it is 37 s ahead: $ahead" test "$ahead" -ge 20 -a "$ahead" -le 37

simulate "sim:pps=5000,software_every=100,$nic" --stamp hw --clock phc -a duration:2 -w "$work/phc"
assert_restamps phc "$work/phc"
assert_eq "phc: only software stamps are converted" "$(json .stamps.software)" "$restamped"
assert_eq "phc: in order, as one clock" 0 "$(fields "$work/phc" frame.time_epoch | sort -C -n; echo $?)"

for layout in inplace compact; do
  simulate "sim:pps=20000,precise=no,bracket=2000,noise=20000,$nic" --stamp hw --layout $layout -a duration:2 -w "$work/$layout"
  assert_restamps $layout "$work/$layout"
  assert_eq "$layout: all hardware stamps are there" "$(json .stamps.hardware)" "$restamped"
done
simulate "sim:layout=v2,pps=20000,$nic" --stamp hw -a duration:1 -w "$work/v2"
assert_restamps v2 "$work/v2" 50
simulate "sim:pps=20000,$nic" --stamp hw -a duration:1 -w - >/dev/null
"$WIRETAPE" record --reader sim -q -i "sim:pps=20000,count=20000,$nic" --stamp hw -w - >"$work/pipe" 2>"$work/err"
assert_restamps pipe "$work/pipe" 50

# ---- a clock that is set while packets are on their way ----

for step in 37000000000 -37000000000; do
  simulate "sim:pps=5000,step=$step@5000,$nic" --stamp hw -a duration:2 -w "$file"
  assert_restamps "step $step" "$file"
  assert_eq "step $step: in the file" 1 \
    "$("$WIRETAPE" info --json "$file" | jq '.sections[0].interfaces[0].clock.steps')"
  assert "step $step: is said" jq -e '[.notes[] | select(contains("was set by"))] | length == 1' "$work/out" >/dev/null
  assert "step $step: does not reach UTC" \
    test "$("$WIRETAPE" info --json "$file" | jq .duration_ns)" -lt 5000000000
done

# ---- each file of a recording stands alone ----

simulate "sim:pps=20000,$nic" --stamp hw -a duration:3 -b duration:1 -w "$work/many.pcapng"
files=0
for one in "$work"/many_*.pcapng; do
  files=$((files + 1))
  assert_restamps "$one" "$one"
done
assert "several files" test "$files" -ge 3

# ---- interfaces that have no such stamps ----

make_link out0 in0
for interface in in0 lo; do
  for reader in v3 v2 recv; do
    refused "$interface .*hardware.*--stamp sw" -i $interface --reader $reader --stamp hw
  done
done
refused 'no hardware stamps' -i in0 --clock phc
refused 'tai-offset 37' -i in0 --clock tai

start_recorder -i in0 --stamp auto --json -w "$file"
send out0 100
wait_until "packets arrive" arrived in0 100
stop_recorder
assert_eq "auto: exit code" 0 "$status"
assert_eq "auto: software stamps" "100 0" "$(json '"\(.stamps.software) \(.stamps.hardware)"')"
assert "auto: says so" jq -e 'any(.notes[]; test("in0: software stamps only"))' "$work/out" >/dev/null
"$WIRETAPE" info --json "$file" | jq -e '.sections[0].interfaces[0] |
  .clock.source == "software" and any(.statistics.notes[]; test("software stamps only"))' >/dev/null ||
  fail "auto: the file does not say so"

start_recorder -i in0 --clock tai --tai-offset 37 --json -w "$file"
send out0 10
wait_until "packets arrive" arrived in0 110
stop_recorder
first=$(fields "$file" frame.time_epoch | head -n 1)
ahead=$((${first%.*} - $(date +%s)))
assert "software stamps as TAI: 37 s ahead: $ahead" test "$ahead" -ge 25 -a "$ahead" -le 37
