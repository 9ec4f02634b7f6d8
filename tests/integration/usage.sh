#!/usr/bin/env bash
# What the command line says to those who ask and to those who are wrong.
. "$SUPPORT/lib.sh"

# wiretape ARGUMENT...: exit code in $code, output in $work/out and $work/err.
wiretape() {
  timeout 100 "$WIRETAPE" "$@" >"$work/out" 2>"$work/err" </dev/null
  code=$?
}

# helps ARGUMENT...: on standard output, nothing on standard error.
helps() {
  wiretape "$@"
  assert_eq "$*: exit code" 0 "$code"
  assert "$*: says something" test -s "$work/out"
  assert_eq "$*: standard error" "" "$(cat "$work/err")"
}

# wrong PATTERN ARGUMENT...: exit code 2, told on standard error, with a hint.
wrong() {
  local pattern=$1
  shift
  wiretape "$@"
  assert_eq "$*: exit code" 2 "$code"
  assert_file_has "$work/err" "$pattern"
  assert_file_has "$work/err" '--help'
  # With --json an object says why.
  if [[ " $* " = *' --json '* ]]; then
    assert_eq "$*: exit code in the object" 2 "$(jq .error.exit "$work/out")"
  else
    assert_eq "$*: standard output" "" "$(cat "$work/out")"
  fi
}

helps --help
assert_file_has "$work/out" '^Usage: wiretape'
commands=$(awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}' "$work/out")
assert "commands in the help" test "$(wc -w <<<"$commands")" -ge 3
for command in $commands; do
  helps "$command" --help
  assert_file_has "$work/out" "^Usage: wiretape $command"
  cp "$work/out" "$work/help"
  helps help "$command"
  assert "help $command: as $command --help" cmp "$work/help" "$work/out"
  helps "$command" -h
  wrong "no option '--nonsense'" "$command" --nonsense
  wrong "no option '-Z'" "$command" -Z
  # No line of the help is wider than a terminal.
  wiretape "$command" --help
  assert_eq "$command --help: longest line" 0 "$(awk 'length > 80' "$work/out" | wc -l)"
done
helps -h
helps --version
assert_file_has "$work/out" '^wiretape [0-9]+\.[0-9]+\.[0-9]+'
helps -V
helps record -D
assert_file_has "$work/out" '^1\.'
assert_file_has "$work/out" 'sim'

helps help stamp latency
assert_file_has "$work/out" '^Usage: wiretape stamp latency'
wrong "no command 'nonsense'" nonsense
wrong "no command 'nonsense'" help nonsense
wiretape
assert_eq "no command: exit code" 2 "$code"
assert_file_has "$work/err" '^Usage: wiretape'

wrong 'which interface' record
wrong 'which interface' record -w "$work/file"
wrong 'which file' record -i lo
wrong 'needs a value' record -i
wrong 'needs a value' record -i lo -w
record=(record -i lo -w "$work/file")
for bad in x -1 1x '' 0x10 999999999; do
  wrong "snaplen: '$bad'" "${record[@]}" -s "$bad"
done
for bad in 0 -3 ten 99999999999999999999; do
  wrong "count: '$bad'" "${record[@]}" -c "$bad"
done
for bad in nonsense duration: duration:0 duration:-1 duration:nan duration:inf duration:1x packets:0 \
  filesize:0 filesize:x filesize:1XB filesize:99999999999999999999; do
  wrong "'$bad'" "${record[@]}" -a "$bad"
done
for bad in 0 x 1Q -5 2s@ @1Gbps 2s@1 2y@1Gbps 0s@1Gbps 2s@0Gbps 99999999999TiB nan@1Gbps; do
  wrong "ring: '$bad'" "${record[@]}" --ring "$bad"
done
wrong "no reader 'v9'" "${record[@]}" --reader v9
wrong 'comes with -u' "${record[@]}" --reader udp
wrong "retire-timeout: '0'" "${record[@]}" --retire-timeout 0
wrong "'0'" "${record[@]}" --stats 0
wrong 'filter is given more than once' "${record[@]}" -f udp tcp
wrong 'does not go with -i' "${record[@]}" -u 239.1.1.1:5000
wrong 'does not go with --reader' record -u 239.1.1.1:5000 -w "$work/file" --reader recv
wrong "sockstamp: 'ms'" record -u 239.1.1.1:5000 -w "$work/file" --sockstamp ms
wrong 'sockstamp is for -u' "${record[@]}" --sockstamp ns
wrong 'needs a value' record -u
assert "no file for mistakes" test ! -e "$work/file"

