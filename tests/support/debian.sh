# shellcheck shell=bash
# Debian packages that are unpacked into a folder and never installed; sourced by scripts that
# fetch. They set $cache, a folder of their own, and have skip(). Needs no right to anything.
#
# Packages come from the suites that are known to have what is wanted, whatever the machine has in
# its own lists, which stay as they are.
suite=bookworm

# debian_lists [ARCHITECTURE]: what there is, for this machine's architecture or another.
debian_lists() {
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  command -v apt-get >/dev/null || skip "there is no apt-get to fetch packages with"
  command -v dpkg-deb >/dev/null || skip "there is no dpkg-deb to unpack packages with"
  [ -e "$keyring" ] || skip "there is no $keyring to know Debian's packages by"
  mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
  apt=(apt-get -qq -o "Dir::Etc::sourcelist=$cache/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$cache/apt/lists" -o "Dir::Cache=$cache/apt"
    -o "Dir::Cache::archives=$cache/apt/archives" -o APT::Sandbox::User= -o Debug::NoLocking=1
    -o "APT::Default-Release=$suite" -o APT::Get::Upgrade=false)
  printf 'deb [signed-by=%s] http://deb.debian.org/debian %s main\n' \
    "$keyring" "$suite" "$keyring" "$suite-backports" >"$cache/apt/sources.list"
  if [ $# -gt 0 ]; then
    sed -i '/-backports /d' "$cache/apt/sources.list"
    # Nothing of another architecture is installed here.
    : >"$cache/apt/status"
    apt+=(-o "APT::Architecture=$1" -o "APT::Architectures::=$1" -o "Dir::State::status=$cache/apt/status")
  fi
  "${apt[@]}" update >"$cache/apt/log" 2>&1 ||
    skip "Debian's package lists cannot be had: $(tail -n 1 "$cache/apt/log")"
}

# download DIRECTORY PACKAGE...: these packages alone.
download() {
  local to=$1
  shift
  mkdir -p "$to"
  (cd "$to" && "${apt[@]}" download "$@") >"$cache/apt/log" 2>&1 ||
    skip "$* cannot be had: $(tail -n 1 "$cache/apt/log")"
}

# unpack DIRECTORY PACKAGE-FILE...
unpack() {
  local to=$1 package
  shift
  mkdir -p "$to"
  for package; do
    dpkg-deb -x "$package" "$to"
  done
}

# closure RELEASE PACKAGE...: these and the packages that they need and this machine has not.
closure() {
  local release=$1
  shift
  "${apt[@]}" -t "$release" install --no-install-recommends --print-uris -y "$@" 2>"$cache/apt/log" |
    sed -nE "s|^'.*/([^/_']+)_[^/]*' ([^_]+)_([^_]+)_.*|\2=\3|p" | sed 's/%3a/:/'
}
