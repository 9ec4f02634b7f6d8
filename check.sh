#!/usr/bin/env bash
# Everything that says whether this tree is sound, one stage after the other; what
# fails does not keep the rest from running.
#
#   ./check.sh         for every change: all but what takes long
#   ./check.sh --ci    also the slow integration tests, quickstart.sh, builds for release and
#                      for s390x, whose program has to agree with the native one, and the tests
#                      in virtual machines, which fetch a kernel and QEMU: as CI runs it
#   ./check.sh --all   also these under the sanitizers, a minute of fuzzing a target, the
#                      integration and stress tests ten times over, ten minutes of feeds
#                      with random faults, a hundred recordings killed, 300 small
#                      changes to pure code, one at a time, of which the unit tests have to
#                      notice 95 %, every build that a packager may try, and quickstart.sh and
#                      check.sh in a new Debian (as root)
#
# Installs what is missing with apt (as root, or with a sudo that asks nothing). Logs
# are in build/check/. The last line says how many checks passed, failed and were
# skipped: ctest's tests, unit tests within them, and everything else that is marked as a
# check here. The exit code is 0 only if none failed. Nothing is left of it but build/, also
# when it is killed.
set -u
cd "$(dirname "$0")" || exit 1
. cmake/dependencies.sh
# Nothing stays of what runs below, however this ends.
[ -n "${WT_TIDY:-}" ] || WT_TIDY=1 exec tests/support/tidy.sh "$0" "$@"

# What another clone of this tree has compiled need not be compiled again.
if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER-ccache}
  export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=1
fi

logs=build/check
# A line for each check: "pass", "skip", a tab, its name and why, or "fail", its name and, where it has
# printed anything, the file with that.
results=$logs/results
jobs=$(nproc)

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'
else
  bold="" red="" plain=""
fi

pass() { echo pass >>"$results"; }
fail() { printf 'fail\t%s\t%s\n' "$1" "${2:-}" >>"$results"; }
skip() { printf 'skip\t%s: %s\n' "$1" "$2" >>"$results"; }
count() { grep -c "^$1" "$results"; }

# check NAME COMMAND...: one check with a log of its own, of which closing() shows the end if
# it fails. Exit code 77 is a skip, and the last line says why.
check() {
  local name=$1 log status=0 began=$SECONDS
  shift
  log=$logs/${name//[^a-zA-Z0-9]/-}.log
  "$@" >"$log" 2>&1 || status=$?
  case $status in
  0) pass; printf '  ok    %s (%d s)\n' "$name" $((SECONDS - began)) ;;
  77)
    skip "$name" "$(tail -n 1 "$log")"
    printf '  skip  %s: %s\n' "$name" "$(tail -n 1 "$log")"
    ;;
  *)
    fail "$name" "$log"
    printf '  %sFAIL  %s%s (%d s): %s\n' "$red" "$name" "$plain" $((SECONDS - began)) "$log"
    return 1
    ;;
  esac
}

# What became of each test, from ctest's JUnit report: "run|fail|skip name reason".
# ctest also writes "skipped" for a test whose program is missing; that is a failure.
outcomes() {
  sed -nE '
    s/.*<testcase name="([^"]*)".*status="([a-z]*)".*/\1\t\2/; t keep
    s/.*<skipped message="([^"]*)".*/\1/; t reason
    b
    :keep
    h; s/^(.*)\t(run|fail)$/\2\t\1/p; s/^(.*)\tdisabled$/skip\t\1/p; b
    :reason
    G; s/^SKIP_RETURN_CODE=.*\n(.*)\t.*$/skip\t\1/p; t
    s/^(.*)\n(.*)\t.*$/fail\t\2 (\1)/p' "$1"
}

inner_passes() { grep -E '(^|>)ok - [^ ]+::' "$1" | grep -vc '# SKIP'; }

# Skips of unit tests are inside tests that ctest calls passed.
inner_skips() {
  sed -nE 's/.*(ok|not ok) - ([^ ]+) *# SKIP *(.*)/\2: \3/p' "$1" | sort -u
}

# said REPORT TEST: what it has printed, without unit tests that passed.
said() {
  sed -n "/<testcase name=\"$2\"/,/<\/testcase>/p" "$1" |
    sed 's/<\/\?[a-z-]\+\( [^>]*\)\?>//g; s/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&amp;/\&/g' | grep -vE '^ok - |^\s*$'
}

