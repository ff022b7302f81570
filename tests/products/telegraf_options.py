"""Every telegraf.conf is TOML and uses only plugins and options that Telegraf has.

telegraf-options.json was read from Telegraf's source: plugin -> option -> "leaf" or a table of options.
"""

import json
import pathlib
import sys
import tomllib

import rendered

# Sections of the file that are not plugins.
FREE = {"global_tags", "secretstores"}


def unknown(table, options, where):
    """Names in `table` that `options` does not have, each with its place."""
    for key, value in table.items():
        here = f"{where}.{key}"
        if key not in options:
            yield here
        elif isinstance(options[key], dict):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    yield from unknown(item, options[key], here)


def plugin_faults(kind, name, instances, facts):
    plugin = f"{kind}.{name}"
    if plugin not in facts["plugins"]:
        yield f"{plugin}: no such plugin, or none whose options are known here"
        return
    common = {name: "leaf" for name in facts["common"]}
    for number, instance in enumerate(instances if isinstance(instances, list) else [instances]):
        yield from (f"{fault}: no such option" for fault in unknown(instance, common | facts["plugins"][plugin], f"{plugin}[{number}]"))


def agent_faults(agent, facts):
    """Telegraf takes an agent option with and without underscores."""
    known = {name.replace("_", "") for name in facts["agent"]}
    return [f"agent.{name}: no such option" for name in agent if name.replace("_", "") not in known]


def faults(content, facts):
    found = agent_faults(content.get("agent", {}), facts)
    for kind, plugins in content.items():
        if kind in FREE or kind == "agent":
            continue
        for name, instances in plugins.items():
            found += plugin_faults(kind, name, instances, facts)
    if not content.get("inputs") or not content.get("outputs"):
        found.append("reads nothing or writes nothing")
    return found


def main(out):
    facts = json.loads((pathlib.Path(__file__).parent / "telegraf-options.json").read_text())
    configs, problems = rendered.files(out, "telegraf.conf"), []
    for path in configs:
        try:
            problems += [f"{path}: {fault}" for fault in faults(tomllib.loads(path.read_text()), facts)]
        except tomllib.TOMLDecodeError as error:
            problems.append(f"{path}: {error}")
    rendered.finish("Telegraf configs", len(configs), problems)


if __name__ == "__main__":
    main(sys.argv[1])
