#!/usr/bin/env python3
"""Writes what is in a binary: the licences of its crates and an SBOM (CycloneDX 1.6, JSON).

    notices.py TARGET FOLDER

Reads `cargo metadata` and Cargo.lock. Build scripts, procedural macros and tests are left out: they are not
in the binary. Writes FOLDER/THIRD-PARTY.txt and FOLDER/talkform.cdx.json. Fails if a crate has neither a
licence expression nor a licence file.
"""

import hashlib
import json
import pathlib
import subprocess
import sys
import tomllib

# The beginnings of the names of files that hold a licence or a notice.
NAMES = ("license", "licence", "copying", "notice", "unlicense", "copyright")


def metadata(target):
    command = ["cargo", "metadata", "--locked", "--format-version=1", "--filter-platform", target]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def is_macro(package):
    return any("proc-macro" in target["kind"] for target in package["targets"])


def linked(data):
    """Package ids that the binary is linked from, the root included, and what each depends on."""
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    depends, waiting = {}, [data["resolve"]["root"]]
    while waiting:
        package = waiting.pop()
        if package in depends:
            continue
        depends[package] = sorted(
            dependency["pkg"]
            for dependency in nodes[package]["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]) and not is_macro(packages[dependency["pkg"]])
        )
        waiting.extend(depends[package])
    return packages, depends


def licence_files(package):
    folder = pathlib.Path(package["manifest_path"]).parent
    found = {path for path in folder.iterdir() if path.is_file() and path.name.lower().startswith(NAMES)}
    if package["license_file"]:
        found.add(folder / package["license_file"])
    return sorted(found)


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, checksums):
    entry = {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": reference(package),
    }
    if package["license"]:
        # Old crates separate alternatives with a slash, which SPDX does not know.
        entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return entry


def main(target, folder):
    folder = pathlib.Path(folder)
    packages, depends = linked(metadata(target))
    root = next(package for package in packages.values() if package["name"] == "talkform")
    crates = sorted((packages[key] for key in depends if key != root["id"]), key=lambda p: (p["name"], p["version"]))
    lock = tomllib.loads(pathlib.Path("Cargo.lock").read_text())
    checksums = {(p["name"], p["version"]): p.get("checksum") for p in lock["package"]}

    texts, users, missing = {}, {}, []
    for crate in crates:
        files = licence_files(crate)
        if not files and not crate["license"]:
            missing.append(crate["name"])
        for path in files:
            text = path.read_text(errors="replace").strip() + "\n"
            key = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()
            texts.setdefault(key, text)
            users.setdefault(key, []).append(f"{crate['name']} {crate['version']} ({path.name})")
    if missing:
        sys.exit(f"no licence: {', '.join(missing)}")

    lines = ["The binary talkform contains these crates.\n"]
    lines += [f"{crate['name']} {crate['version']}: {crate['license'] or 'see its licence below'}" for crate in crates]
    for key in sorted(texts, key=lambda key: users[key][0]):
        lines += ["", "-" * 80, *users[key], "-" * 80, "", texts[key]]
    (folder / "THIRD-PARTY.txt").write_text("\n".join(lines))

    main_component = component(root, checksums) | {"type": "application"}
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": main_component},
        "components": [component(crate, checksums) for crate in crates],
        "dependencies": [
            {"ref": reference(packages[key]), "dependsOn": sorted(reference(packages[other]) for other in depends[key])}
            for key in sorted(depends)
        ],
    }
    (folder / "talkform.cdx.json").write_text(json.dumps(bom, indent=1) + "\n")
    print(f"{len(crates)} crates, {len(texts)} licence texts")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
