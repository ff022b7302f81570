"""Every rule file passes promtool, and one shift gives the numbers and the alerts that the formulas mean.

The unit test feeds each line's own machines: six good hours at 30 parts a minute, 1 in 100 defective, then a
stop of two hours; and what the systems of record would deliver for such a shift. What must come out is worked
out here, not read from the rules. A second test feeds nothing at all.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

from ruamel.yaml import YAML

import rendered

yaml = YAML(typ="safe")
SELECTOR = re.compile(r"(packml_\w+|element:\w+:\w+)\{([^}]*)\}")
LABEL = re.compile(r'(\w+)="([^"]*)"')
SHIFT, GOOD, PER_MINUTE = 8 * 60, 6 * 60, 30
PARTS = GOOD * PER_MINUTE
SERIES = {
    "packml_state": f"6x{GOOD - 1} 2x{SHIFT - GOOD}",
    "packml_mode": f"1x{SHIFT}",
    "packml_processed": f"0+{PER_MINUTE}x{GOOD} {PARTS}x{SHIFT - GOOD - 1}",
    "packml_defective": f"0+{PER_MINUTE / 100}x{GOOD} {PARTS / 100}x{SHIFT - GOOD - 1}",
    # The systems of record: planned busy time, seconds per part, good, scrap and confirmed parts.
    "element:pbt:shift": f"{SHIFT * 60}x{SHIFT}",
    "element:pri:shift": f"{60 / PER_MINUTE}x{SHIFT}",
    "element:gq:shift": f"{PARTS * 0.99}x{SHIFT}",
    "element:sq:shift": f"{PARTS * 0.01}x{SHIFT}",
    "element:pqerp:shift": f"{PARTS / 1.25}x{SHIFT}",
}
# What such a shift means, by the end of its rule's name.
TRUTH = {
    "availability": GOOD / SHIFT,
    "effectiveness": 1.0,
    "quality_ratio": 0.99,
    "oee_index": 0.74,
    "scrap_ratio": 0.01,
    "technical_efficiency": GOOD / SHIFT,
    "count_agreement": 0.25,
}


def promtool(*arguments, cwd):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, cwd=cwd)
    return (done.stdout + done.stderr).strip() if done.returncode else None


def inputs(rules):
    """The series that the rules read and do not make, each with the labels that they select by."""
    made = {rule.get("record") for rule in rules}
    found = {}
    for rule in rules:
        for name, selector in SELECTOR.findall(rule["expr"]):
            labels = dict(LABEL.findall(selector))
            if name in SERIES and name not in made:
                found[name, labels.get("machine")] = labels
    text = lambda labels: ",".join(f'{key}="{value}"' for key, value in labels.items())
    return [{"series": f"{name}{{{text(labels)}}}", "values": SERIES[name]} for (name, _), labels in found.items()]


def expect(expression, minute, value):
    samples = [] if value is None else [{"labels": "{}", "value": value}]
    return {"expr": expression, "eval_time": f"{minute}m", "exp_samples": samples}


def firing(alert):
    return f'count(count(ALERTS{{alertname="{alert}",alertstate="firing"}}))'


def unit_test(path, content):
    """A promtool unit test for this rule file, or none where it makes no known metric from PackML readings."""
    rules = [rule for group in content["groups"] for rule in group["rules"]]
    metrics = [(rule["record"], value) for rule in rules for name, value in TRUTH.items() if rule.get("record") == f"metric:{name}:ratio"]
    if not metrics or not any("packml_" in rule["expr"] for rule in rules):
        return None
    alerts = {rule.get("alert") for rule in rules}
    shift = [expect(f"round(sum({name}), 0.01)", SHIFT, value) for name, value in metrics]
    silence = []
    if "LineStopped" in alerts:
        shift += [expect(firing("LineStopped"), GOOD - 30, None), expect(firing("LineStopped"), GOOD + 30, 1)]
    if "GatewaySilent" in alerts:
        shift.append(expect(firing("GatewaySilent"), GOOD, None))
        silence.append(expect(firing("GatewaySilent"), 30, 1))
    tests = [
        {"name": "a shift with a stop", "interval": "1m", "input_series": inputs(rules), "promql_expr_test": shift},
        {"name": "silence", "interval": "1m", "input_series": [], "promql_expr_test": silence},
    ]
    return {"rule_files": [str(path)], "evaluation_interval": "10m", "tests": tests}


def faults(path):
    fault = promtool("check", "rules", "--lint=all", "--lint-fatal", str(path), cwd=path.parent)
    if fault:
        return [f"{path}: {fault}"], False
    test = unit_test(path, yaml.load(path.read_text()))
    if test is None:
        return [], False
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "good_hours_test.yml")
        with file.open("w") as stream:
            YAML().dump(test, stream)
        fault = promtool("test", "rules", str(file), cwd=folder)
    return ([f"{path}: {fault}"] if fault else []), True


def main(out):
    files, problems, tested = rendered.files(out, ".rules.yml"), [], 0
    for path in files:
        found, ran = faults(path)
        problems += found
        tested += ran
    print(f"{tested} rule files also in a unit test")
    if files and not tested:
        problems.append("no rule file computes a metric whose value is known here")
    rendered.finish("rule files", len(files), problems)


if __name__ == "__main__":
    main(sys.argv[1])
