#!/usr/bin/env bash
# Scripts that share a guest do not meet: each finds the machine as the first did, whatever the
# one before it has left, and however that has ended. Takes what run-vm.sh takes, $VM_GUESTS too.
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export VM_GUESTS=${VM_GUESTS:-$work}
failures=0
fail() {
  echo "FAIL: $*"
  failures=$((failures + 1))
}

# All that a script may have changed.
cat >"$work/look" <<'END'
ip -j link | jq -c '.[] | {ifname, flags, mtu, qdisc, operstate, address, promiscuity}'
cut -d ' ' -f 1 /proc/modules | sort
for nic in nic0 nic1; do
  phc_ctl $nic -q freq 2>&1 | sed 's/.*]//'
  # By more than a minute.
  phc_ctl $nic -q cmp 2>&1 | grep -oE 'is -?[0-9]{11,}'
  hwstamp_ctl -i $nic
  ethtool -k $nic
  ls /sys/class/net/$nic/device/ptp
done
cat /proc/sys/kernel/{modprobe,io_uring_disabled} /proc/sys/net/ipv6/conf/{all,default}/disable_ipv6
cut -d ' ' -f 1-3 /proc/mounts
ls -A / /run /tmp /tmp/results /dev/shm /etc /bin
for process in /proc/[0-9]*/exe; do readlink "$process"; done >/tmp/processes
sort /tmp/processes
exit 3
END

cat >"$work/leave" <<'END'
tc qdisc replace dev nic1 root fq
ip link add link nic1 name five type vlan id 5
ip link add one type veth peer name other
ip link set nic1 up promisc on mtu 1400
ethtool -K nic1 rxvlan off
phc_ctl nic1 -q freq 200000 set 1000
hwstamp_ctl -i nic1 -t 1 -r 12
echo /nowhere >/proc/sys/kernel/modprobe
echo 2 >/proc/sys/kernel/io_uring_disabled
for scope in all default; do echo 1 >/proc/sys/net/ipv6/conf/$scope/disable_ipv6; done
mkdir /run/wiretape && touch /run/wiretape/claim /tmp/left /dev/shm/left
mount -t tmpfs left /root
setsid sleep 1000 &
# When it is back, it is the last that the kernel has found.
ip link set nic0 name gone
echo 1 >/sys/class/net/gone/device/remove
! touch /bin/left && exit 3
END
echo 'echo begun; while :; do :; done' >"$work/hang"

echo 'echo begun; sync; echo c >/proc/sysrq-trigger; sleep 100' >"$work/crash"

# ends NAME CODE: what it prints is in $work/NAME.out.
ends() {
  "$here/run-vm.sh" "$work/$1" >"$work/$1.out"
  local code=$?
  if [ $code = 77 ]; then cat "$work/$1.out"; exit 77; fi
  [ $code = "$2" ] || fail "$1: exit code $code instead of $2: $(cat "$work/$1.out")"
}

# finds_no_trace AFTER
finds_no_trace() {
  ends look 3
  diff "$work/first" "$work/look.out" || fail "after $1 a script finds another machine"
}

# abort_qemu: the next one, while it boots, as if by an assertion of its own.
abort_qemu() {
  local folder="$VM_GUESTS/new-igb+igb" pid deadline=$((SECONDS + 60))
  # It begins with a warning; before that, what is written here would be lost.
  until pid=$(cat "$folder/qemu" 2>/dev/null) && grep -qsF "$folder/" "/proc/$pid/cmdline" &&
    [ -s "$folder/errors" ]; do
    [ "$SECONDS" -lt "$deadline" ] || return
    sleep 0.05
  done
  echo "qemu: Assertion \`false' failed." >>"$folder/errors"
  kill "$pid" && touch "$work/aborted"
}

ends look 3
cp "$work/look.out" "$work/first"
grep -q nic1 "$work/first" || fail "it finds no NICs: $(cat "$work/first")"
ends leave 3
VM_SECONDS=10 ends hang 124
grep -q begun "$work/hang.out" || fail "what a script has printed before it hung is lost"
finds_no_trace "one that has changed everything, and one that hung"
ends crash 1
grep -q begun "$work/crash.out" || fail "what a script has printed before the crash is lost"
grep -q sysrq "$work/crash.out" || fail "the console of a guest that crashed is not shown"
abort_qemu &
finds_no_trace "a crash, and one of QEMU's"
wait
[ -e "$work/aborted" ] || fail "QEMU was not made to look as if it had aborted"
[ $failures = 0 ]
