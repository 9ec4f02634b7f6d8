#!/usr/bin/env bash
# A recording ends at its limit, not before and not behind it.
. "$SUPPORT/lib.sh"
need capinfos
make_link out0 in0

# Record until the limit is reached, while packets keep coming.
until_limit() {
  start_recorder -i in0 -w "$work/file.pcapng" --json "$@"
  "$WIRETAPE" generate -i out0 -q -c 0 -p 50000 &
  generator=$!
  await_recorder
  kill "$generator"
  wait "$generator"
  assert_eq "$*: exit code" 0 "$status"
  assert_ledger_closes "$*"
  assert_info_agrees "$*" "$work/file.pcapng"
  assert_eq "$*: packets" "$(packets "$work/file.pcapng")" "$(json .written)"
  assert_eq "$*: size" "$(stat -c %s "$work/file.pcapng")" "$(json '.files[0].size_bytes')"
}

for reader in v3 v2 recv; do
  for limit in "-c 1" "-c 1000" "-a packets:777"; do
    until_limit --reader $reader $limit
    assert_eq "$reader $limit: written" "${limit##*[ :]}" "$(json .written)"
    assert_eq "$reader $limit: reason" packets "$(json .end)"
    assert_eq "$reader $limit: loss" 0 "$(json '.lost | add')"
  done
done
# What the ring held behind the last packet is neither seen nor lost: as many as the
# kernel stored less those written. A V3 block has far more than the one asked for.
until_limit --reader v3 -c 1
assert "-c 1: frames after the limit" test "$(json .excluded.after_limit)" -gt 0

# Nor is what did not fit into the ring after it: nothing is missing from what was asked for.
for reader in v3 v2 recv; do
  for limit in "-c 2000" "-a filesize:400kB"; do
    start_recorder --reader $reader -i in0 -w "$work/file.pcapng" --json --ring 4MiB --fail-on-loss \
      $limit
    kill -STOP "$recorder"
    wait_until "the recorder is stopped" stopped "$recorder"
    send out0 60000 -s 200 -p max
    kill -CONT "$recorder"
    await_recorder
    assert_eq "$reader $limit, more than the ring holds: exit code" 0 "$status"
    assert_ledger_closes "$reader $limit, more than the ring holds"
    assert_info_agrees "$reader $limit, more than the ring holds" "$work/file.pcapng"
    assert_eq "$reader $limit, more than the ring holds: loss" 0 "$(json '.lost | add')"
    # Those written, and those after the limit.
    assert_eq "$reader $limit, more than the ring holds: all" 60000 \
      "$(json '.written + .excluded.after_limit')"
  done
done

until_limit -a duration:1
assert_eq "duration: reason" duration "$(json .end)"
assert_eq "duration: about a second" true "$(json '.duration_ns >= 1000000000 and .duration_ns < 5000000000')"

# Behind the last packet there is at most the padding of its chunk, and the chunk of the
# statistics block.
for reader in v3 v2 recv; do
  until_limit --reader $reader -a filesize:100
  assert_eq "$reader filesize: reason" filesize "$(json .end)"
  assert_eq "$reader filesize: 100 kB and not much more" true \
    "$(json '.files[0].size_bytes | . >= 100000 and . < 100000 + 2 * 4096 + 300')"
done
until_limit -a filesize:64KiB
assert_eq "filesize:64KiB" true "$(json '.files[0].size_bytes | . >= 65536 and . < 65536 + 2 * 4096 + 300')"

# The first limit that is reached counts.
until_limit -c 100 -a duration:600
assert_eq "two limits: reason" packets "$(json .end)"

# A recording that ends by itself is no success.
launch_recorder -i in0 -w "$work/space.pcapng" --json --min-free 100000TiB
await_recorder
assert_eq "min-free: exit code" 5 "$status"
assert_eq "min-free: reason" min-free "$(json .end)"
assert_ledger_closes "min-free"

# Two interfaces share the limit.
make_link out1 in1
start_recorder -i in0 -i in1 -w "$work/two.pcapng" --json -c 50
send out0 40
send out1 40
await_recorder
assert_eq "two interfaces: written" 50 "$(json .written)"
assert_ledger_closes "two interfaces"
