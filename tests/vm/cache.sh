# shellcheck shell=bash
# Where the VM lab keeps what it has fetched; sourced.
cache=${WIRETAPE_VM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/wiretape-vm}
