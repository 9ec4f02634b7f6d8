#!/usr/bin/env bash
# Run a script in a virtual machine with NICs that have clocks and a kernel that has all
# qdiscs, and bring back what it leaves in $RESULTS.
#
#   WIRETAPE=build/release/cli/wiretape tests/vm/run-vm.sh SCRIPT [OPTION]...
#
# -q QEMU    new (default), whose igb has a running clock, or old: 7.2
# -n NIC,... on one hub, named nic0, nic1, ... in the guest; igb,igb by default; also e1000e
#            and virtio-net-pci
# -a WORD    for the guest's kernel, such as nosmp; may be given again
# -o FOLDER  where results go; a temporary folder that goes away if it is not given
#
# A line "# vm: OPTION..." in the script has the options that it needs.
#
# The script is run by bash as root, in an initramfs of busybox, with ip, tc, ethtool, jq,
# setpriv, setcap if this machine has it, and linuxptp's phc_ctl and hwstamp_ctl. $WIRETAPE is
# the program, $SUPPORT and $VM are tests/support and tests/vm, and programs that $NO_URING,
# $RESTAMP, $UDP_SEND and $PHC_PROBE name here are there, too. If there is a file SCRIPT.host,
# bash runs it afterwards on this machine, in the folder of results.
#
# Exit code: the script's; 77 where there is no such machine, with the reason; 124 if it was
# not through in $VM_SECONDS (60).
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cache.sh"
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

script=${1:-}
[ -f "$script" ] || usage
shift
# shellcheck disable=SC2046 # words
options $(sed -n 's/^# vm: //p' "$script")
options "$@"
: "${WIRETAPE:?is the program that is to be tested}"

for part in kernel "$qemu"; do
  "$here/fetch.sh" "$part" || exit
done
for tool in bash ip tc ethtool jq setpriv; do
  command -v "$tool" >/dev/null || { echo "SKIP: $tool is not installed"; exit 77; }
done