# run_ctest NAME PRESET [ARGUMENT...]: each test is a check, and each unit test within.
run_ctest() {
  local name=$1 preset=$2 report log outcome test counted_failures=0 counted=0 status=0
  shift 2
  report=$PWD/$logs/ctest-${name//[^a-zA-Z0-9]/-}.xml log=${report%.xml}.log
  rm -f "$report"
  "${without_aslr[@]}" ctest --preset "$preset" -j "$jobs" --output-junit "$report" \
    --test-output-size-passed 1000000 --test-output-size-failed 1000000 "$@" 2>&1 | tee "$log" | sed 's/^/  /'
  status=${PIPESTATUS[0]}
  [ -e "$report" ] || { fail "$name: ctest did not run"; return; }
  while IFS=$'\t' read -r outcome test; do
    counted=$((counted + 1))
    case $outcome in
    run) pass ;;
    skip) skip "$name, $test" "$(grep -m1 -o 'SKIP: .*' <(sed -n "/name=\"$test\"/,/<\/testcase>/p" \
      "$report") || echo 'says not why')" ;;
    *)
      counted_failures=$((counted_failures + 1))
      said "$report" "${test% (*}" >"${report%.xml}-${test%% *}.log"
      fail "$name, $test" "${report%.xml}-${test%% *}.log"
      ;;
    esac
  done < <(outcomes "$report")
  yes pass | head -n "$(inner_passes "$report")" >>"$results"
  while IFS= read -r test; do
    skip "$name, ${test%%: *}" "${test#*: }"
  done < <(inner_skips "$report")
  [ "$counted" -gt 0 ] || fail "$name: there are no tests"
  # Whatever else it was that ctest did not like.
  [ "$status" = 0 ] || [ "$counted_failures" -gt 0 ] || fail "$name: ctest says $status"
}

stage() {
  local began=$SECONDS
  printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
  "$2"
  printf '   %d s\n' $((SECONDS - began))
}

# configure_and_build PRESET TARGET [OPTION]...: past the first error; what can be built is tested.
configure_and_build() {
  local preset=$1 target=$2
  shift 2
  cmake --preset "$preset" "$@" &&
    cmake --build --preset "$preset" --target "$target" --parallel "$jobs" -- -k 0
}

# Threads in ThreadSanitizer's way: on some kernels it needs addresses that are not random.
without_aslr=()

stage_release() {
  # Each test once, under the sanitizers or here; with --all both.
  check "build: release" configure_and_build release all -DWT_TESTS=ON -DWT_UNIT_TESTS=$all -DWT_BENCH=ON -DWT_WERROR=ON
  if $all; then
    run_ctest release release -LE '^vm$'
  elif $ci; then
    run_ctest release release -L '^(plain|slow)$'
  else
    run_ctest release release -L '^plain$' -LE '^slow$'
  fi
}

stage_asan() {
  check "build: asan-ubsan" configure_and_build asan-ubsan all -DWT_TESTS=ON -DWT_BENCH=OFF
  if $all; then
    run_ctest asan-ubsan asan-ubsan
  else
    run_ctest asan-ubsan asan-ubsan -LE '^(slow|plain)$'
  fi
}

stage_tsan() {
  if setarch "$(uname -m)" -R true 2>/dev/null; then
    without_aslr=(setarch "$(uname -m)" -R)
  fi
  check "build: tsan" configure_and_build tsan stress -DWT_TESTS=ON
  run_ctest tsan tsan -L stress
  without_aslr=()
}

# Since when targets whose sources changed are fuzzed: what is upstream; in CI, where that is
# this commit, the last release. Without an answer all are.
fuzz_base() {
  {
    ! $ci && { git merge-base HEAD '@{upstream}' || git merge-base HEAD origin/HEAD; }
  } 2>/dev/null || git describe --tags --abbrev=0 2>/dev/null
}

# For a moment's fuzzing it does not pay to optimise, which takes longer.
stage_fuzz() {
  local always="" level=-O0
  if $all; then always=yes level=-O2; fi
  check "build: fuzz" configure_and_build fuzz fuzz "-DCMAKE_C_FLAGS_RELWITHDEBINFO=$level -gline-tables-only"
  FUZZ_SECONDS=${FUZZ_SECONDS:-2} FUZZ_BASE=$(fuzz_base) FUZZ_ALWAYS=$always run_ctest fuzz fuzz -L fuzz
}

