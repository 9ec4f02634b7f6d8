#!/usr/bin/env bash
# The file cannot be written, or not any more.
. "$SUPPORT/lib.sh"
need tshark capinfos
make_link out0 in0

# Full from the start: not even the header fits.
mkdir "$work/disk"
mount -t tmpfs -o size=64k wiretape-test "$work/disk" || skip "cannot mount a tmpfs"
head -c 65536 /dev/zero >"$work/disk/filler"
timeout 100 "$WIRETAPE" record -i in0 -w "$work/disk/none.pcapng" >"$work/out" 2>"$work/err"
assert_eq "no room at all: exit code" 1 $?
assert_file_has "$work/err" 'No space left on device'
assert "no room at all: no file" test ! -e "$work/disk/none.pcapng"
umount "$work/disk"

# The file may not grow any more. There is no room for the closing blocks either.
: >"$work/err"
(ulimit -f 100; exec "$WIRETAPE" record -i in0 -w "$work/limited.pcapng" --json) >"$work/out" 2>"$work/err" &
recorder=$!
await_recording
"$WIRETAPE" generate -i out0 -q -c 0 -p 20000 &
generator=$!
await_recorder
kill $generator
wait $generator
assert_eq "ulimit -f: exit code" 1 "$status"
assert_file_has "$work/err" 'File too large'
assert_ledger_closes "ulimit -f"
assert_eq "ulimit -f: packets" "$(json .written)" "$(packets "$work/limited.pcapng")"
assert_eq "ulimit -f: ends on a whole block" true "$("$WIRETAPE" info --json "$work/limited.pcapng" | jq .complete)"

# A device that takes nothing.
timeout 100 "$WIRETAPE" record -i in0 -w /dev/full >"$work/out" 2>"$work/err"
assert_eq "/dev/full: exit code" 1 $?
assert_file_has "$work/err" 'No space left on device'

# refused PATH PATTERN
refused() {
  timeout 100 "$WIRETAPE" record -i in0 -w "$1" >"$work/out" 2>"$work/err"
  assert_eq "-w $1: exit code" 1 $?
  assert_file_has "$work/err" "$2"
}
refused "$work" 'Is a directory'
refused "$work/no/such/folder" 'No such file or directory'
mount -t tmpfs -o ro wiretape-test "$work/disk"
refused "$work/disk/file" 'Read-only file system'
umount "$work/disk"

# What becomes of the file meanwhile is told at the end. spoilt WHAT PATTERN COMMAND...
spoilt() {
  local what=$1 pattern=$2
  shift 2
  rm -f "$work"/spoilt*
  start_recorder -i in0 -w "$work/spoilt.pcapng" --json --fail-on-loss
  send out0 500
  wait_until "$what: packets are written" counted 500
  "$@"
  send out0 500
  stop_recorder
  assert_eq "$what: exit code" 1 "$status"
  assert_file_has "$work/err" "spoilt.pcapng $pattern"
  assert_ledger_closes "$what"
}
replace() {
  mv "$work/spoilt.pcapng" "$work/spoilt.old"
  echo another >"$work/spoilt.pcapng"
}
spoilt deleted 'was deleted while it was recorded' rm "$work/spoilt.pcapng"
assert "deleted: is gone" test ! -e "$work/spoilt.pcapng"
spoilt replaced 'was moved away or replaced' replace
assert_eq "replaced: the other is untouched" another "$(cat "$work/spoilt.pcapng")"
assert_eq "replaced: the recording is whole" 1000 "$(packets "$work/spoilt.old")"
spoilt truncated 'was truncated while it was recorded' truncate -s 0 "$work/spoilt.pcapng"

# A link is followed where nobody else can have made it, and only there.
mkdir "$work/shared" && chmod 777 "$work/shared"
echo dear >"$work/dear"
ln -s "$work/dear" "$work/shared/link"
refused "$work/shared/link" 'is a link in a directory that others may write'
assert_eq "shared: not followed" dear "$(cat "$work/dear")"
ln -s "$work/target.pcapng" "$work/link"
start_recorder -i in0 -w "$work/link"
send out0 7
stop_recorder
assert_eq "own link: exit code" 0 "$status"
assert_eq "own link: packets" 7 "$(packets "$work/target.pcapng")"
for name in /dev/stdout /dev/fd/1; do
  "$WIRETAPE" record --reader sim -i sim:count=9,pps=max -w $name -q >"$work/redirected" || fail "-w $name: exit code $?"
  assert_eq "-w $name: packets" 9 "$(packets "$work/redirected")"
  "$WIRETAPE" record --reader sim -i sim:count=9,pps=max -w $name -q | cat >"$work/redirected"
  assert_eq "-w $name in a pipe: packets" 9 "$(packets "$work/redirected")"
done

# Who may read it.
(umask 022 && "$WIRETAPE" record --reader sim -i sim:count=9,pps=max -q -w "$work/mode")
assert_eq "mode" 640 "$(stat -c %a "$work/mode")"
"$WIRETAPE" record --reader sim -i sim:count=9,pps=max -q -w "$work/mode" --mode 604
assert_eq "--mode" 604 "$(stat -c %a "$work/mode")"
"$WIRETAPE" cut -q "$work/target.pcapng" -w "$work/mode"
assert_eq "cut: mode of the file it replaces" 604 "$(stat -c %a "$work/mode")"
"$WIRETAPE" repair "$work/target.pcapng" -w "$work/mode" --mode 0600 >/dev/null
assert_eq "repair --mode" 600 "$(stat -c %a "$work/mode")"

# Without the capability: says which, and what to do; touches no file.
echo keep >"$work/kept"
setpriv --bounding-set=-net_raw --inh-caps=-net_raw \
  "$WIRETAPE" record -i in0 -w "$work/kept" >"$work/out" 2>"$work/err"
assert_eq "no CAP_NET_RAW: exit code" 1 $?
assert_file_has "$work/err" 'CAP_NET_RAW.*setcap cap_net_raw'
assert_eq "no CAP_NET_RAW: the file there was" keep "$(cat "$work/kept")"
