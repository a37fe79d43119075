#!/usr/bin/env bash
# Builds the static binary for x86_64 Linux and packs it with its notices, its SBOM and a checksum.
#
#   packaging/static.sh [FOLDER]        default: target/package
#
# Needs the Rust target x86_64-unknown-linux-musl, musl-gcc (Debian: musl-tools) and python3.
# TALKFORM_PROFILE chooses the Cargo profile (default: dist).
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-target/package}
profile=${TALKFORM_PROFILE:-dist}
target=x86_64-unknown-linux-musl
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
name=talkform-$version-$target

# One commit gives one archive: tar and gzip take their times from the commit, not from the clock.
epoch=$(git log -1 --format=%ct 2>/dev/null || echo 0)

CC_x86_64_unknown_linux_musl=${CC_x86_64_unknown_linux_musl:-musl-gcc} \
    cargo build --locked --profile "$profile" --target "$target" --bin talkform
binary=target/$target/$profile/talkform

rm -rf "$folder/$name"
mkdir -p "$folder/$name"
cp "$binary" README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$folder/$name/"
python3 packaging/notices.py "$target" "$folder/$name"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" -C "$folder" -c "$name" | gzip -n9 > "$folder/$name.tar.gz"
(cd "$folder" && sha256sum "$name.tar.gz" > "$name.tar.gz.sha256")
ls -l "$folder/$name.tar.gz"
