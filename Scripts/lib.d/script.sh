# What all scripts in bash do alike: `. lib.d/script.sh` at their beginning. The comment at a script's head is its help.
# shellcheck shell=bash

script_path=$(realpath "$0")
script=${script_path##*/}
root=$(cd "$(dirname "$script_path")/.." && pwd)

head_comment() { sed -n '2,/^[^#]/s/^#\( \|$\)//p' "$script_path"; }

# Wrong use: says the right one, and ends with 64.
usage() {
  head_comment | sed -n '/^usage:/,/^$/p' >&2
  exit 64
}

die() {
  printf '%s: %s\n' "$script" "$*" >&2
  exit 1
}

# Something is missing that the script cannot get.
unavailable() {
  printf '%s: %s\n' "$script" "$*" >&2
  exit 69
}

# The first python3 on PATH that has pip; fails without one.
python_with_pip() {
  local python
  while read -r python; do
    "$python" -Sc 'import os, sys, sysconfig
paths = sysconfig.get_paths()
folders = (paths["purelib"], paths["platlib"], f"/usr/lib/python{sys.version_info[0]}/dist-packages")
sys.exit(not any(os.path.isdir(folder + "/pip") for folder in folders))' 2>/dev/null &&
      { printf '%s\n' "$python"; return; }
  done < <(type -ap python3)
  return 1
}

# What follows psql or -- belongs to another program.
for argument; do
  case $argument in
    -h | --help) head_comment; exit 0 ;;
    psql | --) break ;;
  esac
done
unset argument