work=$(mktemp -d)
trap 'kill %% 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
kernel=$cache/kernel/root
version=$(basename "$kernel"/boot/vmlinuz-*)
version=${version#vmlinuz-}
busybox() { "$kernel/bin/busybox" "$@"; }
# kmod is what it is called as.
kmod_as() { (exec -a "$1" "$kernel/bin/kmod" "${@:2}"); }

# ---- the guest's files ----

# into ROOT FILE...: copies with the libraries that they need, each at its place.
into() {
  local root=$1 file library
  shift
  for file; do
    mkdir -p "$root/bin"
    cp -L "$file" "$root/bin/"
    ldd "$file" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
      [ -e "$root$library" ] || { mkdir -p "$root${library%/*}" && cp -L "$library" "$root$library"; }
    done
  done
}

modules=(igb e1000e virtio-net veth sch_etf sch_fq sch_taprio sch_mqprio sch_netem
  sch_ingress cls_flower cls_matchall act_mirred act_skbedit ifb dummy pktgen 8021q loop ext4 tun)

# With what they depend on, in folders as depmod wants them.
add_modules() {
  local root=$1 from=$kernel/lib/modules/$version name
  kmod_as depmod -b "$kernel" "$version"
  mkdir -p "$root/lib/modules/$version"
  cp "$from"/modules.{order,builtin,builtin.modinfo} "$root/lib/modules/$version/"
  kmod_as modprobe -d "$kernel" -S "$version" -a --show-depends "${modules[@]}" |
    awk '$1 == "insmod" { print $2 }' | sort -u | while read -r name; do
    name=${name#"$from/"}
    mkdir -p "$root/lib/modules/$version/${name%/*}"
    busybox xzcat "$from/$name" >"$root/lib/modules/$version/${name%.xz}"
  done
  kmod_as depmod -b "$root" "$version"
}

# What does not change with the program that is tested.
make_base() {
  local root=$work/base link
  mkdir -p "$root"/{bin,dev,proc,sys,tmp,run,etc,root,lib}
  ln -s bin "$root/sbin"
  mkdir "$root/usr"
  ln -s ../bin "$root/usr/bin"
  ln -s ../bin "$root/usr/sbin"
  for link in $(busybox --list); do
    ln -s busybox "$root/bin/$link"
  done
  rm "$root/bin/busybox"
  cp "$kernel/bin/busybox" "$root/bin/"
  # These are the real ones, not busybox's.
  rm -f "$root"/bin/{ip,tc,bash,setpriv}
  into "$root" "$(command -v bash)" "$(command -v ip)" "$(command -v tc)" "$(command -v ethtool)" \
    "$(command -v jq)" "$(command -v setpriv)" "$kernel"/usr/sbin/{phc_ctl,hwstamp_ctl}
  # A test can do without.
  if command -v setcap >/dev/null; then into "$root" "$(command -v setcap)"; fi
  add_modules "$root"
  cp "$here/init" "$root/init"
  (cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$1.new" && mv "$1.new" "$1"
}

# The kernel unpacks one archive after the other into the same root.
make_overlay() {
  local root=$work/overlay name
  mkdir -p "$root/test"
  into "$root" "$WIRETAPE"
  for name in NO_URING RESTAMP UDP_SEND PHC_PROBE; do
    [ -z "${!name:-}" ] || into "$root" "${!name}"
  done
  cp "$script" "$root/test/script"
  cp -r "$here/../support" "$root/test/support"
  cp -r "$here" "$root/test/vm"
  (cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$1"
}

# A new one whenever what it is made of has changed.
base=$cache/base-$(cat "$0" "$here/init" <(echo "$version") | sha256sum | cut -c 1-16).gz
exec 9>"$cache/lock"
flock 9
[ -e "$base" ] || { rm -f "$cache"/base-*.gz && make_base "$base"; } || exit 1
flock -u 9
make_overlay "$work/overlay.gz"
cat "$base" "$work/overlay.gz" >"$work/initramfs"

# ---- the machine ----

# Addresses of their own, in hexadecimal: igb's virtual functions are two devices more, 16
# further up, and would collide with those of the next, or leave the bus.
devices=() index=0
IFS=, read -ra models <<<"$nics"
for model in "${models[@]}"; do
  devices+=(-netdev "hubport,id=port$index,hubid=0"
    -device "$model,netdev=port$index,mac=52:54:00:00:00:0$index,romfile=,addr=$(printf %x $((5 + index * 3)))")
  index=$((index + 1))
done

export LD_LIBRARY_PATH=$cache/$qemu/root/usr/lib/x86_64-linux-gnu:$cache/$qemu/root/lib/x86_64-linux-gnu
timeout "${VM_SECONDS:-60}" "$cache/$qemu/root/usr/bin/qemu-system-x86_64" \
  -L "$cache/$qemu/root/usr/share/qemu" -L "$cache/$qemu/root/usr/share/seabios" \
  -accel tcg,thread=multi -cpu max -smp 2 -m 1024 -nodefaults -no-user-config -display none -no-reboot \
  -kernel "$kernel/boot/vmlinuz-$version" -initrd "$work/initramfs" \
  -append "console=ttyS0 loglevel=4 panic=-1 quiet no_timer_check net.ifnames=0 ${arguments[*]:-}" \
  -serial "file:$work/console" \
  -device virtio-serial,addr=4 \
  -chardev "file,id=said,path=$work/said" -device virtserialport,chardev=said,name=said \
  -chardev "file,id=left,path=$work/results.tar" -device virtserialport,chardev=left,name=left \
  "${devices[@]}" </dev/null 2>"$work/qemu" &
wait $!
status=$?
unset LD_LIBRARY_PATH

# ---- what it left ----

broken() {
  echo "$1; the end of the guest's console:"
  tail -n 40 "$work/console" | tr -d '\r'
  cat "$work/qemu"
}

cat "$work/said" 2>/dev/null
mkdir -p "${results:=$work/results}"
tar -xf "$work/results.tar" -C "$results" 2>/dev/null
cp "$work/console" "$results/console"
if [ "$status" = 124 ]; then
  broken "the guest was not through in ${VM_SECONDS:-60} s"
  exit 124
fi
if [ ! -e "$results/code" ]; then
  broken "the guest has left no exit code (QEMU: $status)"
  exit 1
fi
code=$(cat "$results/code")
if [ "$code" = 0 ] && [ -e "$script.host" ]; then
  script=$(realpath "$script")
  (cd "$results" && SUPPORT=$here/../support bash "$script.host")
  code=$?
fi
exit "$code"
