#!/usr/bin/env bash
# A folder may include only folders to its left, and what the library promises, include/; that
# may include only itself. Run with the source tree as $1.
set -u
cd "$1" || exit 1
find include base ring stamp packet pcapng writer archive feed capture replay monitor cli -name '*.[ch]' \
  2>/dev/null | sort | xargs awk '
  BEGIN {
    split("base ring stamp packet pcapng writer archive feed capture replay monitor cli", order)
    for (i in order)
      place[order[i]] = i + 0
    for (i = 1; i < ARGC; i++)
      known[ARGV[i]]
  }
  function complain(text) {
    print FILENAME ":" FNR ": " text
    bad = 1
  }
  FNR == 1 {split(FILENAME, path, "/"); folder = path[1]}
  /^#[ \t]*include[ \t]*<wiretape\// {
    checked++
    split($0, part, "/")
    target = part[2]
    if (sub(/>.*/, "", target)) {
      if (!("include/wiretape/" target in known))
        complain("there is no include/wiretape/" target)
    } else if (folder == "include")
      complain("what is promised may not include what is not")
    else if (!(target in place))
      complain("there is no folder " target "/")
    else if (place[target] > place[folder])
      complain(folder "/ may not include " target "/")
  }
  # Quoted includes stay inside the room.
  /^#[ \t]*include[ \t]*".*\// {complain("include other rooms by <wiretape/...>")}
  # ring/ makes no system calls and does not print: it needs none of these headers.
  folder == "ring" && /^#[ \t]*include[ \t]*<(sys\/|unistd|fcntl|poll|time|pthread|stdio)/ {
    complain("ring/ may not make system calls or print")
  }
  END {
    print checked + 0 " includes checked"
    if (checked <= 50)
      print "does this test still see them?"
    exit bad || checked <= 50
  }'
