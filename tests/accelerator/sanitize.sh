#!/bin/sh
# Runs the accelerator's tests against a build with AddressSanitizer and UBSan.
#
#   tests/accelerator/sanitize.sh               the tests; fails where a sanitizer reports
#   tests/accelerator/sanitize.sh --self-check  breaks a bounds check in a copy of each source first,
#                                               and fails unless AddressSanitizer finds all
#
# PYTHON and CC choose the interpreter and the compiler (gcc or clang).
set -eu

root=$(CDPATH='' cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-python}
cc=${CC:-gcc}
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT

cp -r "$root/flagengine" "$site/flagengine"
rm -f "$site"/flagengine/native/_accelerator*.so
# Edits a file of the copy; fails where there was nothing to edit.
edit() {
    sed -i "$2" "$site/flagengine/native/$1"
    ! cmp -s "$site/flagengine/native/$1" "$root/flagengine/native/$1"
}
if [ "${1:-}" = --self-check ]; then
    edit column.c 's/to > column->data.len/to > column->data.len + 1024/'
    edit texts.h 's/<= texts->size - BLOCK/<= texts->size/'
    edit text_test.c 's/operand->n <= n /operand->n <= n + 64 /'
    edit conditions.c 's/hasher_count(object) != uppers/hasher_count(object) < uppers/'
fi

include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
suffix=$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
case $("$cc" --version) in
*clang*)
    shared=-shared-libasan
    runtime=$("$cc" -print-file-name="libclang_rt.asan-$(uname -m).so")
    ;;
*)
    shared=
    runtime=$("$cc" -print-file-name=libasan.so)
    ;;
esac
"$cc" -std=c11 -g -O1 -fno-omit-frame-pointer -Wall -Wextra -Werror -fPIC -shared \
    -fsanitize=address,undefined -fno-sanitize-recover=all $shared \
    -I"$include" "$site"/flagengine/native/*.c \
    -o "$site/flagengine/native/_accelerator$suffix"

# Python's own allocator would hide what is read past the end of a string, and it leaks at exit.
run() {
    LD_PRELOAD=$runtime ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc PYTHONPATH=$site \
        "$python" -P "$@"
}

cd "$root"
run -c 'import sys, flagengine.native._accelerator as built; assert built.__file__.startswith(sys.argv[1])' \
    "$site"
# pytest would put the working tree, and its own build, before everything else.
run_tests() {
    run -m pytest -q -p no:cacheprovider -o pythonpath="$site" "$@"
}
# Runs the tests of a file that must die of the broken check.
expect_overflow() {
    run_tests -s "$1" -k "$2" >"$site/log" 2>&1 && {
        echo "the broken bounds check was not found: $1" >&2
        exit 1
    }
    grep -q 'ERROR: AddressSanitizer: .*-buffer-overflow' "$site/log"
    echo "AddressSanitizer found the broken bounds check: $1"
}
if [ "${1:-}" = --self-check ]; then
    expect_overflow tests/unit/test_accelerator.py past_the_data
    expect_overflow tests/unit/test_accelerator.py many_rows_are_right
    expect_overflow tests/unit/test_text_accelerator.py longer_than_the_text
    expect_overflow tests/unit/test_plain_flag.py leaves_the_matches
    exit 0
fi
run_tests tests/unit/test_accelerator.py \
    tests/unit/test_text_accelerator.py tests/unit/test_plain_flag.py \
    tests/unit/test_plain_flag_lifetime.py tests/unit/test_shortcut.py tests/unit/test_evaluation.py \
    tests/unit/test_hashing.py \
    tests/unit/test_string_column.py tests/unit/test_dropped_snapshots.py \
    tests/unit/test_known_json.py tests/unit/test_known_documents.py \
    tests/unit/test_untouched_documents.py tests/unit/test_flag_table.py tests/concurrency
