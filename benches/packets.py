#!/usr/bin/env python3
"""Times what `jig diff` needs to say what the difference of two large firewalls lets through.

    benches/packets.py [--rules 5000] [--rounds 3] [--jig FILE] [--work DIR]

Four rulesets, each beside a copy with ten small edits: `ot` (sites of lines, twenty flows each, as the shipped
blueprints write them), `groups` (several sources, destinations and ports in each rule), `overlaps` (random prefixes of
all lengths, permit and deny mixed, so that rules contradict each other; the worst that people write), and `rewritten`:
the same with one rule in twenty drawn again, so that both rulesets must be worked out as a whole. Reports user and
system time and peak memory of the whole program, and exits 1 where a bar is missed or nothing was found. Without --jig
it builds a release without link-time optimisation: near enough, and built in a fraction of the time.
"""
import argparse
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEMORY = pathlib.Path("/dev/shm")
SEED = 20261122
EDITS = 10
# One rule in so many is another one: most packets are touched, and both rulesets are worked out as a whole.
REWRITTEN = 20

# Seconds of CPU and megabytes, for 5,000 rules on each side.
BARS = {"ot": (0.5, 256), "groups": (1.0, 384), "overlaps": (2.0, 512), "rewritten": (2.0, 512)}
GOALS = {"ot": 0.1}

PORTS = [22, 23, 80, 102, 123, 443, 502, 1883, 2222, 3389, 4840, 5900, 8883, 20000, 44818, 47808]
# From where to where, with what: one line of a plant.
FLOWS = [
    ("scada", "cell", "tcp", "4840"), ("scada", "cell", "tcp", "502"), ("scada", "cell", "tcp", "102"),
    ("scada", "cell", "tcp", "44818"), ("scada", "cell", "udp", "2222"), ("gateway", "cell", "tcp", "4840"),
    ("gateway", "10.250.1.60", "tcp", "8883"), ("gateway", "10.250.1.20", "tcp", "443"),
    ("cell", "10.250.1.40", "udp", "123"), ("scada", "10.250.1.40", "udp", "123"),
    ("gateway", "10.250.1.40", "udp", "123"), ("scada", "10.250.1.50", "tcp", "6514"),
    ("gateway", "10.250.1.50", "tcp", "6514"), ("10.250.1.30", "scada", "tcp", "3389"),
    ("10.250.1.30", "gateway", "tcp", "22"), ("10.250.1.30", "cell", "tcp", "5900"),
    ("scada", "10.250.1.10", "tcp", "8530-8531"), ("scada", "10.250.1.80", "tcp", "8014"),
    ("gateway", "10.250.1.70", "udp", "53"), ("10.240.0.0/24", "scada", "tcp", "4840"),
]