wrong 'where to send' generate
wrong "'0' is not" generate -i lo --size 0
wrong "pps: 'x' is no rate" generate -i lo --pps x
wrong "'10.0.0.1' is not" generate -i lo --group 10.0.0.1
wrong "not an option" generate -i lo surplus
wrong 'no FILE' info

wrong 'no FILE' cut -w "$work/file"
wrong 'where to' cut "$work/absent"
wrong 'needs a value' cut "$work/absent" -w
for bad in '' x 5min 1. 2026-11-31 2026-02-30T00:00:00 1.0000000001; do
  wrong "from: '$bad' is no time" cut "$work/absent" -w "$work/file" --from "$bad"
done
wrong "from: '-5x': '5x': there is no unit 'x'" cut "$work/absent" -w "$work/file" --from -5x
wrong "to: 'now' is no time" cut "$work/absent" -w "$work/file" --to now
wrong "duration: '0': the time has to be longer than 0" cut "$work/absent" -w "$work/file" --duration 0
wrong 'nothing lies between' cut "$work/absent" -w "$work/file" --from +5 --to +5
wrong 'leave out one' cut "$work/absent" -w "$work/file" --to +5 --duration 5
wrong 'only once' cut - - -w "$work/file"

wrong 'no FILE' feeds
wrong 'needs a value' feeds -i
wrong "'5' is not duration:TIME" feeds -i lo -a 5
wrong 'not both' feeds -i lo "$work/absent"
wrong 'files end by themselves' feeds -a duration:5 "$work/absent"
wrong 'looks at no packets' feeds --list "$work/absent"
wrong 'only once' feeds - -

feed=moldudp64@239.1.1.1:5000
for command in "record -i lo -w $work/file" "check $work/absent"; do
  wrong "'x' says not where" $command --feed x
  wrong "no preset 'nosuch'; there are moldudp64" $command --feed nosuch@239.1.1.1:5000
  wrong "'239.1.1.1' is no GROUP:PORT" $command --feed moldudp64@239.1.1.1
  wrong 'no port from 1 to 65535' $command --feed moldudp64@239.1.1.1:99999
  wrong "'x' is no kind" $command --feed $feed,kind=x
  wrong 'both side A and side B' $command --feed moldudp64@A=239.1.1.1:5000,B=239.1.1.1:5000,name=x
  wrong 'offset= and width=' $command --feed custom:width=8@239.1.1.1:5000
  wrong "late: 'x' is no time" $command --feed $feed --late x
  wrong "late: '0': the time has to be longer than 0" $command --feed $feed --late 0
  wrong "late: '-1s' is negative" $command --feed $feed --late -1s
  wrong "late: '100' needs a unit: ns, us, ms, s, min, h or d" $command --feed $feed --late 100
done
wrong 'about feeds' record -i lo -w "$work/file" --events "$work/events"
wrong 'which is not recorded' record -i lo -w "$work/file" --feed $feed@absent0
wrong 'standard output cannot have both' record -i lo -w - --feed $feed --events -
wrong 'no FILE' check
wrong 'no-feeds goes with neither' check --no-feeds --feed $feed "$work/absent"
wrong 'both want standard output' check --json --events - "$work/absent"
generate=(generate --feed moldudp64 -i lo)
wrong "skip: 'x' is no number" "${generate[@]}" --skip x
wrong 'ends before it begins' "${generate[@]}" --skip 9-3
wrong "messages: '3..1' is not" "${generate[@]}" --messages 3..1
wrong "streams: '0' is not" "${generate[@]}" --streams 0
wrong "thin: '1/3' is not SIDE:1/N" "${generate[@]}" --thin 1/3
wrong 'no IPv4 multicast group' "${generate[@]}" --side A=10.0.0.1:5000
wrong 'which transport' generate -i lo --skip 3
wrong 'which transport' generate -w "$work/file"
assert "no file for mistakes of feeds" test ! -e "$work/file"

wrong 'no FILE' repair
wrong 'needs a value' repair "$work/absent" -w
wrong 'takes one FILE' repair -w "$work/file" "$work/absent" "$work/absent"
wrong 'dry-run writes nothing' repair -n -w "$work/file" "$work/absent"
assert "no file for mistakes of cut and repair" test ! -e "$work/file"

# What is no capture file is a failure, not a mistake of usage.
wiretape info "$work/absent"
assert_eq "info of an absent file: exit code" 1 "$code"
assert_file_has "$work/err" 'absent.*No such file'
echo 'no capture' >"$work/text"
wiretape info "$work/text"
assert_eq "info of a text: exit code" 1 "$code"
for command in 'cut -w '"$work/file" repair; do
  wiretape $command "$work/absent"
  assert_eq "$command of an absent file: exit code" 1 "$code"
  assert_file_has "$work/err" 'absent.*No such file'
  wiretape $command "$work/text"
  assert_eq "$command of a text: exit code" 1 "$code"
  assert_file_has "$work/err" 'neither pcapng nor pcap'
