#!/usr/bin/env bash
# Builds programs from Debian's own source packages twice: for this machine, and as modules (clang --target=wasm32-wasi with
# wasi-libc and liba).  Usage: test/programs/build.sh OUT-DIRECTORY.  What is built already stays.  Needs the network once; changes
# nothing outside the directory (apt is given lists and caches of its own).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1" && cd "$1"
out=$PWD

fetch() { # packages, unpacked into src/PACKAGE
    local missing=() apt package
    for package in "$@"; do [ -e "src/$package/.complete" ] || missing+=("$package"); done
    [ ${#missing[@]} -eq 0 ] && return
    mkdir -p apt/state/lists/partial apt/cache/archives/partial apt/files src
    echo "deb-src http://deb.debian.org/debian ${LONA_DEBIAN:-bookworm} main" >apt/sources.list
    apt=(apt-get -q -o "Dir::Etc::sourcelist=$out/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State=$out/apt/state" -o "Dir::Cache=$out/apt/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User=)
    "${apt[@]}" update >apt/log 2>&1 || { tail -n 5 apt/log; echo "the lists of source packages could not be fetched"; exit 1; }
    for package in "${missing[@]}"; do
        mkdir -p "apt/files/$package" "src/$package"
        (cd "apt/files/$package" && "${apt[@]}" source --download-only "$package" >>"$out/apt/log" 2>&1) ||
            { tail -n 5 apt/log; echo "the source of $package could not be fetched"; exit 1; }
        tar -xf "$(ls apt/files/"$package"/*.orig.tar.* | grep -v '\.asc$' | head -n 1)" -C "src/$package" --strip-components=1
        touch "src/$package/.complete"
    done
}

native=(clang-19 -O2 -w -fuse-ld=lld)
module=(clang-19 --target=wasm32-wasi -O2 -w -fwasm-exceptions -mllvm -wasm-enable-sjlj
    -isystem "$root/liba/include" -include liba_compat.h -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS
    -D_WASI_EMULATED_GETPID -D_WASI_EMULATED_MMAN)
module_end=("$root/liba/setjmp.c" "$root/liba/compat.c" -lwasi-emulated-signal -lwasi-emulated-process-clocks
    -lwasi-emulated-getpid -lwasi-emulated-mman -lm -Wl,--stack-first -Wl,-z,stack-size=1048576)

both() { # NAME SOURCE-DIRECTORY ARGUMENT...: the same files with the same options
    local name=$1 directory=$2
    shift 2
    [ "$name.wasm" -nt "$root/liba/setjmp.c" ] && [ "$name.wasm" -nt "$root/liba/compat.c" ] && [ -x "$name" ] && return
    echo "building $name"
    (cd "$directory" && "${native[@]}" "$@" -lm -o "$out/$name") &
    (cd "$directory" && "${module[@]}" "$@" "${module_end[@]}" -o "$out/$name.wasm")
    wait $!
}

amalgamate() { # sqlite's one file is made by its own scripts
    [ -e src/sqlite3/made/sqlite3.c ] && return
    mkdir -p src/sqlite3/made
    (cd src/sqlite3/made && ../configure --disable-readline >log 2>&1 && make -s sqlite3.c shell.c >>log 2>&1) ||
        { tail -n 5 src/sqlite3/made/log; exit 1; }
}

fetch lua5.4 bzip2 mujs sqlite3
both lua src/lua5.4/src $(cd src/lua5.4/src && ls *.c | grep -v '^luac\.c$')
both bzip2 src/bzip2 bzip2.c blocksort.c huffman.c crctable.c randtable.c compress.c decompress.c bzlib.c
both mujs src/mujs one.c main.c
amalgamate
both sqlite3 src/sqlite3/made -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_WAL sqlite3.c shell.c
