"""Proves with packets that each rendered firewall passes what its flows allow, and nothing else.

For every ruleset: a host per zone with all its assets, a stranger in every zone and one from nowhere,
the firewall in the middle. Without the ruleset everything passes (so the test can see a leak); with it,
exactly the flows that the model enforces there, in IPv4 and in IPv6.
"""

import ipaddress
import itertools
import json
import pathlib
import re
import sys

from ruamel.yaml import YAML

import lab
import packets
import rendered

OTHER_PORTS = [("tcp", 22), ("tcp", 102), ("tcp", 3389), ("tcp", 44818), ("udp", 161), ("udp", 47808)]
NOWHERE = {"nowhere": {"prefixes": ["203.0.113.0/24", "2001:db8:dead::/64"]}}


def contains(end, address):
    """Whether an endpoint's addresses, which may be prefixes, hold this address."""
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(one) for one in end["addresses"])


def enforced(probe, output):
    """The flows that this blueprint's own devices of this output enforce."""
    own = {name for name, device in probe["own_devices"].items() if device["output"] == output}
    return [flow for flow in probe["flows"] if own & set(flow["devices"])]


def ports_of(flow):
    """(proto, port) for each match; of a range its two ends and the ports just outside."""
    for match in flow["match"]:
        for port in match["dport"]:
            low, _, high = str(port).partition("-")
            for end in {int(low) - 1, int(low), int(high or low), int(high or low) + 1}:
                if 0 < end < 65536:
                    yield match["proto"], end


def matches(flow, proto, port):
    """Whether one of the flow's matches holds this port."""
    for match in flow["match"]:
        for one in match["dport"]:
            low, _, high = str(one).partition("-")
            if proto == match["proto"] and int(low) <= port <= int(high or low):
                return True
    return False


def expected(flows, tries):
    """Those of the tries that a flow allows, worked out from the model alone."""
    return {
        one
        for flow in flows
        for one in tries
        if matches(flow, one.proto, one.port) and contains(flow["from"], one.source) and contains(flow["to"], one.target)
    }


def zones_of(probe):
    """Zone name -> prefixes, with each line's own zones beside the site's, and one from nowhere."""
    zones = {name: zone["prefixes"] for name, zone in {**probe["zones"], **NOWHERE}.items()}
    for line in probe.get("lines", []):
        for name, zone in line["zones"].items():
            if zones.get(name) != zone["prefixes"]:
                zones[f"{line['line']}-{name}"] = zone["prefixes"]
    return {name: prefixes for name, prefixes in zones.items() if prefixes}


def known_addresses(probe, flows):
    ends = itertools.chain.from_iterable((flow["from"], flow["to"]) for flow in flows)
    found = {address for end in ends for address in end["addresses"] if "/" not in address}
    for scope in [probe, *probe.get("lines", [])]:
        for asset in scope["assets"].values():
            found |= {address for address in asset["addresses"] if "/" not in address}
    return found


def populate(zones, known):
    """Zone -> addresses: every known asset in its narrowest zone, and a stranger per prefix."""
    prefixes = [(ipaddress.ip_network(prefix), zone) for zone, all_ in zones.items() for prefix in all_]
    homes = {zone: [] for zone in zones}
    for address in sorted(known):
        inside = [(net.prefixlen, zone) for net, zone in prefixes if ipaddress.ip_address(address) in net]
        if not inside:
            raise SystemExit(f"FAULT {address} lies in no zone")
        homes[max(inside)[1]].append(address)
    for net, zone in prefixes:
        stranger = lab.stranger(str(net), known)
        if stranger:
            homes[zone].append(stranger)
    return homes


def interface(probe, output, zone, number):
    for device in probe["own_devices"].values():
        if device["output"] == output and zone in (device.get("interfaces") or {}):
            return device["interfaces"][zone]
    return f"{zone[:10]}{number}"


def check(tag, path, output, probe):
    """The faults of one ruleset, and how many packets were tried and passed."""
    flows, zones = enforced(probe, output), zones_of(probe)
    homes = populate(zones, known_addresses(probe, flows))
    firewall, owner = lab.Host(f"{tag}fw", forwards=True), {}
    for number, (zone, prefixes) in enumerate(zones.items()):
        host = lab.Host(f"{tag}z{number}", homes[zone])
        port = lab.wire(firewall, host, prefixes, interface(probe, output, zone, number))
        for anything in ("default", "::/0"):
            lab.route(host, anything, port)
        owner.update({address: host for address in homes[zone]})
    ports = sorted({port for flow in flows for port in ports_of(flow)} | set(OTHER_PORTS))
    listeners = packets.Listeners(sorted(set(owner.values()), key=lambda host: host.name), ports)
    tries = [
        packets.Try(proto, source, target, port)
        for source, target in itertools.permutations(owner, 2)
        if owner[source] is not owner[target] and packets.family(source) == packets.family(target)
        for proto, port in ports
    ]
    allowed = expected(flows, tries)
    control = set(tries[:: max(1, len(tries) // 2000)]) | allowed
    unheard = control - packets.passed(control, owner, listeners, control)
    if unheard:
        return [f"{path}: the lab itself loses packets, e.g. {next(iter(unheard))}"], len(tries), 0
    firewall.sh(f"nft -f {path}")
    through = packets.passed(tries, owner, listeners, allowed)
    faults = [f"{path}: lets through {show(one)}" for one in sorted(through - allowed)]
    faults += [f"{path}: stops {show(one)}" for one in sorted(allowed - through)]
    faults += [f"{path}: names {flow}, which no device of it enforces" for flow in traces(path.read_text(), probe, flows)]
    by_hand = written_by_hand(path)
    if by_hand is not None:
        passed = {show(one) for one in through}
        faults += [f"{path}: {path_} passes, expected_paths.yaml does not have it" for path_ in sorted(passed - by_hand)]
        faults += [f"{path}: {path_} does not pass, expected_paths.yaml has it" for path_ in sorted(by_hand - passed)]
    return faults, len(tries), len(through)


def traces(text, probe, enforced_flows):
    """Flows that the ruleset names although none of its devices enforces them."""
    foreign = {flow["id"] for flow in probe["flows"]} - {flow["id"] for flow in enforced_flows}
    return sorted(flow for flow in foreign if re.search(rf"\b{re.escape(flow)}\b(?!\.)", text))


def written_by_hand(path):
    """What expected_paths.yaml says about a ruleset, if anything."""
    for fleet, rulesets in YAML(typ="safe").load(pathlib.Path(__file__).parent / "expected_paths.yaml").items():
        for ruleset, paths in rulesets.items():
            if str(path).endswith(f"/{fleet}/{ruleset}"):
                return set(paths)
    return None


def show(one):
    return f"{one.source} -> {one.target} {one.proto}/{one.port}"


def main(out):
    lab.enter()
    count, problems = 0, []
    for address, folder, manifest in rendered.addresses(out):
        probe = json.loads((folder / "probe.json").read_text())
        for file in manifest["files"]:
            if file["path"].endswith(".nft"):
                output = next(one["id"] for one in probe["outputs"] if one["path"] == file["path"])
                faults, tried, through = check(f"n{count}", folder / file["path"], output, probe)
                print(f"{address} {file['path']}: {tried} packets, {through} passed")
                problems += faults
                count += 1
    rendered.finish("firewalls under packets", count, problems)


if __name__ == "__main__":
    main(sys.argv[1])
