#!/usr/bin/env bash
# Replay the corpus $2 with the fuzz target $1, then fuzz for FUZZ_SECONDS (default 3): but not
# where every source of the target is as in the commit FUZZ_BASE, or as when it was last fuzzed.
set -eu
target=$1 corpus=$2
tree=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "$(ls -A "$corpus")" ] || { echo "no corpus in $corpus"; exit 1; }

# sources: what the objects in the target were compiled from, headers too, and the corpus. The
# linker's map names the objects, Ninja knows the rest.
sources() {
  {
    ninja -C "$(dirname "$target")/.." -t deps | awk -v target="${target##*/}" '
      FNR == NR {
        if (match($0, /lib(wt_[a-z]+)\.a\(.*\.o\)/)) {
          split(substr($0, RSTART + 3, RLENGTH - 4), part, /\.a\(/)
          linked[part[1] "/" part[2]] = 1
        }
        next
      }
      /^[^ ].*: #deps/ {
        object = $1
        sub(/:$/, "", object)
        folder = name = object
        sub(/.*CMakeFiles\//, "", folder)
        sub(/\.dir\/.*/, "", folder)
        sub(/.*\//, "", name)
        wanted = folder == target || (folder "/" name) in linked
      }
      wanted && /^ / {print $1}' "$target.map" - |
      (cd "$(dirname "$target")/.." && xargs -r realpath -q --relative-to="$tree")
    (cd "$tree" && find "$(realpath --relative-to="$tree" "$corpus")" -type f)
  } | grep -v '^\.\./' | sort -u
}

# As it is now, all of it.
fingerprint() {
  (cd "$tree" && tr '\n' '\0' <"$work/sources" | xargs -0 sha256sum) | sha256sum
}

as_in_base() {
  [ -n "${FUZZ_BASE:-}" ] || return
  (
    cd "$tree"
    mapfile -t paths <"$work/sources"
    git diff --quiet "$FUZZ_BASE" -- "${paths[@]}" && [ -z "$(git ls-files --others -- "${paths[@]}")" ]
  )
}

as_fuzzed() { [ "$(cat "$target.fuzzed" 2>/dev/null)" = "$(fingerprint)" ]; }

# Replace exit code 77, libFuzzer's own, which ctest takes for a skipped test.
target() { "$target" -error_exitcode=1 -timeout_exitcode=1 "$@"; }
sources >"$work/sources"
grep -q '\.c$' "$work/sources" || { echo "which sources are in it?"; exit 1; }
if [ -z "${FUZZ_ALWAYS:-}" ] && { as_in_base || as_fuzzed; }; then
  target -runs=0 "$corpus"
  echo "its $(wc -l <"$work/sources") sources have not changed: only the corpus was replayed"
  exit 0
fi
mkdir "$work/new"
fingerprint >"$work/fingerprint"
# Begins with the corpus.
target -max_total_time="${FUZZ_SECONDS:-3}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
  -artifact_prefix="${FUZZ_ARTIFACTS:-$work/}" "$work/new" "$corpus" 2>&1 | tail -n 25
status=${PIPESTATUS[0]}
if [ "$status" = 0 ]; then cp "$work/fingerprint" "$target.fuzzed"; fi
exit "$status"
