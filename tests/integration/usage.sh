#!/usr/bin/env bash
# What the command line says to those who ask and to those who are wrong.
. "$SUPPORT/lib.sh"

# wiretape ARGUMENT...: exit code in $code, output in $work/out and $work/err.
wiretape() {
  timeout 30 "$WIRETAPE" "$@" >"$work/out" 2>"$work/err" </dev/null
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
  assert_eq "$*: standard output" "" "$(cat "$work/out")"
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
  assert_eq "$command --help: longest line" 0 "$(awk 'length > 100' "$work/out" | wc -l)"
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
  wrong "snaplen '$bad'" "${record[@]}" -s "$bad"
done
for bad in 0 -3 ten 99999999999999999999; do
  wrong "count '$bad'" "${record[@]}" -c "$bad"
done
for bad in nonsense duration: duration:0 duration:-1 duration:nan duration:inf duration:1x packets:0 \
  filesize:0 filesize:x filesize:1XB filesize:99999999999999999999; do
  wrong "'$bad'" "${record[@]}" -a "$bad"
done
for bad in 0 x 1Q -5 2s@ @1Gbps 2s@1 2h@1Gbps 0s@1Gbps 2s@0Gbps 99999999999TiB nan@1Gbps; do
  wrong "ring '$bad'" "${record[@]}" --ring "$bad"
done
wrong "no reader 'v9'" "${record[@]}" --reader v9
wrong 'comes with -u' "${record[@]}" --reader udp
wrong "retire timeout '0'" "${record[@]}" --retire-timeout 0
wrong "'0'" "${record[@]}" --stats 0
wrong 'filter is given more than once' "${record[@]}" -f udp tcp
wrong 'does not go with -i' "${record[@]}" -u 239.1.1.1:5000
wrong 'does not go with --reader' record -u 239.1.1.1:5000 -w "$work/file" --reader recv
wrong "sockstamp 'ms'" record -u 239.1.1.1:5000 -w "$work/file" --sockstamp ms
wrong 'sockstamp is for -u' "${record[@]}" --sockstamp ns
wrong 'needs a value' record -u
assert "no file for mistakes" test ! -e "$work/file"

wrong 'where to send' generate
wrong "'0' is not" generate -i lo --size 0
wrong "'x' is not" generate -i lo --pps x
wrong "'10.0.0.1' is not" generate -i lo --group 10.0.0.1
wrong "not an option" generate -i lo surplus
wrong 'no FILE' info

wrong 'no FILE' cut -w "$work/file"
wrong 'where to' cut "$work/absent"
wrong 'needs a value' cut "$work/absent" -w
for bad in '' x -1 1. 2026-11-21 2026-02-30T00:00:00 1.0000000001; do
  wrong "from: '$bad' is not a time" cut "$work/absent" -w "$work/file" --from "$bad"
done
wrong "to: 'now' is not a time" cut "$work/absent" -w "$work/file" --to now
wrong "duration: '0' is not a time" cut "$work/absent" -w "$work/file" --duration 0
wrong 'nothing lies between' cut "$work/absent" -w "$work/file" --from +5 --to +5
wrong 'leave out one' cut "$work/absent" -w "$work/file" --to +5 --duration 5
wrong 'only once' cut - - -w "$work/file"

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
assert_eq "the text is as it was" 'no capture' "$(cat "$work/text")"
assert "no file of nothing" test ! -e "$work/file"

# A standard output that takes nothing is noticed.
"$WIRETAPE" --version >/dev/full 2>"$work/err"
assert_eq "--version to a full device: exit code" 1 $?
"$WIRETAPE" record --help >/dev/full 2>"$work/err"
assert_eq "record --help to a full device: exit code" 1 $?
"$WIRETAPE" info --help >/dev/full 2>"$work/err"
assert_eq "info --help to a full device: exit code" 1 $?
"$WIRETAPE" record --reader sim -i sim:count=10 -w "$work/file" --json >/dev/full 2>"$work/err"
assert_eq "JSON to a full device: exit code" 1 $?
