"""Gives every blueprint of a copied fleet one more output: what its templates see, as JSON.

Packets and access lists are judged against this, not against the files under test.
"""

import json
import pathlib
import sys

from ruamel.yaml import YAML

yaml = YAML()
yaml.preserve_quotes = True
yaml.width = 10_000

TARGET = """\
kind: record
product: the tests
syntax: json
files: [ { template: probe.json.j2, path: probe.json } ]
"""
# The devices of the blueprint itself come as they were written: a line also sees those of its site.
COMMON = '"own_devices": OWN_DEVICES, "zones": {{ zones }}, "assets": {{ assets }}, "flows": {{ flows }}, "values": {{ values }}, "outputs": {{ outputs }}'
LINE = "{ " + COMMON + ', "units": {{ units if units is defined else [] }}, "profiles": {{ profiles if profiles is defined else {} }}, "namespace": {{ namespace }} }\n'
SITE = (
    "{ " + COMMON + ', "lines": [\n'
    '{% for one in lines %}\n{ "line": {{ one.line }}, "zones": {{ one.zones }}, "assets": {{ one.assets }} }{% if not loop.last %},{% endif %}\n{% endfor %}\n] }\n'
)


def main(fleet):
    for path in sorted(pathlib.Path(fleet).glob("blueprints/*/blueprint.yaml")):
        blueprint = yaml.load(path)
        blueprint["outputs"].append({"id": "probe", "target": "probe", "owner": blueprint["owner"]})
        yaml.dump(blueprint, path)
        folder = path.parent / "templates/probe"
        folder.mkdir(parents=True)
        (folder / "target.yaml").write_text(TARGET)
        template = SITE if blueprint["scope"] == "site" else LINE
        (folder / "probe.json.j2").write_text(template.replace("OWN_DEVICES", json.dumps(own_devices(path.parent))))


def own_devices(blueprint):
    conduits = blueprint / "conduits.yaml"
    return yaml.load(conduits).get("devices", {}) if conduits.exists() else {}


if __name__ == "__main__":
    main(sys.argv[1])
