"""Every dashboard is a `Dashboard` of @grafana/schema for TypeScript, and holds together as Grafana shows it."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import rendered

NPM = pathlib.Path(__file__).resolve().parents[2] / ".cache/npm/node_modules"
VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)[^}]*\}|\[\[(\w+)[^\]]*\]\]")
COLUMNS = 24
# JSON spells an enum as its text; the schema's own types want the enum's member. Stands after the dashboard,
# so that the compiler's line numbers are the file's own.
PLAIN = """
import type { Dashboard } from '@grafana/schema';
type Plain<T> = T extends string ? `${T}` : T extends (infer U)[] ? Plain<U>[]
  : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
"""


def all_panels(dashboard):
    """Panels and, inside collapsed rows, theirs."""
    for panel in dashboard.get("panels", []):
        yield panel
        yield from panel.get("panels", [])


def id_faults(panels):
    ids = [panel.get("id") for panel in panels]
    if None in ids or 0 in ids:
        yield "a panel without an id"
    if len(set(ids)) < len(ids):
        yield f"panel ids that occur twice: {sorted({one for one in ids if ids.count(one) > 1})}"


def layout_faults(panels):
    """Outside the grid, without size, or on top of each other."""
    cells = {}
    for panel in panels:
        at, title = panel["gridPos"], panel.get("title", panel["id"])
        if at["x"] < 0 or at["y"] < 0 or at["w"] < 1 or at["h"] < 1 or at["x"] + at["w"] > COLUMNS:
            yield f"panel {title!r} leaves the grid: {at}"
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                other = cells.setdefault((x, y), title)
                if other is not title:
                    yield f"panel {title!r} lies on {other!r}"
                    return


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def variable_faults(dashboard):
    """Variables that nothing defines; names that start with __ are Grafana's own."""
    defined = {variable["name"] for variable in dashboard.get("templating", {}).get("list", [])}
    used = {next(filter(None, match)) for text in strings(dashboard) for match in VARIABLE.findall(text)}
    for name in sorted(used - defined):
        if not name.startswith("__") and not name.isdigit():
            yield f"uses ${name}, which no variable defines"


def query_faults(panels):
    """A panel that shows data needs queries with distinct letters and a data source."""
    for panel in panels:
        references = [target.get("refId") for target in panel.get("targets", [])]
        if len(set(references)) < len(references):
            yield f"panel {panel.get('title')!r} has two queries of one refId"
        if references and not panel.get("datasource"):
            yield f"panel {panel.get('title')!r} names no data source"


def faults(dashboard):
    panels = list(all_panels(dashboard))
    if not panels:
        yield "no panel at all"
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", dashboard.get("uid") or ""):
        yield f"the uid {dashboard.get('uid')!r} is none for Grafana"
    yield from id_faults(panels)
    yield from layout_faults([panel for panel in dashboard.get("panels", []) if "gridPos" in panel])
    yield from (f"panel {panel.get('title')!r} has no place" for panel in panels if "gridPos" not in panel)
    yield from variable_faults(dashboard)
    yield from query_faults(panels)


def type_faults(paths):
    """What the TypeScript compiler says, with all dashboards in one program."""
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        (base / "node_modules").symlink_to(NPM)
        names = {}
        for number, path in enumerate(paths):
            names[f"d{number}.ts"] = path
            (base / f"d{number}.ts").write_text(f"export const it: Plain<Dashboard> = {path.read_text()};{PLAIN}")
        options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler", "--target", "es2022"]
        command = [str(NPM / ".bin/tsc"), *options, *names]
        path = f"{NPM / '.bin'}:/usr/bin:/bin"
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"PATH": path})
        if done.returncode == 0:
            return []
        found = re.sub(r"^(d\d+\.ts)", lambda match: str(names[match[1]]), done.stdout + done.stderr, flags=re.MULTILINE)
        return [found.strip()]


def main(out):
    paths = [path for path in rendered.files(out, ".json") if "/dashboard" in str(path)]
    problems = [f"{path}: {fault}" for path in paths for fault in faults(json.loads(path.read_text()))]
    uids = [json.loads(path.read_text()).get("uid") for path in paths]
    fleets = [path.relative_to(out).parts[0] for path in paths]
    pairs = list(zip(fleets, uids))
    problems += [f"two dashboards of {fleet} have the uid {uid}" for fleet, uid in set(pairs) if pairs.count((fleet, uid)) > 1]
    rendered.finish("dashboards", len(paths), problems + (type_faults(paths) if paths else []))


if __name__ == "__main__":
    main(sys.argv[1])
