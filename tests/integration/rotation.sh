#!/usr/bin/env bash
# One file after the other: no packet is lost or doubled across the edge, every file is
# whole, has its name only when it is, and the books of all of them add up.
. "$SUPPORT/lib.sh"
need capinfos mergecap editcap tcpdump
make_link out0 in0
files=$work/files

# assert_no_seam WHAT PACKETS FILE...: one after the other, in the order of their names, they
# hold the numbers from 1 on, each once.
assert_no_seam() {
  local what=$1 packets=$2
  shift 2
  mergecap -a -w "$work/all.pcapng" "$@" || fail "$what: mergecap"
  sequences "$work/all.pcapng" >"$work/got"
  expected_sequences 1 "$packets" >"$work/expected"
  cmp -s "$work/expected" "$work/got" && return
  fail "$what: sequence numbers are not 1 to $packets in order:"
  diff "$work/expected" "$work/got" | head -5 >&2
}

# rotate WHAT PACKETS PPS OPTIONS...: record PACKETS packets into a directory of its own.
rotate() {
  local what=$1 packets=$2 pps=$3
  shift 3
  rm -rf "$files" && mkdir "$files"
  # The disk may stall for as long as all of it takes: slots for 20000 packets of TPACKET_V2.
  start_recorder --ring 64MiB -i in0 -w "$files/tape.pcapng" --json "$@"
  "$WIRETAPE" generate -i out0 -q -c "$packets" -s 200 -p "$pps"
  stop_recorder
  assert_eq "$what: exit code" 0 "$status"
  assert_ledger_closes "$what"
  assert_eq "$what: written" "$packets" "$(json .written)"
  assert_eq "$what: no work names left" "" "$(find "$files" -name '*.part')"
  assert_info_agrees "$what" "$files"/*
  assert_eq "$what: files that do not look closed" "" \
    "$("$WIRETAPE" repair --dry-run "$files"/* | grep -v 'nothing to repair')"
}

for reader in v3 v2 recv; do
  for layout in inplace compact auto; do
    [ $reader = v3 ] || [ $layout = auto ] || continue
    rotate "$reader $layout packets" 10500 200000 --reader $reader --layout $layout -b packets:1000
    assert_eq "$reader $layout packets: files" 11 "$(find "$files" -type f | wc -l)"
    assert_no_seam "$reader $layout packets" 10500 "$files"/*
    assert_eq "$reader $layout packets: in each file but the last" "1000 1000 1000 1000 1000 1000 1000 1000 1000" \
      "$(packets "$files"/tape_0000?_* | paste -sd ' ')"
    rotate "$reader $layout filesize" 20000 200000 --reader $reader --layout $layout \
      -b filesize:500
    assert_no_seam "$reader $layout filesize" 20000 "$files"/*
    # Beyond it there is at most the padding of the last chunk, and the chunk of the closing blocks.
    assert_eq "$reader $layout filesize: larger files" "" \
      "$(find "$files" -type f -size +$((500000 + 3 * 4096))c)"
    assert "$reader $layout filesize: some files" test "$(find "$files" -type f | wc -l)" -ge 9
  done
done

# Large files, so that blocks of the ring are written where they are.
rotate "inplace, 8 MB" 100000 150000 --layout inplace -b filesize:8MB
assert_no_seam "inplace, 8 MB" 100000 "$files"/*
assert "inplace, 8 MB: several" test "$(find "$files" -type f | wc -l)" -ge 3

# By time: at multiples of the clock.
rotate "interval" 60000 20000 -b interval:1
assert_no_seam "interval" 60000 "$files"/*
assert "interval: three or four files" test "$(find "$files" -type f | wc -l)" -ge 3
for file in "$files"/*; do
  printf '%s\n' "${file##*/}" | grep -qE '^tape_[0-9]{5}_[0-9]{8}T[0-9]{6}Z\.pcapng$' || fail "the name $file"