def ot(count, _):
    rules = []
    for line in range(-(-count // len(FLOWS))):
        net = f"172.{16 + line // 256}.{line % 256}"
        places = {"cell": f"{net}.0/26", "scada": f"{net}.64/27", "gateway": f"{net}.96/29"}
        for source, target, protocol, port in FLOWS:
            ends = places.get(source, source), places.get(target, target)
            rules.append(f"ip saddr {ends[0]} ip daddr {ends[1]} {protocol} dport {port} accept")
    return rules[:count]


def prefix(draw, length, span=0x00FF_FFFF):
    address = 0x0A00_0000 | draw.randrange(span + 1)
    address &= (0xFFFF_FFFF << (32 - length)) & 0xFFFF_FFFF
    shown = ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
    return shown if length == 32 else f"{shown}/{length}"


def apart(prefixes):
    """Without what lies in another one: a set does not take it."""
    def span(text):
        address, _, length = text.partition("/")
        low = int.from_bytes(bytes(map(int, address.split("."))), "big")
        return low, low + (1 << (32 - int(length or 32))) - 1
    kept = []
    for text in sorted(set(prefixes), key=lambda text: (span(text)[0] - span(text)[1], text)):
        low, high = span(text)
        if not any(a <= low and high <= b for a, b in map(span, kept)):
            kept.append(text)
    return "{ " + ", ".join(kept) + " }"


def groups(count, draw):
    def some():
        return apart(prefix(draw, draw.choice([24, 24, 26, 28, 32, 32, 32]), 0x000F_FFFF) for _ in range(draw.randint(1, 4)))
    rules = []
    for _ in range(count):
        ports = ", ".join(str(port) for port in sorted(set(draw.choices(PORTS, k=draw.randint(1, 4)))))
        verdict = "drop" if draw.random() < 0.125 else "accept"
        rules.append(f"ip saddr {some()} ip daddr {some()} tcp dport {{ {ports} }} {verdict}")
    return rules


def overlaps(count, draw):
    pool = [prefix(draw, draw.choice([14, 16, 18, 20, 24, 24, 24, 28, 32, 32])) for _ in range(max(8, count // 4))]
    rules = []
    for _ in range(count):
        parts = []
        without = draw.randrange(10)
        if without != 0:
            parts.append(f"ip saddr {draw.choice(pool)}")
        if without != 1:
            parts.append(f"ip daddr {draw.choice(pool)}")
        protocol = draw.choice(["tcp", "tcp", "tcp", "udp", "udp", "icmp"])
        if protocol == "icmp":
            parts.append("meta l4proto icmp")
        else:
            kind = draw.randrange(10)
            low = draw.randrange(60000)
            if kind < 6:
                parts.append(f"{protocol} dport {draw.choice(PORTS)}")
            elif kind < 8:
                parts.append(f"{protocol} dport {low}-{low + draw.randrange(2000)}")
            elif kind == 8:
                parts.append(f"{protocol} dport 1024-65535")
            else:
                parts.append(f"meta l4proto {protocol}")
        parts.append("drop" if draw.random() < 0.25 else "accept")
        rules.append(" ".join(parts))
    return rules


def edited(rules, draw):
    """A few of the changes that people make by hand."""
    rules = list(rules)
    for number in range(EDITS):
        at = draw.randrange(len(rules))
        kind = number % 5
        if kind == 0:
            del rules[at]
        elif kind == 1:
            rules.insert(at, f"ip saddr 10.0.0.0/8 ip daddr 172.16.{number}.0/24 tcp dport 102 accept")
        elif kind == 2:
            other = draw.randrange(len(rules))
            rules[at], rules[other] = rules[other], rules[at]
        elif kind == 3:
            rules[at] = rules[at].replace("accept", "drop") if "accept" in rules[at] else rules[at].replace("drop", "accept")
        else:
            rules[at] = rules[at].replace("tcp dport", "udp dport")
    return rules


def rewritten(rules, draw):
    again = overlaps(len(rules), draw)
    return [rule if at % REWRITTEN else again[at] for at, rule in enumerate(rules)]


def ruleset(rules):
    body = "".join(f"\t\t{rule}\n" for rule in rules)
    return (
        "table inet bench {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n"
        f"\t\tct state established,related accept\n\t\tct state invalid drop\n{body}\t}}\n}}\n"
    )


def measured(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = process.stdout.read()
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code != 1:
        sys.exit(f"{command}: exit {code}, and there is drift\n{error.decode()}")
    memory = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return usage.ru_utime + usage.ru_stime, memory, said.decode()


def build():
    plain = {**os.environ, "CARGO_PROFILE_RELEASE_LTO": "false", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16"}
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, env=plain, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "jig"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rules", type=int, default=5000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--jig", type=pathlib.Path)
    arguments.add_argument("--work", type=pathlib.Path, default=MEMORY if MEMORY.is_dir() else None)
    given = arguments.parse_args()
    jig = given.jig or build()
    missed = False
    with tempfile.TemporaryDirectory(dir=given.work) as folder:
        for name, make, change in (
            ("ot", ot, edited),
            ("groups", groups, edited),
            ("overlaps", overlaps, edited),
            ("rewritten", overlaps, rewritten),
        ):
            draw = random.Random(f"{SEED} {name}")
            rules = make(given.rules, draw)
            sides = []
            for side, own in (("intended", rules), ("deployed", change(rules, draw))):
                path = pathlib.Path(folder, name, side)
                path.mkdir(parents=True)
                (path / "fw.nft").write_text(ruleset(own))
                sides += [f"--{side}", str(path)]
            runs = [measured([str(jig), "diff", *sides, "--format", "json"]) for _ in range(given.rounds)]
            cpu = statistics.median(run[0] for run in runs)
            memory = max(run[1] for run in runs)
            said = runs[0][2]
            told = "opens" in said and "given up" not in said and "could not be worked out" not in said
            seconds, megabytes = BARS[name]
            fine = cpu <= seconds and memory <= megabytes and told
            missed |= not fine
            goal = f", goal {GOALS[name]} s" if name in GOALS else ""
            print(
                f"{name:10} {len(rules)} rules: {cpu:.2f} s CPU (bar {seconds} s{goal}), {memory:.0f} MB (bar {megabytes} MB)"
                f"{'' if told else ', NOTHING TOLD'}{'' if fine else '  MISSED'}"
            )
    sys.exit(missed)


if __name__ == "__main__":
    main()
