#!/usr/bin/env python3
"""Writes a fleet of N packaging cells, eight to a site, for the benchmark.

    fleet.py --lines 1000 --out DIR [--seed 7]

DIR/fleet is a jig fleet: one blueprint whose targets are the templates beside this script, and one file of 85 lines
for each line. The other programs of the benchmark read the same line files and the same blueprint, and take the
templates as they stand here. The same N and seed give the same bytes.
"""
import argparse
import pathlib
import random
import shutil

HERE = pathlib.Path(__file__).resolve().parent
LINES_PER_SITE = 8

KINDS = ["filler", "capper", "labeler", "palletizer", "oven", "press", "conveyor", "robot", "cnc", "washer"]
TYPES = ["float32", "int16", "int32", "bool", "uint16"]
UNITS = ["degC", "bar", "rpm", "kW", "mm/s", "pcs", "L/min", "A"]
PORTS = [102, 443, 502, 1883, 4840, 8883, 44818, 123]
USERS = ["gateway", "historian", "dashboard", "edge", "service"]

# target: kind, syntax, files
TARGETS = {
    "cell-gateway": ("gateway", "toml", ["gateway.toml"]),
    "cell-firewall": ("firewall", "nft", ["firewall.nft"]),
    "cell-dashboard": ("dashboard", "json", ["dashboard.json"]),
    "cell-broker": ("broker", "lines", ["mosquitto.conf", "mosquitto.acl"]),
    "cell-alerts": ("alerts", "yaml", ["rules.yml"]),
}

ENTERPRISE = """\
enterprise: acme
name: Acme
roles:
  controls: { side: ot, team: "@acme/{site}-controls", deputy: networks }
  networks: { side: it, team: "@acme/networks", deputy: controls }
"""

BLUEPRINT = """\
version: 2.3.1
scope: line
title: Packaging cell
owner: controls
inputs:
  line_no: { type: integer, minimum: 1, owner: controls }
  description: { type: string, owner: controls }
  owner: { type: string, owner: controls }
  gateway:
    type: object
    required: [hostname, ip, plc_ip, plc_slot, scan_ms, buffer_mb]
    owner: networks
    properties:
      hostname: { type: string, format: hostname }
      ip: { type: string, format: ipv4 }
      plc_ip: { type: string, format: ipv4 }
      plc_slot: { type: integer, minimum: 0 }
      scan_ms: { type: integer, minimum: 10 }
      buffer_mb: { type: integer }
  network:
    type: object
    required: [vlan, subnet]
    owner: networks
    properties:
      vlan: { type: integer, minimum: 1, maximum: 4094 }
      subnet: { type: string, format: ipv4-network }
  tags:
    type: array
    owner: controls
    items:
      type: object
      required: [name, addr, type, unit, scan_ms, deadband]
      properties:
        name: { type: string }
        addr: { type: string }
        type: { enum: [float32, int16, int32, bool, uint16] }
        unit: { type: string }
        scan_ms: { type: integer }
        deadband: { type: number, minimum: 0 }
  flows:
    type: array
    owner: networks
    items:
      type: object
      required: [name, from, to, proto, port, reason]
      properties:
        name: { type: string }
        from: { type: string, format: ipv4 }
        to: { type: string, format: ipv4 }
        proto: { enum: [tcp, udp] }
        port: { type: integer, minimum: 1, maximum: 65535 }
        reason: { type: string }
  users:
    type: array
    owner: networks
    items:
      type: object
      required: [name, mode]
      properties: { name: { type: string }, mode: { enum: [read, readwrite] } }
fixed:
  image: registry.example.net/ot/gateway
  log_level: info
  keepalive_s: 30
  tls: true
  ca_file: /etc/gateway/ca.pem
  broker: { port: 8883, max_inflight: 40, max_queued: 2000, persistence: true, per_listener: true }
  firewall: { policy: drop, log_prefix: jig-drop, icmp_rate: 10 }
  dashboard: { refresh: 10s, timezone: browser, schema: 39 }
"""


def blueprint():
    out = [BLUEPRINT, "  panels:\n"]
    for i in range(12):
        kind = "timeseries" if i % 3 else "stat"
        out.append(
            f'    - {{ title: "Panel {i + 1:02d} {KINDS[i % 10]}", unit: {UNITS[i % 8]}, kind: {kind}, '
            f"first: {i * 3}, count: 3, warn: {60 + i}, crit: {80 + i} }}\n"
        )
    out.append("  alerts:\n")
    for i in range(10):
        severity = "warning" if i % 3 else "critical"
        out.append(
            f'    - {{ name: Alert{i:02d}, tag: {i * 4}, op: ">", limit: {70 + i}, minutes: {5 + i}, '
            f"severity: {severity} }}\n"
        )
    out.append("outputs:\n")
    for target, (kind, _, _) in TARGETS.items():
        out.append(f"  - {{ id: {kind}, target: {target}, owner: controls }}\n")
    return "".join(out)


