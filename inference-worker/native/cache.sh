# Sourced by the scripts of this folder: the tool cache, pinned npm packages, and tools installed when missing.
# Progress goes to stderr, because stdout of each script is the folder that it prints.

NATIVE_SOURCE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
LOCK_FILE="$NATIVE_SOURCE/versions.lock"
CACHE="${FLEETOPS_CACHE:-${HOME:-/root}/.cache/fleetops}"
LLAMA_RELEASE="$(awk '$1 == "llama.cpp" {print $2}' "$LOCK_FILE")"
LLAMA_COMMIT="$(awk '$1 == "llama.cpp" {print $3}' "$LOCK_FILE")"

say() { echo "native: $*" >&2; }
fail() { echo "native: $*" >&2; exit 1; }

# input_hash FILE... : one short name for the content of the files; what is built from them lies under it.
input_hash() { cat "$@" | sha256sum | cut -c1-16; }

# under_lock NAME FUNCTION... : two builds of the same thing at once would waste work, so the second waits and finds it done.
under_lock() {
    local name="$1"; shift
    mkdir -p "$CACHE/.locks"
    exec {lock_fd}>"$CACHE/.locks/$name"
    flock "$lock_fd"
    "$@"
    exec {lock_fd}>&-
}

# stage : makes a folder to build in, named by $staging, that is gone when the script ends, however it ends.
stage() {
    mkdir -p "$CACHE"
    staging="$(mktemp -d "$CACHE/.staging.XXXXXX")"
    STAGED+=("$staging")
}
STAGED=()
trap '[ "${#STAGED[@]}" -eq 0 ] || rm -rf "${STAGED[@]}"' EXIT

# publish STAGING TARGET : a folder appears whole or not at all.
publish() {
    mkdir -p "$(dirname "$2")"
    rm -rf "$2"
    mv -T "$1" "$2"
}

# need_tools COMMAND=PACKAGE... : installs the Debian packages of commands that are missing.
need_tools() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
    done
    [ "${#missing[@]}" -eq 0 ] && return
    [ "$(id -u)" -eq 0 ] || fail "needs the Debian packages: ${missing[*]}. Install them, or run this as root."
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # The scripts of deploy/local take the same lock: apt-get has none to wait for while another one refreshes its lists.
    (
        exec 8>/tmp/.fleetops-apt.lock
        flock 8
        apt-get -o DPkg::Lock::Timeout=600 update -qq >&2 || fail "apt-get update failed, so ${missing[*]} cannot be installed"
        apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
            fail "apt-get could not install ${missing[*]}"
    ) || exit
}

# check_sha256 FILE SHA256
check_sha256() {
    local found
    found="$(sha256sum "$1" | cut -d' ' -f1)"
    [ "$found" = "$2" ] || fail "$1 has sha256 $found where versions.lock pins $2. Delete it and try again; if it stays so, the package is not the pinned one."
}

# fetch_package NAME TARGET : downloads the pinned npm package, checks its integrity, unpacks the pinned files to TARGET
# and checks each. Nothing from the package is run.
fetch_package() {
    local name="$1" target="$2" version integrity staging tarball want found
    read -r version integrity < <(awk -v name="$name" '$1 == "package" && $2 == name {print $3, $4}' "$LOCK_FILE")
    [ -n "${version:-}" ] || fail "versions.lock has no package $name"
    need_tools node=nodejs npm=npm
    stage
    say "fetching $name@$version"
    (cd "$staging" && npm pack --silent --ignore-scripts --pack-destination "$staging" "$name@$version" >/dev/null) ||
        fail "npm could not fetch $name@$version; is the npm registry reachable (npm ping)?"
    tarball="$(ls "$staging"/*.tgz)"
    want="$(printf %s "${integrity#sha512-}" | base64 -d | od -An -v -tx1 | tr -d ' \n')"
    found="$(sha512sum "$tarball" | cut -d' ' -f1)"
    [ "$found" = "$want" ] || fail "$name@$version has sha512 $found where versions.lock pins $want"
    awk -v name="$name" '$1 == "file" && $2 == name {print "package/" $3}' "$LOCK_FILE" >"$staging/files"
    tar -xzf "$tarball" -C "$staging" --no-same-owner -T "$staging/files"
    while read -r _ _ path sha256; do
        check_sha256 "$staging/package/$path" "$sha256"
    done < <(awk -v name="$name" '$1 == "file" && $2 == name' "$LOCK_FILE")
    chmod -R u=rwX,go=rX "$staging/package"
    publish "$staging/package" "$target"
}
