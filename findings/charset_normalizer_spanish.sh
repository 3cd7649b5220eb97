#!/bin/sh
# charset-normalizer 3.5.2 names Windows-1250 (Central European) as the best match of plain Spanish
# text in Windows-1252 (Western European), so that str(best()) reads "señor" as "seńor". Its measures
# put the two side by side: mess 0.0 for both, familiar letters 0.52 against 0.50, since languages
# are judged by their most frequent letters and the two pages share all but a few. For German in
# Windows-1252 it again names cp1250, with cp1252 nowhere among the matches: there the letters are
# the same on both pages, so only the name is wrong.
# Seen on 2026-11-28 with Python 3.11:
#   best: cp1250  reads: seńor
#   German: cp1250, cp1252 among the matches: False
# Remedy: score candidates one by one (cp_isolation) and prefer the more common page among equals.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check charset-normalizer==3.5.2
"$folder/venv/bin/python" - <<'PYTHON'
from charset_normalizer import from_bytes

spanish = "text,label\n" + "¡Qué película más aburrida! No volveré,neg\nMuy buena, señor,pos\n" * 5
best = from_bytes(spanish.encode("cp1252")).best()
word = "seńor" if "seńor" in str(best) else "señor" if "señor" in str(best) else "neither"
print(f"best: {best.encoding}  reads: {word}")

german = "text,label\n" + "Für Größe und Qualität übertrifft es alles,pos\nNicht schön,neg\n" * 5
found = from_bytes(german.encode("cp1252"))
names = [match.encoding for match in found]
print(f"German: {names[0]}, cp1252 among the matches: {'cp1252' in names}")

assert (best.encoding, word) == ("cp1250", "seńor"), "it reads Spanish otherwise now"
assert names[0] == "cp1250" and "cp1252" not in names, "it names German otherwise now"
PYTHON