done
for command in check feeds; do
  wiretape $command "$work/absent"
  assert_eq "$command of an absent file: exit code" 1 "$code"
  assert_file_has "$work/err" 'absent.*No such file'
  wiretape $command "$work"
  assert_eq "$command of a directory: exit code" 1 "$code"
  assert_file_has "$work/err" 'Is a directory'
  wiretape $command "$work/text"
  assert_eq "$command of a text: exit code" 1 "$code"
  assert_file_has "$work/err" 'neither pcapng nor pcap'
done
assert_eq "feeds of a text: nothing is found where nothing was read" "" "$(cat "$work/out")"
assert_eq "the text is as it was" 'no capture' "$(cat "$work/text")"

# A feeds file that cannot be read is a failure, one that says something wrong a mistake of usage.
"$WIRETAPE" generate -q --feed moldudp64 -c 10 -w "$work/tape.pcapng"
echo 'itch moldudp64 A=239.1.1.1' >"$work/wrong.feeds"
: >"$work/empty.feeds"
for command in "record -i lo -w $work/file" "check $work/tape.pcapng"; do
  wiretape $command --feeds "$work/absent"
  assert_eq "$command --feeds of an absent file: exit code" 1 "$code"
  assert_file_has "$work/err" 'feeds file .*absent: No such file'
  wiretape $command --feeds "$work/wrong.feeds"
  assert_eq "$command --feeds with a mistake: exit code" 2 "$code"
  assert_file_has "$work/err" "wrong.feeds:1: '239.1.1.1' is no GROUP:PORT"
  wiretape $command --feeds "$work/empty.feeds"
  assert_eq "$command --feeds of an empty file: exit code" 2 "$code"
  assert_file_has "$work/err" 'no channel in it'
done

# A channel of which nothing comes is not taken for one without gaps.
wiretape check --feed moldudp64@239.1.1.1:5000,name=quiet "$work/tape.pcapng"
assert_file_has "$work/out" 'no packet of 1 channel: .*\(quiet\)'
wiretape record --reader sim -i sim:count=10 -w "$work/tape.pcapng" --feed moldudp64@239.1.1.1:5000,name=quiet
assert_file_has "$work/err" 'no packet of 1 channel: .*\(quiet\)'

wiretape check --state "$work" "$work/tape.pcapng" --feed $feed
assert_eq "a directory for a state: exit code" 1 "$code"
assert_file_has "$work/err" 'no regular file'
wiretape check --state "$work/text" "$work/tape.pcapng" --feed $feed
assert_eq "a text for a state: exit code" 1 "$code"
assert_file_has "$work/err" 'no state of wiretape check'
for command in "record -i lo -w $work/file" "check $work/tape.pcapng"; do
  wiretape $command --feed $feed --events "$work"
  assert_eq "$command: events to a directory: exit code" 1 "$code"
  assert_file_has "$work/err" 'events.*Is a directory'
done
assert "no file of nothing" test ! -e "$work/file"

# A standard output that takes nothing is noticed.
"$WIRETAPE" --version >/dev/full 2>"$work/err"
assert_eq "--version to a full device: exit code" 1 $?
"$WIRETAPE" record --help >/dev/full 2>"$work/err"
assert_eq "record --help to a full device: exit code" 1 $?
"$WIRETAPE" info --help >/dev/full 2>"$work/err"
assert_eq "info --help to a full device: exit code" 1 $?
"$WIRETAPE" record --reader sim -i sim:count=10 -w "$work/tape.pcapng" -q
for command in "record -q --reader sim -i sim:count=10 -w $work/file" "info $work/tape.pcapng" \
  "check $work/tape.pcapng" "cut -w $work/file $work/tape.pcapng" \
  "compare $work/tape.pcapng $work/tape.pcapng" "repair --dry-run $work/tape.pcapng" \
  "feeds $work/tape.pcapng" "feeds --list" "replay -i sim $work/tape.pcapng" \
  "generate --feed pitch -q -c 10 -w $work/file" "stamp caps lo" "stamp cross sim:" \
  "replay --check -i lo"; do
  # shellcheck disable=SC2086
  timeout 100 "$WIRETAPE" $command --json >/dev/full 2>"$work/err"
  assert_eq "$command, JSON to a full device: exit code" 1 $?
  assert_eq "$command, JSON to a full device: complaints" 1 \
    "$(grep -c '^wiretape: cannot write to standard output: ' "$work/err")"
done
