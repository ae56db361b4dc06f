# Shared by train and check: what both need, and where llama.cpp is.

folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
native="$folder/../../../inference-worker/native"

# The packages of Debian come with its own Python; another one may stand before it in PATH.
python=/usr/bin/python3

need() {
    local package missing=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    echo "installing ${missing[*]}" >&2
    apt-get -qq -o DPkg::Lock::Timeout=600 update >&2
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "${missing[@]}" >&2
}

engine_arguments() {
    echo --libraries "$("$native/restore")" --source "$("$native/llama-source")" --folder "$folder"
}
