#!/usr/bin/env bash
# Checks who includes whom (docs/design/layout.md), over the dependency files that the compiler wrote.
# Usage: tools/lint-includes.sh OUT-DIRECTORY...  Last line: "N passed, N failed", a count of (source, header) pairs.
set -eu
find "$@" -name '*.d' -print0 | xargs -0 cat | sed -e 's/\\$//' | awk '
function folder(path) { sub(/^\.\//, "", path); return path }
function hosted(path) { return path ~ /^(runtime|loader|forth)\/port\/hosted\/|^kernel\/arch\/hosted\// }
function allowed(source, header) {
    if (header ~ /^(spec|base)\//) return 1
    if (source ~ /^base\//) return 0
    if (hosted(header)) return hosted(source)
    if (source ~ /^loader\//) return header ~ /^loader\//
    if (header ~ /^abi\//) return source ~ /^(runtime\/port\/kernel|boot|kernel|forth|abi|liba)\// || hosted(source)
    if (source ~ /^kernel\//) return header ~ /^kernel\//
    if (source ~ /^boot\//) return header ~ /^boot\//
    if (source ~ /^forth\//) return header ~ /^(forth|loader)\//
    if (source ~ /^runtime\/port\/hosted\//) return header ~ /^(runtime|loader|forth|kernel)\//
    if (source ~ /^runtime\//) return header ~ /^(runtime|loader)\//
    return 0
}
function system_header_allowed(source, header) {
    if (hosted(source)) return 1
    return header ~ /\/(stdint|stdbool|stddef|stdarg|stdalign|limits|float|immintrin)\.h$/ || header ~ /\/clang\/[0-9]+\/include\// \
        || header ~ /\/bits\// || header ~ /features(-time64)?\.h$/ || header ~ /stdc-predef\.h$/ || header ~ /\/(sys\/cdefs|gnu\/stubs.*)\.h$/
}
{
    for (i = 1; i <= NF; i++) {
        word = $i
        if (word ~ /:$/) { source = ""; continue }
        if (word ~ /\.c$/) { source = folder(word); continue }
        if (source == "" || source !~ /^(base|loader|runtime|forth|kernel|boot)\//) continue
        header = folder(word)
        if (header ~ /^\//) ok = system_header_allowed(source, header)
        else ok = allowed(source, header)
        if (ok) passed++
        else { failed++; print "include rule broken: " source " includes " header }
    }
}
END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 || passed == 0 }'
