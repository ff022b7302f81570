"""Adds to one line of a copied fleet a machine of each Modbus type: what the end-to-end test wants to see too."""

import ipaddress
import pathlib
import sys

from ruamel.yaml import YAML

yaml = YAML()
yaml.preserve_quotes = True
yaml.width = 10_000


def main(fleet, address):
    site, line = address.split("/")
    path = pathlib.Path(fleet, "sites", site, "lines", f"{line}.yaml")
    equipment = yaml.load(pathlib.Path(fleet, "equipment.yaml"))
    modbus = [name for name, profile in equipment["profiles"].items() if profile["protocol"] == "modbus"]
    types = [name for name, kind in equipment["types"].items() if kind["profile"] in modbus]
    content = yaml.load(path)
    free = max(ipaddress.ip_address(unit["ip"]) for unit in content["inputs"]["units"]) + 1
    for number, kind in enumerate(types):
        content["inputs"]["units"].append({"id": f"machine{number}", "type": kind, "ip": str(free + number)})
    yaml.dump(content, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
