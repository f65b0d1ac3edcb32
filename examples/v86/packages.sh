#!/usr/bin/env bash
# Unpacks what the guest in v86 is made of into a folder: Debian's kernel and busybox for 32 bits, and SeaBIOS.
# Nothing is installed, and apt's own settings and lists stay as they are: packages.sh FOLDER
set -euo pipefail
mkdir -p "$1"
cd "$1"
lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT
mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial"
touch "$lists/status"
apt=(-o APT::Architecture=i386 -o APT::Architectures=i386 -o APT::Sandbox::User=
  -o Dir::State="$lists" -o Dir::State::status="$lists/status" -o Dir::Cache="$lists/cache")
# Of several sources, one that can't be read may not matter: what is missing fails below.
apt-get "${apt[@]}" update -qq || true
kernel=$(apt-cache "${apt[@]}" depends linux-image-686-pae | awk '/Depends: linux-image-/ { print $2; exit }')
apt-get "${apt[@]}" download -qq "$kernel" busybox-static seabios
for package in *.deb; do dpkg -x "$package" . && rm "$package"; done