# Files of the tree, by the patterns given; also where there is no git.
tracked() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -- "$@"
  else
    local pattern
    for pattern; do
      find . -path ./build -prune -o -path "./${pattern#./}" -type f -print
    done | sed 's|^\./||' | sort -u
  fi
}

scripts() { tracked '*.sh' && echo .ci/run; }

formatted() { tracked '*.c' '*.h' '*.cpp' | xargs -P "$jobs" -n 100 clang-format --dry-run -Werror; }

static_analysis() {
  local found=$logs/cppcheck
  mkdir -p "$found" || return
  tracked '*.c' | grep -v '^tests/' |
    cppcheck --quiet --cppcheck-build-dir="$found" --error-exitcode=1 -j "$jobs" --std=c11 --platform=unix64 \
      --enable=warning,performance,portability --inline-suppr \
      --suppressions-list=cmake/cppcheck.txt -D_GNU_SOURCE -DWT_VERSION='""' \
      -I build/release/include -I include --file-list=-
}

shell_syntax() {
  local script bad=0
  while read -r script; do
    bash -n "$script" || bad=1
  done < <(scripts)
  return $bad
}

shell_lint() {
  # SC2034, SC2154: a script that is sourced sets what it does not use itself, and the
  # other way round.
  scripts | xargs -P "$jobs" -n 20 shellcheck -x -s bash --severity=warning --exclude=SC2034,SC2154
}

stage_style() {
  check "format: clang-format" formatted
  check "analysis: cppcheck" static_analysis
  check "man page: mandoc" mandoc -Tlint -W warning docs/wiretape.1
  check "scripts: bash -n" shell_syntax
  check "scripts: shellcheck" shell_lint
}

install_to() { rm -rf "$1" && cmake --install build/release --prefix "$1"; }

stage_install() {
  local prefix=$PWD/$logs/prefix kind
  check "install" install_to "$prefix" || return
  for kind in headers-c headers-c++ shared-c shared-c++ static-c static-c++ symbols program; do
    check "installed: $kind" tests/consumer/consume.sh "$kind" "$prefix"
  done
}

# build NAME OPTION...: the libraries and the program, in build/builds/NAME, warnings as errors.
build() {
  local name=$1
  shift
  cmake -G Ninja -B "build/builds/$name" -DWT_TESTS=OFF -DWT_BENCH=OFF -DWT_WERROR=ON "$@" &&
    cmake --build "build/builds/$name" --parallel "$jobs"
}

# Whether clang has no warnings, as a packager calls it: those of the libraries and the program, none
# of which comes from making code.
clang_warnings() {
  local folder=build/builds/release-clang
  cmake -G Ninja -B "$folder" -DWT_TESTS=OFF -DWT_BENCH=OFF -DWT_WERROR=ON -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_COMPILER=clang -DCMAKE_EXPORT_COMPILE_COMMANDS=ON &&
    (cd "$folder" && jq -r '.[].command + " -fsyntax-only"' compile_commands.json | xargs -d '\n' -n 1 -P "$jobs" sh -c)
}

# cross_build ARCHITECTURE TRIPLE [OPTION]...: with Debian's libraries for it.
cross_build() {
  local architecture=$1 triple=$2 sysroot
  shift 2
  sysroot=$(tests/cross/sysroot.sh "$architecture") || { echo "$sysroot"; return 77; }
  build "$architecture" --toolchain "$PWD/tests/cross/toolchain.cmake" "-DTRIPLE=$triple" \
    "-DSYSROOT=$sysroot" "$@"
}

# A packager's directories come out in wiretape.pc as they were given.
absolute_directories() {
  local to=$PWD/$logs/absolute pc
  rm -rf "$to"
  DESTDIR=$to cmake --install build/builds/release-gcc || return
  pc=$to/opt/wt/lib/pkgconfig/wiretape.pc
  cat "$pc"
  [ "$(PKG_CONFIG_PATH=${pc%/*} pkg-config --variable=libdir wiretape)" = /opt/wt/lib ] &&
    [ "$(PKG_CONFIG_PATH=${pc%/*} pkg-config --variable=includedir wiretape)" = /opt/wt/headers ] &&
    [ -e "$to/opt/wt/headers/wiretape/record.h" ]
}

