"""One line, whole: simulated controllers, the rendered gateway, both rendered firewalls, the rendered broker, a reader.

A host per zone, the line's and the site's firewall between them. What a reader at the broker and a reader at the
DMZ relay see must be exactly the topics that the line's flows and equipment say, with the right values.
"""

import json
import pathlib
import re
import subprocess
import sys
import time

import lab
import mosquitto
import mosquitto_acl
import node_red
import pki
import rendered

HERE = pathlib.Path(__file__).parent
READINGS = ("state", "mode", "processed", "defective")
PACKML = {"Execute": 6, "Held": 11, "Aborted": 9, "Stopped": 2}
SECONDS = 90


def register_words(register, value):
    """A value as 16-bit words, in the order that the equipment type says."""
    words = [value >> shift & 0xFFFF for shift in range(0, register.get("width", 16), 16)]
    return words if register.get("word_order") == "little" else words[::-1]


def machine(unit, number, profile):
    """What the simulator is told for one unit, and the readings that must come out: reading -> value."""
    out = {}
    if profile["protocol"] == "opcua":
        told = {"ip": unit["ip"], "protocol": "opcua", "nsu": unit["nsu"], "security": unit["values"]["opcua_security"], "nodes": {}}
        for place, reading in enumerate(READINGS):
            if isinstance(profile.get(reading), str):
                out[reading] = {"state": 6, "mode": 1}.get(reading, 1000 * number + place)
                told["nodes"][profile[reading]] = out[reading]
        return told, out
    told = {"ip": unit["ip"], "protocol": "modbus", "registers": {}}
    for place, reading in enumerate(READINGS):
        register = unit.get(reading)
        if isinstance(register, dict):
            raw = 100_000 * number + place if register.get("width") == 32 else 1
            out[reading] = PACKML[register["map"][str(raw)]] if "map" in register else raw
            for offset, word in enumerate(register_words(register, raw)):
                told["registers"][str(register["register"] - 40001 + offset)] = word
    return told, out


def expected(probe):
    """(simulator's input, topic -> value)."""
    machines, topics = [], {}
    for number, unit in enumerate(probe["units"], start=1):
        told, out = machine(unit, number, probe["profiles"][unit["profile"]])
        machines.append(told)
        for reading, value in out.items():
            topics[f"{probe['namespace']['topic']}/{unit['id']}/{reading}"] = value
    return machines, topics


class Plant:
    """Cell, gateway, broker and relay, each a host of its own, with the line's and the site's firewall between them."""

    def __init__(self, line, site, broker, relay):
        self.line, self.site = line, site
        self.line_firewall = lab.Host("linefw", forwards=True)
        self.site_firewall = lab.Host("sitefw", forwards=True)
        self.cell = lab.Host("cell", [unit["ip"] for unit in line["units"]])
        self.gateway = lab.Host("gateway", [line["values"]["gateway_ip"]])
        self.broker, self.relay = lab.Host("broker", [broker]), lab.Host("relay", [relay])
        edge = next(asset["zone"] for asset in line["assets"].values() if line["values"]["gateway_ip"] in asset["addresses"])
        self.join(self.line_firewall, line, self.cell, "cell", "default")
        self.join(self.site_firewall, site, self.broker, site["assets"]["broker"]["zone"], "default")
        self.join(self.site_firewall, site, self.relay, site["assets"]["relay"]["zone"], "default")
        self.join(self.site_firewall, site, self.gateway, edge, "default")
        self.join(self.line_firewall, line, self.gateway, edge, line["zones"]["cell"]["prefixes"][0])

    @staticmethod
    def join(firewall, probe, host, zone, destination):
        """Wires a host to a firewall, at the interface that the model names, and sends it `destination`."""
        device = next(iter(probe["own_devices"].values()))
        interface = (device.get("interfaces") or {}).get(zone, zone)
        lab.route(host, destination, lab.wire(firewall, host, probe["zones"][zone]["prefixes"], interface))


