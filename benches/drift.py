#!/usr/bin/env python3
"""Measures `jig diff` of two folders, and checks that its answers are right.

    benches/drift.py [--lines 10000] [--noisy 1000] [--drifted 1] [--jig target/release/jig] [--keep DIR]

Two fleets are made, always the same ones:

- quiet: lines of six files, byte for byte as intended but for a share that drifted. `diff -rq` reads the same trees, so
  its time is what the disk and the file system take.
- noisy: every file of every line carries what servers and devices add by themselves (ids, versions, other order of
  members, a header, a clock), so that every file must be understood. Some of them truly drifted, one change each.

Each fleet is compared once to warm the caches, then three times; the median counts.
"""

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

PROFILE = """
files:
  '*.json':
    lists: { /panels: { key: id, ordered: false } }
    server_managed: [/id, /version]
  '*.cfg': { format: indented, dialect: ios-like, ordered_sections: ['ip access-list *'] }
"""


def device(line):
    out = ["hostname gw-%05d" % line, "vlan 10", " name CELL"]
    for port in range(1, 25):
        out += ["interface Gi1/0/%d" % port, " switchport access vlan 10", " spanning-tree portfast", " no shutdown"]
    out += ["ip access-list extended CELL-IN"]
    out += [" permit tcp 10.%d.%d.0 0.0.0.255 host 10.250.0.10 eq %d" % (line // 250, line % 250, port) for port in (102, 502, 4840)]
    return out + [" deny ip any any", "ntp server 10.250.0.21", "ntp server 10.250.0.22"]


def dashboard(line):
    panels = [
        {
            "id": number,
            "title": "Panel %d" % number,
            "gridPos": {"x": number % 2 * 12, "y": number // 2 * 8, "w": 12, "h": 8},
            "targets": [{"refId": "A", "expr": 'rate(count{line="l%05d",cell="%d"}[5m])' % (line, number)}],
            "fieldConfig": {"defaults": {"unit": "short", "max": 100, "thresholds": {"steps": [{"value": 70}, {"value": 90}]}}},
        }
        for number in range(1, 17)
    ]
    return {"id": None, "version": 1, "uid": "l%05d" % line, "title": "Line %d" % line, "panels": panels}


def six_files(line):
    cell = "10.%d.%d" % (line // 250, line % 250)
    return {
        "gateway/telegraf.conf": "[agent]\n  interval = \"1s\"\n[[inputs.opcua]]\n  endpoint = \"opc.tcp://%s.11:4840\"\n" % cell,
        "broker/line.acl": "user gw-%05d\ntopic write plant/l%05d/#\n" % (line, line),
        "firewall/line.nft": "table inet line {\n chain forward {\n  type filter hook forward priority 0; policy drop;\n"
        "  ip daddr %s.11 tcp dport 4840 accept\n }\n}\n" % cell,
        "dashboard/line.json": json.dumps(dashboard(line), indent=2) + "\n",
        "alerts/line.rules.yml": "groups:\n  - name: l%05d\n    rules:\n      - { alert: Silent, expr: up == 0 }\n" % line,
        "device/gw.cfg": "\n".join(device(line)) + "\n",
    }


def write(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as file:
            file.write(text)


def quiet(root, lines, share):
    """Writes the quiet fleet; returns the files that drifted."""
    drifted = set()
    for line in range(lines):
        name, files = "line-%05d" % line, six_files(line)
        write(os.path.join(root, "want", name), files)
        if line % max(1, 100 // share) == 7 % max(1, 100 // share):
            files["gateway/telegraf.conf"] = files["gateway/telegraf.conf"].replace('"1s"', '"5s"')
            drifted.add(name + "/gateway/telegraf.conf")
        write(os.path.join(root, "have", name), files)
    return drifted


def noisy(root, lines, seed):
    """Writes the noisy fleet; returns how many differences each file that drifted has: always one."""
    rnd, drifted = random.Random(seed), {}
    for line in range(lines):
        name, config, board = "line-%05d" % line, device(line), dashboard(line)
        want = {"device/gw.cfg": "\n".join(config) + "\n", "dashboard/line.json": json.dumps(board, indent=2)}
        write(os.path.join(root, "want", name), want)
        change = line % 20
        if change == 0:  # an entry at the top of a list that is read in order
            config.insert(config.index("ip access-list extended CELL-IN") + 1, " permit ip host 192.168.1.%d any" % (line % 250))
            drifted[name + "/device/gw.cfg"] = 1
        elif change == 5:  # harmless: the kernel of a device lists what has no order in another one
            config[-2:] = config[:-3:-1]
        elif change == 10:  # a panel before all others
            board["panels"].insert(0, {"id": 99, "title": "Local", "targets": []})
            drifted[name + "/dashboard/line.json"] = 1
        elif change == 15:  # harmless: the same panels in another order
            board["panels"].reverse()
        board.update(id=rnd.randrange(10**6), version=rnd.randrange(2, 90))
        members = list(board.items())
        rnd.shuffle(members)
        noise = ["Building configuration...", "! Last configuration change at 03:%02d" % rnd.randrange(60), "!"]
        have = {
            "device/gw.cfg": "\n".join(noise + config + ["ntp clock-period %d" % rnd.randrange(10**7), "end"]) + "\n",
            "dashboard/line.json": json.dumps(dict(members), separators=(",", ":")),
        }
        write(os.path.join(root, "have", name), have)
    return drifted


def timed(command, cwd):
    """Runs a command; returns seconds, CPU seconds, its peak memory in MiB and what it printed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE)
    out = process.stdout.read()
    _, _, usage = os.wait4(process.pid, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu, usage.ru_maxrss / 1024, out


def median(command, cwd):
    timed(command, cwd)
    runs = [timed(command, cwd) for _ in range(3)]
    wall, cpu, peak = (statistics.median(run[at] for run in runs) for at in range(3))
    return wall, cpu, peak, runs[-1][3]


def compare(jig, root, profile):
    command = [jig, "--as-of", "2026-06-15", "--format", "json", "diff", "--intended", "want", "--deployed", "have"]
    wall, cpu, peak, out = median(command + (["--profile", profile] if profile else []), root)
    counted = {}
    for finding in json.loads(out)["findings"]:
        if finding["disposition"] != "ignored":
            counted[finding["file"]] = counted.get(finding["file"], 0) + finding["count"]
    return wall, cpu, peak, counted


def main():
    parser = argparse.ArgumentParser(description="Measures jig diff of two folders.")
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--noisy", type=int, default=1_000)
    parser.add_argument("--drifted", type=int, default=1, metavar="PERCENT")
    parser.add_argument("--jig", default="target/release/jig")
    parser.add_argument("--keep", metavar="DIR", help="makes the fleets here and leaves them")
    args = parser.parse_args()
    jig, root = os.path.abspath(args.jig), args.keep or tempfile.mkdtemp(prefix="drift-")
    wrong = 0
    try:
        here = os.path.join(root, "quiet")
        expected = quiet(here, args.lines, args.drifted)
        base, base_cpu, _, _ = median(["diff", "-rq", "want", "have"], here)
        wall, cpu, peak, found = compare(jig, here, None)
        wrong += set(found) != expected
        print("quiet: %d lines of 6 files, %d drifted" % (args.lines, len(expected)))
        print("  diff -rq   %6.2f s  %6.2f s cpu" % (base, base_cpu))
        print("  jig diff   %6.2f s  %6.2f s cpu  %4.0f MiB  %.1f times" % (wall, cpu, peak, wall / base))
        here = os.path.join(root, "noisy")
        expected = noisy(here, args.noisy, 7)
        profile = os.path.join(root, "profile.yaml")
        write(root, {"profile.yaml": PROFILE})
        wall, cpu, peak, found = compare(jig, here, profile)
        wrong += found != expected
        print("noisy: %d lines of 2 files, each with noise, %d drifted" % (args.noisy, len(expected)))
        print("  jig diff   %6.2f s  %6.2f s cpu  %4.0f MiB" % (wall, cpu, peak))
        print("every answer is right" if not wrong else "WRONG ANSWERS")
    finally:
        if not args.keep:
            shutil.rmtree(root)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