agree() {
  local sysroot
  sysroot=$(tests/cross/sysroot.sh s390x) || { echo "$sysroot"; return 77; }
  WIRETAPE=$PWD/build/release/cli/wiretape SUPPORT=$PWD/tests/support \
    FOREIGN="qemu-s390x-static -L $sysroot $PWD/build/builds/s390x/cli/wiretape" tests/cross/agree.sh
}

stage_builds() {
  check "build: Release, gcc" build release-gcc -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/opt/wt \
    -DCMAKE_INSTALL_LIBDIR=/opt/wt/lib -DCMAKE_INSTALL_INCLUDEDIR=/opt/wt/headers &&
    check "installed: absolute directories" absolute_directories
  check "warnings: Release, clang" clang_warnings
  check "build: s390x" cross_build s390x s390x-linux-gnu -DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1 &&
    check "s390x: agrees with the native program" agree
}

# The libraries alone: Debian has none for musl to link with.
musl_build() {
  cmake -G Ninja -B build/builds/musl -DWT_TESTS=OFF -DWT_BENCH=OFF -DWT_WERROR=ON \
    -DCMAKE_C_COMPILER=musl-gcc \
    "-DCMAKE_C_FLAGS=-idirafter /usr/include -idirafter /usr/include/$(gcc -dumpmachine)" &&
    cmake --build build/builds/musl --parallel "$jobs" --target wiretape_static
}

# refused PATTERN COMMAND...: fails, and says why.
refused() {
  local pattern=$1
  shift
  if "$@" >"$logs/refused.log" 2>&1; then echo "not refused"; return 1; fi
  cat "$logs/refused.log"
  tr -s ' \n' ' ' <"$logs/refused.log" | grep -q "$pattern"
}

among_the_sources() {
  local tree status=0
  tree=$(mktemp -d) || return
  tracked '*' | tar -cT - | tar -x -C "$tree"
  refused 'built in a folder of its own' cmake -S "$tree" -B "$tree" || status=1
  rm -rf "$tree"
  return $status
}

# The unit tests as Criterion has them.
by_criterion() {
  local folder=build/builds/criterion
  cmake -G Ninja -B "$folder" -DWT_CRITERION=ON -DWT_BENCH=OFF -DWT_WERROR=ON &&
    cmake --build "$folder" --parallel "$jobs" && ctest --test-dir "$folder" -L '^unit$' --output-on-failure
}

plain_build() { cmake -B build/builds/plain && cmake --build build/builds/plain -j "$jobs"; }

stage_all_builds() {
  local hardening
  check "build: plain" plain_build
  check "unit tests, by Criterion" by_criterion
  check "build: -O3 -march=native" build native -DCMAKE_BUILD_TYPE=Release "-DCMAKE_C_FLAGS_RELEASE=-O3 -march=native"
  check "build: -flto" build lto -DCMAKE_C_FLAGS=-flto=auto
  check "build: unoptimised, clang" build debug-clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang
  hardening="-O2 -D_FORTIFY_SOURCE=3 -fstack-clash-protection -fcf-protection -fPIE -Wformat -Werror=format-security"
  check "build: hardened" build hardened "-DCMAKE_C_FLAGS=$hardening" \
    "-DCMAKE_EXE_LINKER_FLAGS=-pie -Wl,-z,relro,-z,now"
  check "build: aarch64" cross_build arm64 aarch64-linux-gnu
  check "build: riscv64" cross_build riscv64 riscv64-linux-gnu
  check "build: s390x, Release" cross_build s390x s390x-linux-gnu -DCMAKE_BUILD_TYPE=Release
  check "build: Release, clang" build release-clang -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang
  check "build: musl" musl_build
  check "refused: 32 bits" refused '64-bit target' cmake -B build/builds/i686 -DCMAKE_C_COMPILER=i686-linux-gnu-gcc
  check "refused: among the sources" among_the_sources
}

# In a user namespace that may have no network of its own.
quickstart_without_network() {
  unshare -U -r true || { echo "this machine does not let us make user namespaces"; return 77; }
  unshare -U -r sh -c 'echo 0 >/proc/sys/user/max_net_namespaces && exec ./quickstart.sh' |
    tee "$logs/simulated" && grep -q '^No network can be made here' "$logs/simulated" &&
    grep -q 'docker run --privileged' "$logs/simulated" &&
    [ "$(capinfos -Mrc build/quickstart/tape.pcapng | awk '/packets/ {print $NF}')" = 200000 ]
}

