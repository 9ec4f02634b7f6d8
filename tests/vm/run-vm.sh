#!/usr/bin/env bash
# Run a script in a virtual machine with NICs that have clocks and a kernel that has all
# qdiscs, and bring back what it leaves in $RESULTS.
#
#   WIRETAPE=build/release/cli/wiretape tests/vm/run-vm.sh SCRIPT [OPTION]...
#   VM_GUESTS=FOLDER tests/vm/run-vm.sh --stop
#
# -q QEMU    new (default), whose igb has a running clock, or old: 7.2
# -n NIC,... on one hub, named nic0, nic1, ... in the guest; igb,igb by default; also e1000e
#            and virtio-net-pci
# -a WORD    for the guest's kernel, such as nosmp; may be given again
# -o FOLDER  where results go; a temporary folder that goes away if it is not given
#
# A line "# vm: OPTION..." in the script has the options that it needs.
#
# The script is run by bash as root, in an initramfs of busybox, with ip, tc, ethtool, gojq as
# jq, setpriv, setcap if this machine has it, and linuxptp's phc_ctl and hwstamp_ctl. $WIRETAPE is
# the program, $SUPPORT and $VM are tests/support and tests/vm, and programs that $NO_URING,
# $RESTAMP, $UDP_SEND and $PHC_PROBE name here are there, too. If there is a file SCRIPT.host,
# bash runs it afterwards on this machine, in the folder of results.
#
# With $VM_GUESTS, a folder, the machine stays there for the next script that needs the same one,
# until three minutes after the last, or --stop. Each finds it as if it had just been booted.
#
# Exit code: the script's; 77 where there is no such machine, with the reason; 124 if it was
# not through in $VM_SECONDS (60).
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cache.sh"
. "$here/initramfs.sh"
. "$here/guest.sh"
usage() {
  sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"
  exit 2
}

qemu=new nics=igb,igb results="" arguments=()
options() {
  while [ $# -gt 0 ]; do
    case $1 in
    -q) qemu=${2:?} ;;
    -n) nics=${2:?} ;;
    -a) arguments+=("${2:?}") ;;
    -o) results=${2:?} ;;
    *) usage ;;
    esac
    shift 2
  done
}

if [ "${1:-}" = --stop ]; then
  for folder in "${VM_GUESTS:?}"/*/; do stop_guest "${folder%/}"; done
  exit
fi
script=${1:-}
[ -f "$script" ] || usage
shift
# shellcheck disable=SC2046 # words
options $(sed -n 's/^# vm: //p' "$script")
options "$@"
: "${WIRETAPE:?is the program that is to be tested}"

for part in kernel jq "$qemu"; do
  "$here/fetch.sh" "$part" || exit
done
for tool in bash ip tc ethtool jq setpriv; do
  command -v "$tool" >/dev/null || { echo "SKIP: $tool is not installed"; exit 77; }
done

work=$(mktemp -d)
guest=$qemu-$nics${arguments[*]:+-${arguments[*]}}
# No commas, which QEMU takes for ends of names, nor slashes.
guest=${VM_GUESTS:-$work}/${guest//[^a-z0-9-]/+}
# A guest that others may use is left as it is: its next user sees that it is busy.
clean_up() {
  [ -n "${VM_GUESTS:-}" ] || stop_guest "$guest"
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

broken() {
  echo "$1; the end of the guest's console:"
  tail -n 40 "$guest/console" | tr -d '\r'
  cat "$guest/errors"
  stop_guest "$guest"
  exit "$2"
}

mkdir -p "$guest" "${results:=$work/results}" || exit
exec 9>"$guest/lock"
flock 9
for try in 1 2 3; do
  ready_guest "$guest" "$qemu" "$nics" "${arguments[*]:-}" || broken "the guest does not boot" 1
  run_in_guest "$guest" "$script" "${VM_SECONDS:-60}" "$results" && code=0 || code=$?
  if [ $code = 0 ] || ! aborted "$guest"; then break; fi
  echo "QEMU has aborted, try $try: $(cat "$guest/errors")" >&2
done
case $code in
0) ;;
124) broken "the guest stands still" 124 ;;
*) broken "the guest has ended" 1 ;;
esac
exec 9>&- 8>&-

code=$(cat "$results/code")
if [ "$code" = 124 ]; then echo "the script was not through in ${VM_SECONDS:-60} s"; fi
if [ "$code" = 0 ] && [ -e "$script.host" ]; then
  script=$(realpath "$script")
  (cd "$results" && SUPPORT=$here/../support bash "$script.host")
  code=$?
fi
exit "$code"
