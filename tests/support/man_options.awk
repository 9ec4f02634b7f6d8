# The options of a manual in mdoc: a line each, "COMMAND: -w,--write out", from lines such as
# ".It Fl w , Fl -write Ar out".

function plain(first,    text, i, token, glue, closes) {
  text = ""
  glue = 1
  closes = 0
  for (i = first; i <= NF; i++) {
    token = $i
    if (token == "Ns") { glue = 1; continue }
    if (token ~ /^(Ar|Cm|No|Pa|Li|Pf)$/) continue
    if (token == "Fl") { i++; token = "-" $i }
    else if (token == "Op") { token = "["; closes++ }
    else if (token == "Oo") token = "["
    else if (token == "Oc") { token = "]"; glue = 1 }
    text = text (glue ? "" : " ") token
    glue = token == "["
  }
  while (closes--) text = text "]"
  return text
}

# "-n , --samples , --count samples" and others after it.
function tell(text,    parts, count, i, names, space) {
  count = split(text, parts, / , /)
  names = ""
  for (i = 1; i <= count; i++) {
    space = index(parts[i], " ")
    names = names (names == "" ? "" : ",") (space ? substr(parts[i], 1, space - 1) : parts[i])
    if (!space && i < count) continue
    if (space) {
      text = substr(parts[i], space + 1)
      gsub(/ /, "", text)
    }
    print command ": " names (space ? " " tolower(text) : "")
    names = ""
  }
}

/^\.Sh / {
  command = tolower($2)
  if (command !~ /^(record|generate|replay|info|check|feeds|cut|compare|repair)$/) command = ""
  is_stamp = $2 == "STAMP"
}
/^\.Ss / && is_stamp {
  command = ""
  if ($2 == "Capabilities") command = "stamp caps"
  if ($2 == "Cross") command = "stamp cross"
  if ($2 == "Watching") command = "stamp watch"
  if ($2 == "Latency") command = "stamp latency"
}
/^\.It Fl / && command != "" { tell(plain(2)) }