stage_quickstart() {
  check "quickstart.sh without a network" quickstart_without_network
  check "quickstart.sh" ./quickstart.sh
}

# What asserts no rate.
stages_beside() {
  stage "Thread sanitizer" stage_tsan
  stage "Style, static analysis, man page, scripts" stage_style
  stage "Fuzzing" stage_fuzz
  stage "Installation, and programs that use what was installed" stage_install
  if $ci; then
    stage "Builds of packagers, and for another architecture" stage_builds
    stage "Quick start" stage_quickstart
  fi
}

stage_mutants() { check "mutants: 95 % noticed" tests/mutate/mutate.py build/release -j "$jobs"; }

stage_bare() {
  check "a new Debian: quickstart.sh" tests/support/bare-root.sh ./quickstart.sh
  check "a new Debian: check.sh" tests/support/bare-root.sh ./check.sh
}

# Those that judge times run alone, later, in guests that these have booted.
stage_vm() { run_ctest vm release -L '^vm$' -LE '^vm_times$' -E '^vm\.stop$' -FC vm_guests; }
stage_vm_times() { run_ctest "vm, times" release -L '^vm_times$'; }

stage_often() {
  run_ctest "release, ten times" release -L 'integration|stress' --repeat until-fail:10
  KILLS=100 run_ctest "release, a hundred kills" release -R 'integration\.killed'
  run_ctest "asan-ubsan, ten times" asan-ubsan -L stress --repeat until-fail:10
  check "feeds with random faults, ten minutes" env SECONDS=600 build/release/tests/stress_feed
}

# What the machine has of ours.
left_behind() {
  local found
  found=$(find "$TMPDIR" "$TMPDIR_MEMORY" -mindepth 1
    grep " $TMPDIR" /proc/mounts
    losetup -a 2>/dev/null | grep "$TMPDIR"
    ip netns list 2>/dev/null | grep wiretape)
  echo "$found"
  [ -z "$found" ]
}

closing() {
  local name log
  check "nothing is left behind" left_behind
  printf '\n%s== %d s in all%s\n' "$bold" "$SECONDS" "$plain"
  sed -n 's/^skip\t/skipped  /p' "$results"
  # Logs of CI are cut in their middle: what failed is told here, where it is kept.
  while IFS=$'\t' read -r _ name log; do
    printf '%sFAILED   %s%s\n' "$red" "$name" "$plain"
    [ -z "$log" ] || tail -n 60 "$log" | cut -c 1-300 | sed 's/^/    /'
  done < <(grep '^fail' "$results")
  $ci || echo "Left out: the slow tests and the virtual machines, which --ci runs."
  echo "$(count pass) passed, $(count fail) failed, $(count skip) skipped"
  [ "$(count fail)" = 0 ]
}

all=false ci=false
case "${1:-}" in
"") ;;
--ci) ci=true ;;
--all) all=true ci=true ;;
-h | --help) sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"; exit 0 ;;
*) echo "check.sh: there is no option '$1'; --help says which" >&2; exit 2 ;;
esac

mkdir -p "$logs" && : >"$results" || exit 1
packages=("$wt_packages_build" "$wt_packages_show" "$wt_packages_check")
if $ci; then packages+=("$wt_packages_cross"); fi
if $all; then packages+=("$wt_packages_builds"); fi
wt_install_missing "${packages[@]}" || {
  fail "packages are missing"
  closing
  exit 1
}
if $all; then FUZZ_SECONDS=${FUZZ_SECONDS:-60}; fi

stage "Release build with warnings as errors, and all tests" stage_release
stage "Address and undefined-behaviour sanitizers" stage_asan
if $ci; then
  # Emulated machines wait half of the time. What runs beside them is shown when it is over.
  stages_beside >"$logs/beside" 2>&1 &
  stage "Virtual machines" stage_vm
  wait
  cat "$logs/beside"
  stage "Virtual machines that judge times" stage_vm_times
else
  stages_beside
fi
if $all; then
  stage "All other builds" stage_all_builds
  stage "Again and again" stage_often
  stage "Small changes to pure code, and how many the unit tests notice" stage_mutants
  stage "A new Debian" stage_bare
fi
closing
