# shellcheck shell=bash
# What the guest's first file system is made of; sourced after cache.sh.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kernel=$cache/kernel/root
busybox() { "$kernel/bin/busybox" "$@"; }
# kmod is what it is called as.
kmod_as() { (exec -a "$1" "$kernel/bin/kmod" "${@:2}"); }
kernel_version() {
  local image
  image=$(basename "$kernel"/boot/vmlinuz-*)
  echo "${image#vmlinuz-}"
}

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
  local root=$1 version name from
  version=$(kernel_version)
  from=$kernel/lib/modules/$version
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

# Not compressed: unpacking takes the guest seconds.
archive() { (cd "$1" && find . | busybox cpio -o -H newc 2>/dev/null) >"$2.new" && mv "$2.new" "$2"; }

# make_base FILE FOLDER: what does not change with the program that is tested.
make_base() {
  local root=$2/base link
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
    "$(command -v setpriv)" "$kernel"/usr/sbin/{phc_ctl,hwstamp_ctl} "$cache/jq/root/usr/bin/gojq"
  ln -s gojq "$root/bin/jq"
  # A test can do without.
  if command -v setcap >/dev/null; then into "$root" "$(command -v setcap)"; fi
  add_modules "$root"
  cp "$here/init" "$root/init"
  archive "$root" "$1"
}

# make_overlay FILE FOLDER: the program that is tested, and the tests. The kernel unpacks one
# archive after the other into the same root.
make_overlay() {
  local root=$2/overlay name
  mkdir -p "$root/test"
  into "$root" "$WIRETAPE"
  for name in NO_URING RESTAMP UDP_SEND PHC_PROBE; do
    [ -z "${!name:-}" ] || into "$root" "${!name}"
  done
  cp -r "$here/../support" "$root/test/support"
  cp -r "$here" "$root/test/vm"
  archive "$root" "$1"
}

# make_initramfs FILE FOLDER
make_initramfs() {
  local base
  # A new one whenever what it is made of has changed.
  base=$cache/base-$(cat "$here"/{init,initramfs.sh} <(kernel_version) | sha256sum | cut -c 1-16).cpio
  (
    flock 9
    [ -e "$base" ] || { rm -f "$cache"/base-* && make_base "$base" "$2"; }
  ) 9>"$cache/lock" || return
  make_overlay "$2/overlay.cpio" "$2" && cat "$base" "$2/overlay.cpio" >"$1"
}
