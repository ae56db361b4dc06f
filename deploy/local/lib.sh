# shellcheck shell=bash
# Shared by the scripts of deploy/: progress, Debian packages and the tool cache. To be sourced.

set -euo pipefail
shopt -s inherit_errexit
umask 022

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
FLEETOPS_CACHE=${FLEETOPS_CACHE:-${HOME:-/root}/.cache/fleetops}
# shellcheck disable=SC2034  # used by the scripts that source this file
deploy_local=$root/deploy/local
# The Debian release that tools and base images are taken from.
# shellcheck disable=SC2034
debian_suite=bookworm

# stdout is the result of a script; all that a person reads while waiting goes to stderr.
progress() { printf '\033[36m▸\033[0m %s\n' "$*" >&2; }

die() {
  printf '\033[31m✗\033[0m %s\n' "$*" >&2
  exit 1
}

# logged WHAT COMMAND…: says WHAT, runs COMMAND quietly, and shows the end of its output when it fails.
logged() {
  local what=$1 log status=0 started=$SECONDS
  shift
  log=$(mktemp)
  progress "$what"
  "$@" >"$log" 2>&1 || status=$?
  if ((status != 0)); then
    tail -n 40 "$log" >&2
    rm -f "$log"
    die "$what: failed after $((SECONDS - started)) s: $* (exit $status)"
  fi
  rm -f "$log"
  if ((SECONDS - started >= 5)); then progress "  done in $((SECONDS - started)) s"; fi
}

require_root() { ((EUID == 0)) || die "$(basename "$0") needs root: it sets up packages, mounts or network interfaces. Run it with sudo."; }

apt_quiet() {
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -y -q --no-install-recommends "$@"
}

# install_packages NAME…: installs the Debian packages that are missing.
install_packages() {
  local missing=() name
  for name in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true) == installed ]] || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  require_root
  # Two scripts that install at once would both find the same packages missing.
  (
    exec 8>/tmp/.fleetops-apt.lock
    flock 8
    [[ -n $(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -mtime -7 -print -quit 2>/dev/null) ]] ||
      logged 'refreshing the list of Debian packages' apt_quiet update
    logged "installing Debian packages: ${missing[*]}" install_refreshing "${missing[@]}"
  )
}

# A list that is some days old names files that the mirror no longer has.
install_refreshing() { apt_quiet install "$@" || { apt_quiet update && apt_quiet install "$@"; }; }

# The Debian mirror this machine is set up for; FLEETOPS_DEBIAN_MIRROR overrides it.
debian_mirror() {
  local mirror=${FLEETOPS_DEBIAN_MIRROR:-}
  if [[ -z $mirror ]]; then
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
  fi
  if [[ -z $mirror ]] && ((EUID == 0)); then
    apt_quiet update >&2
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
  fi
  [[ -n $mirror ]] || die 'No Debian mirror is set up on this machine. Name one: FLEETOPS_DEBIAN_MIRROR=http://…/debian'
  printf '%s\n' "${mirror%/}"
}

# private_apt DIR TYPE SUITE COMPONENTS: fills the array apt_private with the options of an apt that works in DIR, so that
# the machine's own package lists stay as they are.
private_apt() {
  local dir=$1 type=$2 suite=$3 components=$4
  mkdir -p "$dir"/{lists/partial,cache/archives/partial}
  printf '%s [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s %s\n' \
    "$type" "$(debian_mirror)" "$suite" "$components" >"$dir/sources.list"
  : >"$dir/status"
  apt_private=(-q
    -o Acquire::Retries=3 -o Acquire::Languages=none -o APT::Sandbox::User=root -o Dir::State="$dir" -o Dir::State::status="$dir/status"
    -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache")
  logged "reading Debian's package list ($suite)" apt-get "${apt_private[@]}" update
}

# unpack_debian DIR NAME VERSION SHA256: unpacks a Debian package of apt_private into DIR, installing nothing: a package that
# is installed would start its service. Debian replaces a version when it mends it; then what it has now is taken, which
# apt verifies by Debian's signature.
unpack_debian() {
  local dir=$1 name=$2 version=$3 sha256=$4 downloads=$1.downloads
  mkdir -p "$dir" "$downloads"
  if (cd "$downloads" && apt-get "${apt_private[@]}" download "$name=$version" >/dev/null 2>&1); then
    verify_sha256 "$(find "$downloads" -name "${name}_*.deb")" "$sha256"
  else
    (cd "$downloads" && logged "downloading $name" apt-get "${apt_private[@]}" download "$name")
    progress "  Debian replaced $name $version by $(basename "$(find "$downloads" -name "${name}_*.deb")"); taking that"
  fi
  dpkg-deb -x "$(find "$downloads" -name "${name}_*.deb")" "$dir"
}

# unpack_npm DIR NAME VERSION INTEGRITY: unpacks an npm package into DIR/package; nothing of it is executed.
unpack_npm() {
  local dir=$1 name=$2 version=$3 integrity=$4 archive found
  command -v npm >/dev/null || install_packages npm
  mkdir -p "$dir"
  logged "downloading $name $version" npm pack --silent --pack-destination "$dir" "$name@$version"
  archive=$(find "$dir" -maxdepth 1 -name '*.tgz')
  found=sha512-$(openssl dgst -sha512 -binary "$archive" | base64 -w 0)
  [[ $found == "$integrity" ]] || die "$name $version: its integrity is $found, expected $integrity. The download is not what was pinned."
  tar -C "$dir" -xzf "$archive"
  rm "$archive"
}

# verify_sha256 FILE SHA256
verify_sha256() {
  local found
  found=$(sha256sum "$1" | cut -d ' ' -f 1)
  [[ $found == "$2" ]] || die "$(basename "$1"): its SHA-256 is $found, expected $2. The download is not what was pinned."
}

# hash_files FILE…: one short hash over the content of the files, for cache keys.
hash_files() { cat "$@" | sha256sum | cut -c 1-16; }

# cached NAME KEY FUNCTION: prints the folder $FLEETOPS_CACHE/NAME/KEY. When it is not there yet, FUNCTION is called with an
# empty folder to fill and a second one to work in, and the result appears under its name at once or not at all.
cached() {
  local cached_name=$1 cached_key=$2 cached_build=$3
  local cached_parent=$FLEETOPS_CACHE/$1
  local cached_final=$FLEETOPS_CACHE/$1/$2
  if [[ ! -d $cached_final ]]; then
    mkdir -p "$cached_parent"
    (
      exec 9>"$cached_parent/.lock"
      flock -n 9 || {
        progress "$cached_name: another process is making it; waiting"
        flock 9
      }
      [[ ! -d $cached_final ]] || exit 0
      # With the lock held, whatever staging is there belongs to a run that was killed.
      rm -rf "$cached_parent"/.staging.*
      staging=$(mktemp -d "$cached_parent/.staging.XXXXXX")
      trap 'rm -rf "$staging"' EXIT
      mkdir "$staging/out" "$staging/work"
      started=$SECONDS
      "$cached_build" "$staging/out" "$staging/work" >&2
      mv -T "$staging/out" "$cached_final"
      progress "$cached_name $cached_key: ready in $((SECONDS - started)) s"
    )
  fi
  printf '%s\n' "$cached_final"
}
