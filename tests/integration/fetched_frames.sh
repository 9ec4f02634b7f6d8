#!/usr/bin/env bash
# Packets that are larger than a slot of TPACKET_V2 are fetched whole, and are themselves, also
# after the link was down.
. "$SUPPORT/lib.sh"
need capinfos tshark

make_tun() {
  coproc TUN { exec "$TUN_LINK" "$1" 65534 2>"$work/tun.err"; }
  local answer=""
  read -r answer <&"${TUN[0]}"
  [ "$answer" = ready ] || skip "no tun interface can be made: $(cat "$work/tun.err")"
  ip link set "$1" up mtu 1500
}

tun() {
  local answer=""
  echo "$*" >&"${TUN[1]}"
  read -r answer <&"${TUN[0]}"
  assert_eq "tun $*" "done" "$answer"
}

# flap READER LENGTHS: a recorder whose file nobody reads for a while.
flap() {
  local reader=$1 more=$2
  make_tun tun0
  rm -f "$work/fifo"
  mkfifo "$work/fifo"
  : >"$work/err"
  "$WIRETAPE" record --reader "$reader" -i tun0 -w "$work/fifo" --ring 16MiB --json \
    >"$work/out" 2>"$work/err" &
  recorder=$!
  exec 4<"$work/fifo"
  await_recording
  written=0
  tun send 600 9999 3000 "$more"
  wait_until "the recorder waits for the file's reader" waits_for_reader
  ip link set tun0 down
  ip link set tun0 up
  cat <&4 >"$work/file.pcapng" &
  exec 4<&-
  tun send 50 9999 3000 "$more"
  wait_until "the recorder has all" counted 650
  stop_recorder
  wait_until "the file is there" complete
  # Its place in the file, the number that IPv4 has, and the numbers in its payload; whole.
  fields "$work/file.pcapng" ip.id frame.len frame.cap_len ip.len udp.payload | awk -F'\t' '
    function decimal(hex,   i, value) {
      for (i = 1; i <= length(hex); i++)
        value = value * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
      return value
    }
    {
      number = decimal(substr($1, 3))
      if (number != NR) misplaced++
      if ($2 != $4 || decimal(substr($5, 1, 8)) != number) anothers++
      if ($2 != $3) cut++
      if (decimal(substr($5, int(length($5) / 8) * 8 - 7, 8)) != number) anothers++
    }
    END {print NR, misplaced + 0, anothers + 0, cut + 0}' >"$work/found"
  assert_eq "$reader, $more lengths: packets, misplaced, of another, cut" "650 0 0 0" \
    "$(cat "$work/found")"
  assert_ledger_closes "$reader, $more lengths"
  assert_eq "$reader, $more lengths: frames that are degraded" true \
    "$(json 'all(.notes[]; test("went down|is down"))')"
  local pid=$TUN_PID
  eval "exec ${TUN[1]}>&-"
  wait "$pid" 2>/dev/null
}

# In the middle of what the ring has: the pipe is full and the recorder stands still. How many bytes
# fill a pipe depends on the writes: one frame in a write takes a page, and the 16 pages hold 40 KiB.
waits_for_reader() {
  local before=${written:-0}
  written=$(awk '$1 == "wchar:" {print $2}' "/proc/$recorder/io")
  [ "${written:-0}" -ge 32768 ] && [ "$written" = "$before" ]
}

complete() {
  [ "$(packets "$work/file.pcapng")" = 650 ]
}

for reader in v2 recv v3; do
  flap $reader 200
done
flap v2 1
