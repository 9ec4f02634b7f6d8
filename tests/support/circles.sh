#!/usr/bin/env bash
# There are no circles: not between source files and rooms by what they include, a module's x.h,
# x_private.h and x.c counting as one, and not between object files by what they call.
# Run with the source tree as $1 and, for the calls, the build tree as $2.
set -u
folders="include base ring stamp packet pcapng writer archive feed capture replay monitor cli"

# Prints "from to" for each include of another module of the tree; with room=1, of another room.
list_includes() {
  find $folders -name '*.[ch]' 2>/dev/null | sort | xargs awk -v room="$1" '
    function part(path) {
      if (room)
        sub(/\/[^\/]*$/, "", path)
      else
        sub(/(_private)?\.[ch]$/, "", path)
      return path
    }
    /^#[ \t]*include[ \t]*<wiretape\// {split($0, path, /<wiretape\/|>/); target = path[2]}
    /^#[ \t]*include[ \t]*"/ {
      split($0, path, "\"")
      target = FILENAME
      sub(/[^\/]*$/, "", target)
      target = target path[2]
    }
    target != "" {
      if (target !~ /\//)
        target = "include/wiretape/" target
      if (part(FILENAME) != part(target))
        print part(FILENAME), part(target)
      target = ""
    }' | sort -u
}

# Prints "from to" for each object file that has a symbol undefined which another one defines. The
# objects of a folder are in its library; those of the command are not looked at.
list_calls() {
  for folder in $folders; do
    library=$1/$folder/libwt_$folder.a
    [ -e "$library" ] && nm -A -P "$library" | sed -n "s|^[^[]*\[\([^]]*\)\.c\.o\]: |$folder/\1 |p"
  done | awk '
    {name = $1; symbol = $2}
    $3 ~ /^[TDBRVWC]$/ {home[symbol] = name}
    $3 == "U" {use[++uses] = name " " symbol}
    END {
      for (i = 1; i <= uses; i++) {
        split(use[i], pair, " ")
        if (pair[2] in home && home[pair[2]] != pair[1])
          print pair[1], home[pair[2]]
      }
    }' | sort -u
}

# tsort names the members of a circle, one a line.
check() {
  what=$1
  least=$2
  pairs=$(cat)
  count=$(printf '%s\n' "$pairs" | grep -c .)
  echo "$count arrows between $what"
  if [ "$count" -lt "$least" ]; then
    echo "does this test still see them?"
    return 1
  fi
  circles=$(printf '%s\n' "$pairs" | tsort 2>&1 >/dev/null | sed 's/^tsort: -\{0,1\}:\{0,1\} *//')
  [ -z "$circles" ] && return 0
  echo "$what form a circle:"
  echo "$circles"
  return 1
}

bad=0
cd "$1" || exit 1
list_includes 0 | check "modules, by includes" "${WT_ARROWS_LEAST:-500}" || bad=1
list_includes 1 | check "rooms, by includes" "${WT_ARROWS_LEAST:-50}" || bad=1
if [ $# -gt 1 ]; then
  list_calls "$2" | check "object files, by calls" "${WT_ARROWS_LEAST:-300}" || bad=1
fi
exit $bad