def sessions(host, machines):
    """Controller -> established connections, as its own machine counts them."""
    lines = host.sh("ss -Htn state established").splitlines()
    count = lambda ip, port: sum(1 for line in lines if line.split()[2] == f"{ip}:{port}")
    return {one["ip"]: count(one["ip"], 4840 if one["protocol"] == "opcua" else 502) for one in machines}


def values(received):
    """topic -> last value; a payload is a number or an object with one."""
    found = {}
    for topic, payload in received:
        content = json.loads(payload)
        found[topic] = content["value"] if isinstance(content, dict) else content
    return found


def run(line_folder, site_folder):
    line = json.loads((line_folder / "probe.json").read_text())
    site = json.loads((site_folder / "probe.json").read_text())
    machines, topics = expected(line)
    conf = next(site_folder.rglob("mosquitto.conf"))
    text, acl = conf.read_text(), (conf.parent / "acl").read_text()
    broker_address = next(address for _, address in mosquitto.listeners(text) if address)
    relay_address = mosquitto.bridges(text)[0][0]
    plant = Plant(line, site, broker_address, relay_address)
    plant.line_firewall.sh(f"nft -f {next(line_folder.rglob('*.nft'))}")
    plant.site_firewall.sh(f"nft -f {next(site_folder.rglob('*.nft'))}")
    authority = pki.Authority()
    started = []
    try:
        lab.private("/etc/mosquitto-lab")
        started.append(mosquitto_acl.start_relay(authority, relay_address, plant.relay))
        broker = mosquitto.Broker(text, authority, acl + mosquitto_acl.OBSERVER, plant.broker)
        started.append(broker)
        if not broker.wait():
            return [f"the broker does not boot: {broker.log()}"], 0
        near = mosquitto.Client(authority, "lab-observer", broker_address, host=plant.broker).subscribe()
        far = mosquitto.Client(authority, "lab-far", relay_address, host=plant.relay).subscribe()
        started += [near, far]
        near.ready(), far.ready()
        plcs = plant.cell.start([sys.executable, str(HERE / "plc.py")], stdin=subprocess.PIPE, text=True,
                                         stderr=subprocess.DEVNULL)
        plcs.stdin.write(json.dumps(machines))
        plcs.stdin.close()
        time.sleep(2)
        gateway = node_red.Runtime(next(line_folder.rglob("flows.json")), authority, plant.gateway)
        started.append(gateway)
        mosquitto.wait_until(lambda: set(topics) <= set(values(near.received())) and set(topics) <= set(values(far.received())), SECONDS)
        # The first start makes the OPC UA library's own certificate, over which its clients stumble once; then all is quiet.
        heard = len(gateway.log())
        time.sleep(5)
        faults = judge(topics, values(near.received()), "at the broker") + judge(topics, values(far.received()), "at the relay")
        over = {ip: count for ip, count in sessions(plant.cell, machines).items() if count != 1}
        faults += [f"controller {ip} holds {count} sessions, not 1" for ip, count in over.items()]
        faults += [f"gateway: {fault}" for fault in node_red.log_faults(gateway.log()[heard:], plant_is_there=True)]
        if faults:
            faults.append("the gateway's log:\n" + gateway.log() + "\nthe broker's log:\n" + broker.log())
        return faults, len(topics)
    finally:
        for one in started:
            one.stop()


def judge(wanted, got, where):
    faults = [f"{topic} does not arrive {where}" for topic in sorted(wanted.keys() - got.keys())]
    faults += [f"{topic} arrives {where}, nobody decided it" for topic in sorted(got.keys() - wanted.keys())]
    return faults + [
        f"{topic} {where} is {got[topic]}, not {wanted[topic]}" for topic in sorted(wanted.keys() & got.keys()) if got[topic] != wanted[topic]
    ]


def main(out, address):
    """Runs the line with this address in whichever fleet below `out` has it."""
    lab.enter()
    folders = {found: folder for found, folder, _ in rendered.addresses(out)}
    faults, count = run(folders[address], folders[re.sub("/.*", "", address)])
    rendered.finish(f"topics of {address}", count, faults)


if __name__ == "__main__":
    main(*sys.argv[1:])
