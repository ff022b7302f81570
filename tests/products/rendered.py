"""Finds rendered files by the manifests that jig wrote beside them."""

import json
import pathlib

SHOWN = 30


def addresses(out):
    """Every (address, folder, manifest) below `out`: one per line and one per site."""
    for manifest in sorted(pathlib.Path(out).resolve().rglob("manifest.json")):
        content = json.loads(manifest.read_text())
        yield content["address"], manifest.parent, content


def files(out, *suffixes):
    """Every rendered file, as a path, whose name ends with one of the suffixes."""
    found = []
    for _, folder, manifest in addresses(out):
        found += [folder / file["path"] for file in manifest["files"] if file["path"].endswith(suffixes)]
    return found


def finish(what, count, problems):
    """Ends a check: 1 with the problems, 0 with a count. Nothing to check is a problem too."""
    if not count:
        problems = [f"no {what} was rendered at all"]
    for problem in problems[:SHOWN]:
        print(f"FAULT {problem}")
    if len(problems) > SHOWN:
        print(f"... and {len(problems) - SHOWN} more")
    print(f"{count} {what}, {len(problems)} faults")
    raise SystemExit(1 if problems else 0)
