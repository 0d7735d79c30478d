# Sourced by tests of the program: $LONA, a folder of their own as the current one, counters.
LONA=$(realpath "${LONA:-out/lona}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
passed=0 failed=0
