#!/usr/bin/env python3
"""How well `jig capture` does on families of files: one folder per family, one folder per line in it.

    JIG=target/release/jig benches/capture.py proof FAMILY...    byte-exact or refused; inputs, formulas, outliers
    JIG=target/release/jig benches/capture.py loo FAMILY...      leave one out: is it expressed by values alone?
    JIG=target/release/jig benches/capture.py drift FAMILY...    one slip in one line: is it found, what else is said?
    JIG=target/release/jig benches/capture.py time               174 lines of 400 KB in all, 8 of 67 KB each, and more

Leave one out knows nothing of the program: it reads the templates that were written, finds the values that the line
left out would need, writes them as a line file, renders, and compares every byte.
"""
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

JIG = os.environ.get("JIG", "jig")
RENDER = os.environ.get("JIG_RENDER", JIG)
MOST = int(os.environ.get("HELD_OUT", "10"))
TAG = re.compile(r"\{\{((?:'(?:\\.|[^'\\])*'|[^'])*?)\}\}|\{%([+-]?)((?:'(?:\\.|[^'\\])*'|[^'])*?)([+-]?)%\}")
RAW_END = re.compile(r"\{%[+-]?\s*endraw\s*[+-]?%\}")


def jig(*args):
    done = subprocess.run([JIG if args[0] == "capture" else RENDER, *map(str, args)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def capture(folders, out=None):
    more = ["-o", out] if out else ["--dry-run", "-o", "/nonexistent-fleet"]
    code, text, error = jig("capture", *folders, "--as", "role", "--format", "json", *more)
    if not text.startswith("{"):
        return code, {"refused": error.strip(), "outliers": [], "aside": []}
    return code, json.loads(text)


def line_id(name):
    words = [w for w in re.split(r"[^a-z0-9]+", name.lower()) if w]
    whole = "-".join(["n", *words])
    if len(words) > 1 and words[0][0].isdigit() and len(whole) <= 32:
        return whole
    start = next((at for at, word in enumerate(words) if word[0].isalpha()), 0)
    while start + 1 < len(words) and sum(len(word) + 1 for word in words[start:]) > 33:
        start += 1
    text = "-".join(words[start:])[:32]
    return (text if text[:1].isalpha() else f"n-{text}"[:32]).rstrip("-")


# ---------------------------------------------------------------- templates

def parse(text):
    """A template as steps: text, value, and jumps for conditions and loops."""
    pieces, at = [], 0
    is_raw = False
    trim = False

    def add(piece):
        if trim and piece.startswith("\n"):
            piece = piece[1:]
        if piece:
            pieces.append(("text", piece))

    while found := (RAW_END if is_raw else TAG).search(text, at):
        add(text[at:found.start()])
        if is_raw:
            at, trim, is_raw = found.end(), False, False
            continue
        at, trim = found.end(), False
        if found.group(3) is None:
            pieces.append(("value", found.group(1).strip()))
            continue
        tag = found.group(3).strip()
        trim = found.group(4) != "+"
        if tag == "raw":
            is_raw, trim = True, False
        else:
            pieces.append(("tag", tag))
    add(text[at:])
    return pieces


def program(pieces):
    out, open_blocks = [], []

    def jump(where):
        out[where][-1] = len(out)

    for kind, text in pieces:
        if kind != "tag":
            if kind == "value" and re.fullmatch(r"'(?:\\.|[^'\\])*'", text):
                kind, text = "text", text[1:-1]
            out.append([kind, text])
            continue
        word, _, rest = text.partition(" ")
        if word == "set":
            continue
        if word == "if":
            open_blocks.append([len(out), []])
            out.append(["if", rest, True, None])
        elif word == "else":
            begin, ends = open_blocks[-1]
            ends.append(len(out))
            out.append(["goto", None])
            out[begin][-1] = len(out)
            out.append(["not", out[begin][1]])
        elif word == "endif":
            begin, ends = open_blocks.pop()
            if out[begin][-1] is None:
                ends.append(len(out))
                out.append(["goto", None])
                out[begin][-1] = len(out)
                out.append(["not", out[begin][1]])
            for end in ends:
                jump(end)
        elif word == "for":
            item, _, name = rest.partition(" in ")
            out.append(["enter", item, name])
            open_blocks.append([len(out), []])
            out.append(["loop", item, None])
        elif word == "endfor":
            begin, _ = open_blocks.pop()
            out.append(["goto", begin])
            out[begin][-1] = len(out)
            out.append(["leave"])
        else:
            raise ValueError(f"a tag that is not known: {text}")
    out.append(["end"])
    return out


def match(steps, text, many_lines=False):
    """The path through the steps that gives the text, and the furthest place that was reached."""
    failed, furthest = set(), 0
    stack = [(0, 0, None)]
    while stack:
        step, at, trail = stack.pop()
        while True:
            if (step, at) in failed:
                break
            kind = steps[step][0]
            if kind in ("if", "loop", "value"):
                failed.add((step, at))
            furthest = max(furthest, at)
            if kind == "text":
                if not text.startswith(steps[step][1], at):
                    break
                trail = (trail, ("text", steps[step][1], at, at + len(steps[step][1])))
                at += len(steps[step][1])
                step += 1
            elif kind == "value":
                end = len(text) if many_lines else text.find("\n", at)
                end = len(text) if end < 0 else end
                after = steps[step + 1]
                ends = []
                if after[0] == "text":
                    found = text.find(after[1], at, end + len(after[1]))
                    while found >= 0 and found <= end:
                        ends.append(found)
                        found = text.find(after[1], found + 1, end + len(after[1]))
                else:
                    ends = list(range(at, end + 1))
                for stop in reversed(ends):
                    stack.append((step + 1, stop, (trail, ("value", steps[step][1], at, stop))))
                break
            elif kind == "if":
                stack.append((steps[step][-1], at, trail))
                trail = (trail, ("yes", steps[step][1], at, at))
                step += 1
            elif kind == "not":
                trail = (trail, ("no", steps[step][1], at, at))
                step += 1
            elif kind == "goto":
                step = steps[step][1]
            elif kind == "enter":
                trail = (trail, ("enter", (steps[step][1], steps[step][2]), at, at))
                step += 1
            elif kind == "loop":
                stack.append((steps[step][-1], at, trail))
                trail = (trail, ("item", steps[step][1], at, at))
                step += 1
            elif kind == "leave":
                trail = (trail, ("leave", None, at, at))
                step += 1
            elif kind == "end":
                if at != len(text):
                    break
                out = []
                while trail:
                    out.append(trail[1])
                    trail = trail[0]
                return out[::-1], furthest
    return None, furthest


# ---------------------------------------------------------------- values

class Values:
    """The values of one line, as its files show them."""

    def __init__(self, usual):
        self.values, self.usual, self.clashes = {}, usual, []
        self.off = {}

    def read(self, trail, text):
        scopes = [("values", self.values)]
        lists = []
        for kind, what, start, end in trail:
            if kind == "enter":
                item, name = what
                owner, _, field = name.partition(".")
                rows = self.scope(scopes, owner).setdefault(field, [])
                first = not rows
                lists.append([item, rows, 0, first])
            elif kind == "item":
                item, rows, number, first = lists[-1]
                if len(scopes) > len(lists):
                    scopes.pop()
                if number >= len(rows):
                    rows.append({})
                scopes.append((item, rows[number]))
                lists[-1][2] += 1
            elif kind == "leave":
                if len(scopes) > len(lists):
                    scopes.pop()
                lists.pop()
            elif kind == "value":
                self.give(scopes, what, text[start:end])
            elif kind in ("yes", "no"):
                self.switch(scopes, what, kind == "yes")

    @staticmethod
    def scope(scopes, name):
        return next(members for item, members in reversed(scopes) if item == name)

    def give(self, scopes, what, text):
        found = re.fullmatch(r"(\w+)(?:\.(\w+))?", what)
        if not found:
            return
        owner, field = found.groups()
        if field is None and owner in self.usual:
            owner, field = "values", owner
        try:
            members = self.scope(scopes, owner)
        except StopIteration:
            return
        if field is None:
            field = ""
        if members.get(field, text) != text:
            self.clashes.append(f"{what}: {members[field]!r} and {text!r}")
        members.setdefault(field, text)

    def switch(self, scopes, what, is_on):
        found = re.fullmatch(r"(not )?(\w+)\.(\w+)", what)
        if found and found.group(2) in dict(scopes):
            members = self.scope(scopes, found.group(2))
            negated = bool(found.group(1))
            self.off.setdefault(id(members), (members, {}))[1].setdefault(found.group(3), is_on != negated)

    def finish(self):
        for members, switches in self.off.values():
            for name, is_on in switches.items():
                members.setdefault(name, is_on)


def as_type(schema, value):
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("items", {})
        rows = value if isinstance(value, list) else []
        if items.get("type") == "object":
            wanted = items.get("properties", {})
            return [{k: as_type(s, row.get(k, [] if s.get("type") == "array" else "")) for k, s in wanted.items()}
                    for row in rows]
        return [as_type(items, row.get("", "")) for row in rows]
    if isinstance(value, bool):
        return value if kind == "boolean" else ""
    if kind == "integer" and re.fullmatch(r"-?\d+", value or ""):
        return int(value)
    if kind == "boolean":
        return value == "true"
    if schema.get("format") == "secret":
        return "secret:held-out"
    return value


def held_out(fleet, site, name, files):
    """Writes the line file that the files ask for; says what stands in the way."""
    blueprint = yaml.safe_load((fleet / "blueprints/role/blueprint.yaml").read_text())
    root = fleet / "blueprints/role/templates"
    line = line_id(name)
    usual, expected, derived, trails = set(), {}, 0, []
    schemas = {**blueprint.get("inputs", {}), **blueprint.get("defaults", {})}
    secrets = {n for n, s in schemas.items() if s.get("format") == "secret"}
    for target in sorted(root.glob("*/target.yaml")):
        for entry in yaml.safe_load(target.read_text())["files"]:
            path = entry["path"]
            for of, text in (("line", line), ("site", site)):
                for form, shown in ((f"{of}|replace('-', '_')|upper", text.replace("-", "_").upper()),
                                    (f"{of}|replace('-', '_')", text.replace("-", "_")),
                                    (f"{of}|upper", text.upper()), (of, text)):
                    path = path.replace("{{ %s }}" % form, shown)
            template = (target.parent / entry["template"]).read_bytes().decode("utf-8")
            usual |= set(re.findall(r"\{% set (\w+) =", template))
            trails.append((path, entry.get("when"), program(parse(template))))
    values = Values(usual)
    is_stretched = False
    for path, when, steps in trails:
        if path not in files:
            if when:
                values.switch([("values", values.values)], when, False)
                continue
            return None, f"{path}: the line has no such file"
        if when:
            values.switch([("values", values.values)], when, True)
        text = files[path]
        trail, furthest = match(steps, text)
        if trail is None:
            trail, furthest = match(steps, text, many_lines=True)
            is_stretched = True
        if trail is None:
            number = text.count("\n", 0, furthest) + 1
            return None, f"{path}:{number}: {text.splitlines()[number - 1:number]}"
        values.read(trail, text)
        out, at = [], 0
        for kind, what, start, end in trail:
            is_plain = kind == "value" and re.fullmatch(r"\w+(\.\w+)?", what)
            derived += kind == "value" and not is_plain
            if is_plain and what.rpartition(".")[2] in secrets:
                out.append(text[at:start] + "secret:held-out")
                at = end
        expected[path] = "".join(out) + text[at:]
    extra = sorted(set(files) - {path for path, _, _ in trails})
    if extra:
        return None, f"{extra[0]}: no template for it"
    values.finish()
    document = {"area": "area", "blueprint": "role@0.1.0"}
    inputs = {n: as_type(s, values.values.get(n, [] if s.get("type") == "array" else ""))
              for n, s in blueprint.get("inputs", {}).items()}
    over = {n: {"value": as_type(s, values.values[n]), "by": blueprint["owner"], "why": "held out"}
            for n, s in blueprint.get("defaults", {}).items()
            if n in values.values and as_type(s, values.values[n]) != s.get("value")}
    document.update({k: v for k, v in (("inputs", inputs), ("overrides", over)) if v})
    where = fleet / f"sites/{site}/lines/{line}.yaml"
    # JSON is YAML, and quotes every text.
    where.write_text(json.dumps(document, ensure_ascii=False))
    code, out, error = jig("-C", fleet, "render", f"{site}/{line}")
    if code != 0:
        return derived, "does not render: " + " ".join((out + error).split())[:300]
    wrong = []
    for path, text in expected.items():
        made = fleet / "intended" / site / line / path
        made = made.read_bytes().decode("utf-8") if made.exists() else ""
        rows = zip(text.split("\n"), made.split("\n"))
        wrong += [f"{path}:{n}: {a!r} comes out as {b!r}" for n, (a, b) in enumerate(rows, 1) if a != b]
        if not wrong and made != text:
            wrong.append(f"{path}: another length")
    if wrong and is_stretched:
        # A value that had to swallow lines means that the shape does not fit; no formula said anything wrong.
        return derived, f"only with values over several lines: {wrong[0][:200]}"
    return derived, wrong


def load(folder):
    return {str(p.relative_to(folder)): p.read_bytes().decode("utf-8")
            for p in sorted(folder.rglob("*")) if p.is_file()}


def lines_of(family):
    return sorted(p for p in pathlib.Path(family).iterdir() if p.is_dir())


def loo(family):
    folders = lines_of(family)
    _, report = capture(folders)
    if report.get("refused"):
        print(f"{family}: refused: {report['refused']}")
        return None
    aside = {row["address"].split("/")[1] for row in report["aside"]}
    folders = [f for f in folders if line_id(f.name) not in aside]
    chosen = folders if len(folders) <= MOST else random.Random(7).sample(folders, MOST)
    good = structural = checked = violations = 0
    for folder in chosen:
        with tempfile.TemporaryDirectory() as made:
            fleet = pathlib.Path(made) / "fleet"
            code, report = capture([f for f in folders if f != folder], fleet)
            if code != 0:
                print(f"  {folder.name}: the rest is refused: {report['refused']}")
                continue
            derived, wrong = held_out(fleet, line_id(pathlib.Path(family).name), folder.name, load(folder))
        checked += derived or 0
        if isinstance(wrong, list):
            structural += 1
            violations += len(wrong)
            good += not wrong
            if wrong:
                print(f"  {folder.name}: {len(wrong)} wrong: {wrong[0]}")
        else:
            print(f"  {folder.name}: {wrong}")
    print(f"{family}: {good}/{len(chosen)} expressed ({structural} by structure), "
          f"{violations} of {checked} derived wrong", flush=True)
    return good, len(chosen), violations, checked


# ---------------------------------------------------------------- drift

def places(fleet, site, folder):
    """Constants, lines and derived values of one line that a slip could hit."""
    out = {"constant": [], "deletion": [], "derived": []}
    files = load(folder)
    root = fleet / "blueprints/role/templates"
    for target in sorted(root.glob("*/target.yaml")):
        for entry in yaml.safe_load(target.read_text())["files"]:
            text = files.get(entry["path"])
            if text is None:
                continue
            template = (target.parent / entry["template"]).read_bytes().decode("utf-8")
            trail, _ = match(program(parse(template)), text)
            depth = 0
            inside = []
            for kind, what, start, end in trail or []:
                if kind == "enter":
                    depth += 1
                elif kind == "leave":
                    depth -= 1
                elif kind in ("text", "value") and not depth:
                    inside.append((kind, what, start, end))
            # Conditions: what is under one is no constant of all lines.
            guarded = guarded_spans(trail or [])
            free = [p for p in inside if not any(a <= p[2] and p[3] <= b for a, b in guarded)]
            for kind, what, start, end in free:
                if kind == "text":
                    out["constant"] += [(entry["path"], start + m.start(), start + m.end())
                                        for m in re.finditer(r"\d+", what)]
                    at = start
                    rows = what.split("\n")
                    for number, row in enumerate(rows[:-1]):
                        is_whole = number > 0 or start == 0 or text[start - 1] == "\n"
                        follower = text[at + len(row) + 1:].split("\n", 1)[0]
                        deeper = len(follower) - len(follower.lstrip()) > len(row) - len(row.lstrip())
                        is_said = re.search(r"\w", row) and not re.match(r"\s*(</|end|exit|quit|next)", row)
                        if is_whole and is_said and not deeper and not row.rstrip().endswith(("{", "[", ":", "(")):
                            out["deletion"].append((entry["path"], at, at + len(row) + 1))
                        at += len(row) + 1
                elif not re.fullmatch(r"\w+\.\w+", what) and re.search(r"\d", text[start:end]):
                    out["derived"].append((entry["path"], start, end))
    return out, files


def guarded_spans(trail):
    """Spans that follow a condition that was met, roughly: up to the next one on the same level."""
    spans, start = [], None
    for kind, _, at, _ in trail:
        if kind == "yes":
            start = at if start is None else start
        elif kind == "no":
            if start is not None:
                spans.append((start, at))
            start = None
    if start is not None:
        spans.append((start, 10**9))
    return spans


def drift(family, trials=int(os.environ.get("TRIALS", "4"))):
    chance = random.Random(1)
    folders = lines_of(family)
    with tempfile.TemporaryDirectory() as made:
        made = pathlib.Path(made)
        copy = made / "lines" / pathlib.Path(family).name
        shutil.copytree(family, copy)
        code, base = capture(lines_of(copy), made / "fleet")
        if code != 0:
            print(f"{family}: refused: {base['refused']}")
            return None
        key = lambda row: (row["address"], row["file"], row["place"], row["found"])
        known = {key(row) for row in base["outliers"]}
        aside = {row["address"] for row in base["aside"]}
        site = line_id(copy.name)
        usable = [f for f in lines_of(copy) if f"{site}/{line_id(f.name)}" not in aside]
        score = {kind: [0, 0] for kind in ("constant", "deletion", "derived")}
        noise = runs = 0
        for kind in score:
            for _ in range(trials):
                folder = chance.choice(usable)
                found, files = places(made / "fleet", site, folder)
                if not found[kind]:
                    continue
                path, start, end = chance.choice(found[kind])
                text = files[path]
                old = text[start:end]
                new = ""
                if kind != "deletion":
                    digit = chance.choice([m.start() for m in re.finditer(r"\d", old)])
                    new = old[:digit] + str((int(old[digit]) + chance.randint(1, 8)) % 10) + old[digit + 1:]
                (folder / path).write_bytes((text[:start] + new + text[end:]).encode())
                _, report = capture(lines_of(copy))
                (folder / path).write_bytes(text.encode())
                address = f"{site}/{line_id(folder.name)}"
                fresh = [row for row in report["outliers"] if key(row) not in known]
                mine = [row for row in fresh if row["address"] == address]
                hit = bool(mine) or address in {row["address"] for row in report["aside"]} - aside
                score[kind][0] += hit
                score[kind][1] += 1
                noise += len(fresh) - len(mine)
                runs += 1
                if not hit:
                    print(f"  missed {kind} {folder.name} {path}:{text.count(chr(10), 0, start) + 1}: "
                          f"{old!r} -> {new!r} in {text[text.rfind(chr(10), 0, start) + 1:].splitlines()[0]!r}")
    shown = ", ".join(f"{kind} {a}/{b}" for kind, (a, b) in score.items())
    print(f"{family}: n={len(folders)} rows before {len(base['outliers'])}; {shown}; "
          f"rows about others {noise}/{runs}", flush=True)
    return score, noise, runs


def proof(family):
    folders = lines_of(family)
    _, r = capture(folders)
    if r.get("refused") or "summary" not in r:
        print(f"{family}: n={len(folders)} refused: {r.get('refused')}")
        return
    s = r["summary"]
    print(f"{family}: n={len(folders)} exact {s['exact']}/{s['files']} inputs {s['inputs']}+{s['defaults']} "
          f"formulas {len(r['derived'])} aside {[a['address'] for a in r['aside']]} outliers {s['outliers']} "
          f"secrets {s['secrets']} ratio {s['size_ratio']}", flush=True)


# ---------------------------------------------------------------- time

def device(number, ports):
    """A switch of a plant: what differs follows from its number, its networks and a few choices."""
    rows = [f"hostname sw-{number:03}", "!", "aaa new-model", f"ip domain-name cell{number}.example.com", "!"]
    for port in range(1, ports + 1):
        rows += [f"interface GigabitEthernet1/{port}", f" description cell {number} port {port}",
                 f" switchport access vlan {100 + port % 7}", " spanning-tree portfast"]
        rows += [" power inline never"] if (number * port) % 11 == 0 else []
        rows += ["!"]
    rows += ["interface Vlan100", f" ip address 10.{number // 200}.{number % 200}.1 255.255.255.0", "!"]
    rows += [f"ntp server 10.{number // 200}.0.{k}" for k in range(1, 3 + number % 3)]
    return "\n".join([*rows, "end", ""])


def times():
    for name, lines, size in (("8 x 67 KB", 8, 67_000), ("16 x 67 KB", 16, 67_000), ("32 x 67 KB", 32, 67_000),
                              ("174, 400 KB in all", 174, 2_300), ("174 x 40 KB", 174, 40_000)):
        with tempfile.TemporaryDirectory() as made:
            ports = max(1, (size - 200) // 115)
            for number in range(1, lines + 1):
                folder = pathlib.Path(made) / f"plant/sw-{number:03}"
                folder.mkdir(parents=True)
                (folder / "running.cfg").write_text(device(number, ports))
            command = ["/usr/bin/time", "-f", "%U %S %M", JIG, "capture", f"{made}/plant", "--as", "role", "-o",
                       f"{made}/fleet", "--format", "json"]
            done = subprocess.run(command, capture_output=True, text=True)
            user, system, memory = done.stderr.split()[-3:]
            print(f"{name}: exit {done.returncode}, {float(user) + float(system):.2f} s of CPU, "
                  f"{int(memory) // 1024} MB", flush=True)


def main():
    what, families = sys.argv[1], sys.argv[2:]
    if what == "time":
        return times()
    results = [{"proof": proof, "loo": loo, "drift": drift}[what](family) for family in families]
    done = [r for r in results if r]
    if what == "loo" and done:
        good, all_, wrong, checked = (sum(r[at] for r in done) for at in range(4))
        print(f"all: {good}/{all_} expressed ({100 * good / max(all_, 1):.0f} %), {wrong} of {checked} derived wrong")
    if what == "drift" and done:
        for kind in ("constant", "deletion", "derived"):
            print(kind, "/".join(str(sum(r[0][kind][at] for r in done)) for at in (0, 1)))
        print("rows about others", sum(r[1] for r in done) / max(1, sum(r[2] for r in done)))


if __name__ == "__main__":
    main()
