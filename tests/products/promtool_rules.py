"""Every rule file passes promtool, and one shift gives the numbers and the alerts that the formulas mean.

The unit test feeds each line's own machines for one shift of its site: three quarters of it good, at 30 parts a
minute, 1 in 100 defective, then a stop to its end; and what the systems of record would deliver for it. What must
come out is worked out here, not read from the rules. A second test feeds nothing at all.
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
PER_MINUTE = 30
# What such a shift means, by the end of its rule's name.
TRUTH = {
    "availability": 0.75,
    "effectiveness": 1.0,
    "quality_ratio": 0.99,
    "oee_index": 0.74,
    "scrap_ratio": 0.01,
    "technical_efficiency": 0.75,
    "count_agreement": 0.25,
}


class Shift:
    """One shift in minutes, and the series of a machine and of the systems of record over it."""

    def __init__(self, hours):
        self.all, self.good = hours * 60, hours * 45
        stop, parts = self.all - self.good, self.good * PER_MINUTE
        always = lambda value: f"{value}x{self.all}"
        self.series = {
            "packml_state": f"6x{self.good - 1} 2x{stop}",
            "packml_mode": always(1),
            "packml_processed": f"0+{PER_MINUTE}x{self.good} {parts}x{stop - 1}",
            "packml_defective": f"0+{PER_MINUTE / 100}x{self.good} {parts / 100}x{stop - 1}",
            # Planned busy time, seconds per part, good, scrap and confirmed parts.
            "element:pbt:shift": always(self.all * 60),
            "element:pri:shift": always(60 / PER_MINUTE),
            "element:gq:shift": always(parts * 0.99),
            "element:sq:shift": always(parts * 0.01),
            "element:pqerp:shift": always(parts / 1.25),
        }


def shift_of(address, fleet):
    """The shift of a line's site, as site.yaml has it."""
    site = yaml.load(pathlib.Path(fleet, "sites", address.split("/")[0], "site.yaml"))
    return Shift(site.get("shifts", [{"hours": 8}])[0]["hours"])


def promtool(*arguments, cwd):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, cwd=cwd)
    return (done.stdout + done.stderr).strip() if done.returncode else None


def inputs(rules, series):
    """The series that the rules read and do not make, each with the labels that they select by."""
    made = {rule.get("record") for rule in rules}
    found = {}
    for rule in rules:
        for name, selector in SELECTOR.findall(rule["expr"]):
            labels = dict(LABEL.findall(selector))
            if name in series and name not in made:
                found[name, labels.get("machine")] = labels
    text = lambda labels: ",".join(f'{key}="{value}"' for key, value in labels.items())
    return [{"series": f"{name}{{{text(labels)}}}", "values": series[name]} for (name, _), labels in found.items()]


def expect(expression, minute, value):
    samples = [] if value is None else [{"labels": "{}", "value": value}]
    return {"expr": expression, "eval_time": f"{minute}m", "exp_samples": samples}


def firing(alert):
    return f'count(count(ALERTS{{alertname="{alert}",alertstate="firing"}}))'


def unit_test(path, content, shift):
    """A promtool unit test for this rule file, or none where it makes no known metric from PackML readings.

    Nor for a shift that is longer than eight hours: promtool's tests, unlike Prometheus, hold 10,000 samples at most.
    """
    if shift.all > 8 * 60:
        return None
    rules = [rule for group in content["groups"] for rule in group["rules"]]
    metrics = [(rule["record"], value) for rule in rules for name, value in TRUTH.items() if rule.get("record") == f"metric:{name}:ratio"]
    if not metrics or not any("packml_" in rule["expr"] for rule in rules):
        return None
    alerts = {rule.get("alert") for rule in rules}
    checks = [expect(f"round(sum({name}), 0.01)", shift.all, value) for name, value in metrics]
    silence = []
    if "LineStopped" in alerts:
        checks += [expect(firing("LineStopped"), shift.good + after, value) for after, value in ((-30, None), (30, 1))]
    if "GatewaySilent" in alerts:
        checks.append(expect(firing("GatewaySilent"), shift.good, None))
        silence.append(expect(firing("GatewaySilent"), 30, 1))
    tests = [
        {"name": "a shift with a stop", "interval": "1m", "input_series": inputs(rules, shift.series), "promql_expr_test": checks},
        {"name": "silence", "interval": "1m", "input_series": [], "promql_expr_test": silence},
    ]
    return {"rule_files": [str(path)], "evaluation_interval": "10m", "tests": tests}


def faults(path, shift):
    fault = promtool("check", "rules", "--lint=all", "--lint-fatal", str(path), cwd=path.parent)
    if fault:
        return [f"{path}: {fault}"], False
    test = unit_test(path, yaml.load(path.read_text()), shift)
    if test is None:
        return [], False
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "shift_test.yml")
        with file.open("w") as stream:
            YAML().dump(test, stream)
        fault = promtool("test", "rules", str(file), cwd=folder)
    return ([f"{path}: {fault}"] if fault else []), True


def main(out, fleets):
    count, tested, problems = 0, 0, []
    for address, folder, _ in rendered.addresses(out):
        fleet = pathlib.Path(fleets, folder.relative_to(pathlib.Path(out).resolve()).parts[0])
        for path in folder.rglob("*.rules.yml"):
            found, ran = faults(path, shift_of(address, fleet))
            problems += found
            count, tested = count + 1, tested + ran
    print(f"{tested} rule files also in a unit test")
    if count and not tested:
        problems.append("no rule file computes a metric whose value is known here")
    rendered.finish("rule files", count, problems)


if __name__ == "__main__":
    main(*sys.argv[1:])
