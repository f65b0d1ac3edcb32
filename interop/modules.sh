#!/usr/bin/env bash
# Builds drivers that Debian's kernel does not have, from the source of the same version: for a kernel's
# package that was unpacked with dpkg -x into the given folder, into which they go. Installs what it
# takes to build modules, if that is missing.
set -euo pipefail
folder=$(cd "$1" && pwd)
sources=(drivers/i2c/busses/i2c-virtio drivers/gpio/gpio-virtio)

image=$(echo "$folder"/boot/vmlinuz-*)
release=${image##*/vmlinuz-}
version=$(grep -aoE 'Debian [0-9.]+-[0-9]+' "$image" | head -n 1 | cut -d ' ' -f 2)
series=$(echo "$release" | cut -d . -f 1,2)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ ! -e "/usr/src/linux-headers-$release/Makefile" ] || [ ! -e /usr/bin/make ] || [ ! -e /usr/bin/xz ]; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "linux-headers-$release=$version" make xz-utils >/dev/null
fi
cd "$work"
apt-get download -qq "linux-source-$series=$version"
# The archive lies in an archive. Nothing is read behind what is needed, which ends the pipe early.
paths=("${sources[@]/#/linux-source-$series/}")
dpkg-deb --fsys-tarfile linux-source-*.deb 2>/dev/null |
  tar -xO --occurrence=1 "./usr/src/linux-source-$series.tar.xz" 2>/dev/null |
  tar -xJ --strip-components=1 --occurrence=1 "${paths[@]/%/.c}" || [ "${PIPESTATUS[2]}" -eq 0 ]

for source in "${sources[@]}"; do
  cp "$source.c" .
  echo "obj-m += ${source##*/}.o" >> Makefile
done
make -s -C "/usr/src/linux-headers-$release" M="$work" modules
for source in "${sources[@]}"; do
  mkdir -p "$folder/lib/modules/$release/kernel/${source%/*}"
  cp "${source##*/}.ko" "$folder/lib/modules/$release/kernel/$source.ko"
done
