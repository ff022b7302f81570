#!/usr/bin/env python3
"""Renders the benchmark's fleet with jinja2 and PyYAML on libyaml: read, parse, render, write, no checks.

    jinja2_render.py WORK OUT
"""
import pathlib
import sys

import jinja2
import yaml

LOADER = yaml.CSafeLoader


def environment(folder):
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), undefined=jinja2.StrictUndefined, auto_reload=False,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )


def main():
    work, out = map(pathlib.Path, sys.argv[1:3])
    env = environment(work / "templates")
    templates = [(name.removesuffix(".j2"), env.get_template(name)) for name in env.list_templates()]
    fleet = work / "fleet"
    enterprise = yaml.load((fleet / "jig.yaml").read_bytes(), LOADER)["enterprise"]
    shared = yaml.load((fleet / "blueprints/packaging-cell/blueprint.yaml").read_bytes(), LOADER)
    blueprint = {"id": "packaging-cell", "version": shared["version"]}
    for site in sorted((fleet / "sites").iterdir()):
        for path in sorted((site / "lines").iterdir()):
            answers = yaml.load(path.read_bytes(), LOADER)
            context = {
                "enterprise": enterprise, "site": site.name, "area": answers["area"], "line": path.stem,
                "blueprint": blueprint, "values": shared["fixed"] | answers["inputs"],
            }
            folder = out / site.name / path.stem
            folder.mkdir(parents=True, exist_ok=True)
            for name, template in templates:
                (folder / name).write_text(template.render(context))


if __name__ == "__main__":
    main()