def line(rng, number):
    """One line's file. The order of the draws is part of the workload."""
    site, place = divmod(number - 1, LINES_PER_SITE)
    site, place = site + 1, place + 1
    base = f"10.{(site >> 8) & 255}.{site & 255}"
    description = f"{rng.choice(KINDS)} line {place} at site {site}"
    slot, scan, buffer = rng.randint(0, 3), rng.choice([50, 100, 250, 500, 1000]), rng.choice([128, 256, 512])
    out = [
        f"area: area-{(place - 1) // 4 + 1}",
        "blueprint: packaging-cell@2.3.1",
        "inputs:",
        f"  line_no: {place}",
        f'  description: "{description}"',
        f"  owner: ot-site-{site:04d}@example.com",
        "  gateway:",
        f"    hostname: gw-{number:05d}",
        f"    ip: {base}.{place * 16 + 1}",
        f"    plc_ip: {base}.{place * 16 + 2}",
        f"    plc_slot: {slot}",
        f"    scan_ms: {scan}",
        f"    buffer_mb: {buffer}",
        "  network:",
        f"    vlan: {100 + place}",
        f"    subnet: {base}.{place * 16}/28",
        "  tags:",
    ]
    for i in range(40):
        name, block, kind = rng.choice(KINDS), rng.randint(1, 40), rng.choice(TYPES)
        unit, scan, deadband = rng.choice(UNITS), rng.choice([100, 250, 500, 1000]), rng.randint(0, 50) / 10
        out.append(
            f'    - {{ name: {name}_{i:02d}, addr: "DB{block}.DBD{i * 4}", type: {kind}, unit: {unit}, '
            f"scan_ms: {scan}, deadband: {deadband} }}"
        )
    out.append("  flows:")
    for i in range(20):
        source = rng.randint(2, 250)
        to = f"10.{rng.randint(200, 220)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"
        proto, port = rng.choice(["tcp", "tcp", "udp"]), rng.choice(PORTS)
        reason = f"CR-{rng.randint(1000, 9999)} {rng.choice(KINDS)}"
        out.append(
            f"    - {{ name: flow-{i:02d}, from: {base}.{source}, to: {to}, proto: {proto}, port: {port}, "
            f'reason: "{reason}" }}'
        )
    out.append("  users:")
    for user in USERS:
        mode = "readwrite" if user in ("gateway", "service") else "read"
        out.append(f"    - {{ name: {user}-{number:05d}, mode: {mode} }}")
    return "\n".join(out) + "\n"


def for_jig(template):
    """jig writes every value as a literal of its own accord; only PromQL keeps the filter, for its `\\u003e`."""
    return template.replace("|tojson }}", " }}").replace("|promql }}", "|tojson }}")


def for_peers(template):
    return template.replace("|promql }}", "|tojson }}")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_fleet(out, lines, seed=7):
    fleet = out / "fleet"
    shutil.rmtree(fleet, ignore_errors=True)
    write(fleet / "jig.yaml", ENTERPRISE)
    home = fleet / "blueprints" / "packaging-cell"
    write(home / "blueprint.yaml", blueprint())
    for target, (kind, syntax, files) in TARGETS.items():
        listed = ", ".join(f"{{ template: {file}.j2, path: {file} }}" for file in files)
        write(home / "templates" / target / "target.yaml", f"kind: {kind}\nsyntax: {syntax}\nfiles: [{listed}]\n")
        for file in files:
            template = (HERE / "templates" / f"{file}.j2").read_text()
            write(home / "templates" / target / f"{file}.j2", for_jig(template))
            write(out / "templates" / f"{file}.j2", for_peers(template))
    for number in range(1, lines + 1):
        site = fleet / "sites" / f"site-{(number - 1) // LINES_PER_SITE + 1:04d}"
        if (number - 1) % LINES_PER_SITE == 0:
            write(site / "site.yaml", f"name: Site {site.name[5:]}\ntimezone: Europe/Paris\n")
        rng = random.Random(seed * 1_000_003 + number)
        write(site / "lines" / f"line-{number:05d}.yaml", line(rng, number))
    return fleet


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    write_fleet(args.out, args.lines, args.seed)


if __name__ == "__main__":
    main()
