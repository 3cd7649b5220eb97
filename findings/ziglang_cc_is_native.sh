#!/bin/sh
# `ziglang` 0.17.0's `zig cc`, taken as a drop-in for `cc`, compiles for the processor of the machine
# that it runs on, where gcc and clang compile for the architecture's baseline: with no flag at all
# __AVX2__ is defined on a processor that has AVX2, so a library built in one place ends with an
# illegal instruction in another. `-mcpu=baseline` brings the usual meaning; gcc's own spelling,
# -march=x86-64, is refused as an unknown processor ("x86").
# Seen on 2026-11-28 on an x86-64 processor with AVX-512:
#   cc: 0  zig cc: 1  zig cc -mcpu=baseline: 0  zig cc -march=x86-64: refused
set -eu
grep -qw avx2 /proc/cpuinfo || { echo "this processor has no AVX2: nothing to see here"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ziglang==0.17.0
printf '#ifdef __AVX2__\n1\n#else\n0\n#endif\n' > "$folder/has_avx2.c"
zig() { "$folder/venv/bin/python" -m ziglang cc "$@" -E -P "$folder/has_avx2.c" 2>/dev/null | tr -d "\n"; }
plain=$(zig)
baseline=$(zig -mcpu=baseline)
march=$(zig -march=x86-64)
march=${march:-refused}
echo "zig cc: $plain  zig cc -mcpu=baseline: $baseline  zig cc -march=x86-64: $march"
[ "$plain" = 1 ] && [ "$baseline" = 0 ] && [ "$march" = refused ]
