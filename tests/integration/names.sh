#!/usr/bin/env bash
# Interfaces by their names, alternative ones and such with a dot among them.
. "$SUPPORT/lib.sh"
need capinfos
make_link out0 in0
file=$work/file.pcapng
ip address add 10.9.8.1/24 dev out0
ip address add 10.9.8.2/24 dev in0

joined() { ip maddress show dev in0 | grep -q 239.9.8.7; }

# ---- alternative names: longer than others, and as short ----

longest=$(printf 'x%.0s' {1..127})
for name in alt enP65540p1s0f1np1d1 "$longest"; do
  ip link property add dev in0 altname "${name}i" 2>/dev/null &&
    ip link property add dev out0 altname "${name}o" || {
    # One byte of the longest makes place for the end.
    name=${name%?}
    ip link property add dev in0 altname "${name}i" && ip link property add dev out0 altname "${name}o"
  } || skip "cannot give an alternative name"

  for reader in v3 v2 recv; do
    start_recorder -i "${name}i" -w "$file" --reader $reader --json
    send "${name}o" 20
    stop_recorder
    assert_eq "${#name}, $reader: packets" 20 "$(packets "$file")"
    assert_eq "${#name}, $reader: the name that is told" in0 "$(json '.interfaces[0].interface')"
  done

  start_recorder -i "${name}i" -w "$file" --join 239.9.8.7 udp
  assert "${#name}, --join" joined
  replay gen:count=20 -i "${name}o"
  assert_eq "${#name}, replay: exit code" 0 "$code"
  stop_recorder
  assert_eq "${#name}, --join: packets" 20 "$(packets "$file")"

  start_recorder -u "239.9.8.7:26477@${name}i" -w "$file"
  assert "${#name}, -u" joined
  stop_recorder
  start_recorder -i in0 -w "$file" udp
  replay gen:count=20 --to "239.9.8.7:26477@${name}o"
  assert_eq "${#name}, replay --to: exit code" 0 "$code"
  stop_recorder
  assert_eq "${#name}, replay --to: packets" 20 "$(packets "$file")"

  assert_eq "${#name}, stamp caps" in0 "$("$WIRETAPE" stamp caps --json "${name}i" | jq -r '.interfaces[0].interface')"
  timeout 100 "$WIRETAPE" stamp watch --json -a duration:0.1 "${name}i" >"$work/out" 2>"$work/err"
  assert_eq "${#name}, stamp watch" in0 "$(head -n 1 "$work/out" | jq -r .interface)"
  timeout 100 "$WIRETAPE" stamp latency -i "${name}i" --ring 1MiB -a duration:0.1 >"$work/out" 2>"$work/err"
  assert "${#name}, stamp latency knows it" test -z "$(grep 'there is no interface' "$work/err")"
  timeout 100 "$WIRETAPE" stamp cross "${name}i" >"$work/out" 2>"$work/err"
  assert "${#name}, stamp cross knows it" test -z "$(grep 'there is no interface' "$work/err")"
  replay --check -i "${name}o" --json
  assert_eq "${#name}, replay --check" out0 "$(sent .interface)"
done

# What other programs call all of them.
"$WIRETAPE" record -i any -w "$work/absent" 2>"$work/err"
assert_eq "any: exit code" 2 $?
assert_file_has "$work/err" "there is no interface 'any': give -i once for each"

for name in absent enP65540p1s0f1np1d9 "${longest}xx"; do
  refused "there is no interface '$name'" -i "$name"
done
