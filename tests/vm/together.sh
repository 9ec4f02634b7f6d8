# shellcheck shell=bash
# For tests of several programs at once, under which NICs may be unplugged: sourced after lib.sh.
declare -A slots pids
folder=$work

# of NAME COMMAND...: one of lib.sh, with the files and the process of NAME.
of() {
  local work=$folder/$1 recorder=${pids[$1]:-}
  "${@:2}"
}

# begin NAME COMMAND...: in the background.
begin() {
  mkdir -p "$folder/$1"
  "${@:2}" >"$folder/$1/out" 2>"$folder/$1/err" &
  pids[$1]=$!
}

# begin_recorder NAME OPTION...: few packets fill a block each time, and the ring is to outlast
# that the guest stands still for a second.
begin_recorder() {
  begin "$1" "$WIRETAPE" record --ring 32MiB -w "$RESULTS/$1.pcapng" --json "${@:2}"
}

# finish NAME...: what they printed and how they ended is judged outside, where it is faster.
finish() {
  local name
  for name; do
    await_end "$name" "${pids[$name]}"
    cp "$folder/$name/out" "$RESULTS/$name.out"
    cp "$folder/$name/err" "$RESULTS/$name.err"
    echo "$status" >"$RESULTS/$name.code"
  done
}

# recordings NAME COUNT: of all that were begun as NAME.*, once each has so many packets.
recordings() {
  local name
  for name in "${!pids[@]}"; do
    if [ "${name%%.*}" = "$1" ]; then of "$name" wait_until "$name: $2 packets" counted "$2"; fi
  done
  for name in "${!pids[@]}"; do
    if [ "${name%%.*}" = "$1" ]; then kill -INT "${pids[$name]}" && finish "$name"; fi
  done
}

says() { grep -q -e "$1" "$work/err"; }
prints() { grep -q -e "$1" "$work/out"; }

absent() {
  [ ! -e "/sys/class/net/$1" ]
}

# unplug NIC
unplug() {
  slots[$1]=$(realpath "/sys/class/net/$1/device")
  echo 1 >"/sys/class/net/$1/device/remove"
  wait_until "$1 is gone" absent "$1"
}

has_driver() {
  nick=$(ls "${slots[$1]}/net" 2>/dev/null) && [ -n "$nick" ]
}

# plug_in NIC: under its name. The kernel gives it another one first.
plug_in() {
  local nick
  echo 1 >/sys/bus/pci/rescan
  wait_until "$1 is found" has_driver "$1" || return
  ip link set "$nick" name "$1"
  links_up "$1"
}
