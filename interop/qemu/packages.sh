#!/usr/bin/env bash
# Unpacks QEMU 10 from Debian's backports into a folder, with the libraries that this machine lacks.
# Nothing is installed, and apt's own settings and lists stay as they are: packages.sh FOLDER
set -euo pipefail
mkdir -p "$1"
cd "$1"
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
suites=(bookworm bookworm-updates bookworm-backports)
for suite in "${suites[@]}"; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main"
done >"$state/sources.list"
apt=(-o Dir::State="$state" -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$state/cache"
  -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=- -o APT::Sandbox::User= -o Debug::NoLocking=true)
apt-get "${apt[@]}" update -qq
apt-get "${apt[@]}" install -qq --download-only --no-install-recommends -t bookworm-backports \
  qemu-system-x86 qemu-system-arm >/dev/null
for package in "$state"/cache/archives/*.deb; do dpkg -x "$package" .; done
