#!/usr/bin/env bash
# Builds the binary for a target and packs it with its notices, its SBOM and a checksum.
#
#   packaging/archive.sh [FOLDER]        default: target/package
#
# TALKFORM_TARGET chooses the Rust target (default: x86_64-unknown-linux-musl, a static binary that runs on every
# x86_64 Linux), TALKFORM_PROFILE the Cargo profile (default: release). Needs python3 and, for a musl target,
# musl-gcc (Debian: musl-tools). For the musl target of another machine, such as aarch64-unknown-linux-musl on x86_64,
# it needs cargo-zigbuild and zig (pip install cargo-zigbuild ziglang).
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-target/package}
profile=${TALKFORM_PROFILE:-release}
target=${TALKFORM_TARGET:-x86_64-unknown-linux-musl}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
name=talkform-$version-$target

build=build
case $target in
"$(uname -m)"-*-musl)
    cc=CC_${target//-/_}
    export "$cc=${!cc:-musl-gcc}"
    ;;
*-musl)
    build=zigbuild
    ;;
esac
cargo "$build" --locked --profile "$profile" --target "$target" --bin talkform
binary=target/$target/$profile/talkform

rm -rf "${folder:?}/$name"
mkdir -p "$folder/$name"
cp "$binary" README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$folder/$name/"
python3 packaging/notices.py "$target" "$folder/$name"
tar -C "$folder" -czf "$folder/$name.tar.gz" "$name"
if command -v sha256sum >/dev/null; then sum=(sha256sum); else sum=(shasum -a 256); fi
(cd "$folder" && "${sum[@]}" "$name.tar.gz" > "$name.tar.gz.sha256")
ls -l "$folder/$name.tar.gz"