done
rotate "duration" 40000 20000 -b duration:0.5
assert_no_seam "duration" 40000 "$files"/*
assert "duration: four files or more" test "$(find "$files" -type f | wc -l)" -ge 4

# Only the last ones are kept, whatever the dates of files say; what others put there stays.
mkdir -p "$files"
rm -rf "$files" && mkdir "$files"
touch -d 2001-01-01 "$files/tape_notours.pcapng"
start_recorder -i in0 -w "$files/tape.pcapng" --json -b packets:500 -b files:3
"$WIRETAPE" generate -i out0 -q -c 5000 -s 200 -p 50000
stop_recorder
assert_eq "files:3: written" 5000 "$(json .written)"
assert_eq "files:3: kept" 3 "$(find "$files" -name 'tape_0*' | wc -l)"
assert "files:3: not ours stays" test -e "$files/tape_notours.pcapng"
assert_eq "files:3: the last are there" 1500 \
  "$(packets "$files"/tape_0* | awk '{ n += $1 } END { print n }')"
assert_eq "files:3: deleted" 7 "$(json '[.files[] | select(.deleted)] | length')"

# Each finished file is handed to a command, under its final name.
mkdir "$work/done"
rotate "on-close" 5000 50000 -b packets:1000 --on-close "cp -t $work/done --"
assert_eq "on-close: each file" "$(cd "$files" && ls)" "$(cd "$work/done" && ls)"
assert_no_seam "on-close" 5000 "$work"/done/*
rotate "on-close that fails" 100 50000 --on-close "exit 3 #"
assert_file_has "$work/err" 'exit 3 #.*exit code 3|ended with.* 3'

# What it has compressed still counts.
rm -rf "$files" && mkdir "$files"
start_recorder -i in0 -w "$files/tape.pcapng" --json -b packets:100 -b files:3 --on-close 'gzip -q'
"$WIRETAPE" generate -i out0 -q -c 2050 -s 200 -p 20000
stop_recorder
assert_eq "compressed: exit code" 0 "$status"
assert_eq "compressed: files that are left" 3 "$(find "$files" -name 'tape_*Z.pcapng.gz' | wc -l)"
assert_eq "compressed: nothing else" 3 "$(find "$files" -type f | wc -l)"
assert_eq "compressed: packets" 250 \
  "$(for file in "$files"/*; do gzip -dc "$file" >"$work/plain" && packets "$work/plain"; done | awk '{ n += $1 } END { print n }')"

# A command that hangs keeps neither the older files nor the recorder: the second signal is enough.
rm -rf "$files" && mkdir "$files"
start_recorder -i in0 -w "$files/tape.pcapng" --json -b packets:100 -b files:3 \
  --on-close 'case $1 in *_00001_*) sleep 600;; esac; :'
"$WIRETAPE" generate -i out0 -q -c 1050 -s 200 -p 10000
# But for the next, which is empty.
few_are_left() { [ "$(find "$files" -type f -size +0 | wc -l)" -le 3 ]; }
wait_until "deletion goes on" few_are_left
kill -TERM "$recorder"
wait_until "the recording has ended" test ! -e "$files/tape_00011.pcapng.part"
assert "it waits for the command" kill -0 "$recorder"
again() { kill -TERM "$recorder" 2>/dev/null; ended "$recorder"; }
wait_until "the second signal ends it" again
await_recorder
assert_eq "hung command: exit code" 0 "$status"
assert_file_has "$work/err" 'is ended, as it was not to be waited for'

# So does its time.
rm -rf "$files" && mkdir "$files"
start_recorder -i in0 -w "$files/tape.pcapng" -b packets:100 --on-close 'sleep 600; :' --on-close-timeout 0.3
"$WIRETAPE" generate -i out0 -q -c 50 -s 200 -p 10000
stop_recorder
assert_eq "command that takes too long: exit code" 0 "$status"
assert_file_has "$work/err" 'has run for longer than 0.3 s and is ended'

# A file that somebody has removed meanwhile is an error, of that file alone.
rm -rf "$files" && mkdir "$files"
start_recorder -i in0 -w "$files/tape.pcapng" --json -b packets:500
rm "$files/tape_00001.pcapng.part"
# Long enough for the error to be noticed while the recording goes on.
"$WIRETAPE" generate -i out0 -q -c 6000 -s 200 -p 3000
stop_recorder
assert_eq "removed: exit code" 1 "$status"
assert_ledger_closes "removed"
assert_file_has "$work/err" 'tape_00001'
assert "removed: in the JSON" test "$(json .error)" != null
assert_eq "removed: the others are whole" 11 "$(find "$files" -name '*Z.pcapng' | wc -l)"

# SIGKILL leaves a work name, which says that it is not whole.
rm -rf "$files" && mkdir "$files"
start_recorder -i in0 -w "$files/tape.pcapng" -b packets:1000
"$WIRETAPE" generate -i out0 -q -c 2500 -s 200 -p 50000
# A file gets its name in the background, when the next one has been begun.
two_are_whole() { [ -e "$files/tape_00003.pcapng.part" ] && [ "$(find "$files" -name '*Z.pcapng' | wc -l)" -ge 2 ]; }
wait_until "two whole files" two_are_whole
kill -KILL "$recorder"
wait "$recorder" 2>/dev/null
assert_eq "killed: whole files" 2 "$(find "$files" -name '*Z.pcapng' | wc -l)"

# The next recording goes on with what it has left, and the whole of it is what is kept.
start_recorder -i in0 -w "$files/tape.pcapng" -b packets:1000 -b files:3
"$WIRETAPE" generate -i out0 -q -c 1500 -s 200 -p 50000
stop_recorder
assert_eq "adopted: exit code" 0 "$status"
assert_file_has "$work/err" '3 files like .* of earlier recordings count'
assert_eq "adopted: files" "tape_00003.pcapng.part tape_00004 tape_00005" \
  "$(cd "$files" && find . -type f -printf '%f\n' | sed 's/_2.*Z.pcapng//' | sort | paste -sd ' ')"
start_recorder -i in0 -w "$files/tape.pcapng" -b packets:1000 -b files:1 --no-adopt
stop_recorder
assert_eq "not adopted: files" 4 "$(find "$files" -type f | wc -l)"

# A file for each interface, on different disks if need be.
make_link out1 in1
start_recorder -i in0 -w "$work/first.pcapng" -i in1 -w "$work/second.pcapng" --json
send out0 300
send out1 200
stop_recorder
assert_eq "two files: exit code" 0 "$status"
assert_eq "two files: seen" 500 "$(json .seen)"
assert_eq "two files: the first" 300 "$(packets "$work/first.pcapng")"
assert_eq "two files: the second" 200 "$(packets "$work/second.pcapng")"
assert_eq "two files: listed" '["first.pcapng","second.pcapng"]' \
  "$(jq -c '[.files[].path | sub(".*/"; "")]' "$work/out")"
assert_eq "two files: interfaces" '["in0","in1"]' "$(jq -c '[.interfaces[].interface]' "$work/out")"
