"""Every rendered site broker boots and lets each gateway write below its own line, and nowhere else.

The access lists are tried twice: the broker's own, and the sections that the lines render, put together.
Real clients with certificates publish everywhere; an observer that only the lab knows sees what arrived,
and so do the readers that the list names and the relay behind the bridge.
"""

import json
import sys
import time

import lab
import mosquitto
import pki
import rendered

OBSERVER = "\nuser lab-observer\ntopic read #\n"


class Site:
    """What the rendered files of one site say about who may publish what."""

    def __init__(self, folder, address, out):
        self.address = address
        self.conf = next(iter(folder.rglob("mosquitto.conf")))
        self.text = self.conf.read_text()
        self.acl = (self.conf.parent / "acl").read_text()
        port, self.broker = next(one for one in mosquitto.listeners(self.text) if one[1] not in ("127.0.0.1", "::1"))
        self.port = int(port)
        self.gateways, self.sections = {}, ""
        for line, line_folder, _ in rendered.addresses(out):
            if line.startswith(address + "/"):
                self._line(line_folder)

    def _line(self, folder):
        probe = json.loads((folder / "probe.json").read_text())
        to_broker = [flow for flow in probe["flows"] if flow["access"] == "publish" and self.broker in flow["to"]["addresses"]
                     and self.port in flow["match"][0]["dport"]]
        if to_broker:
            self.gateways[probe["values"]["gateway"]] = probe["namespace"]["topic"]
        for section in folder.rglob("*.acl"):
            self.sections += section.read_text() + "\n"


def attempts(site, names):
    """(name, topic): each tries its own line, every other line, and places that belong to nobody."""
    topics = list(site.gateways.values())
    places = [f"{topic}/filler/state" for topic in topics]
    places += [topics[0].split("/")[0] + "/else", "elsewhere/x", f"{topics[0]}x/filler/state", topics[0].rpartition("/")[0]]
    return [(name, place) for name in names for place in places]


def allowed(site, name, topic):
    """What the model says: a gateway with a publish flow writes below its line's topic."""
    own = site.gateways.get(name)
    return own is not None and topic.startswith(own + "/")


def run(site, acl, what):
    """Boots the broker with this access list and compares what arrives with what may arrive."""
    authority, foreign = pki.Authority(), pki.Authority("foreign-ca")
    addresses = {site.broker, *(host for host, _ in mosquitto.bridges(site.text))}
    for address in addresses:
        lab.sh(f"ip address replace {address} dev lo")
    relays = [start_relay(authority, host) for host, _ in mosquitto.bridges(site.text)]
    broker = mosquitto.Broker(site.text, authority, acl + OBSERVER)
    try:
        if not broker.wait():
            return [f"{site.conf}: does not boot with {what}:\n{broker.log()}"]
        return [f"{site.conf} with {what}: {fault}" for fault in exercise(site, acl, authority, foreign, broker)]
    finally:
        for one in [broker, *relays]:
            one.stop()


def start_relay(authority, address, host=None):
    authority.install("relay", "/etc/mosquitto-lab/relay.crt", "/etc/mosquitto-lab/relay.key", [address])
    pki.place("/etc/mosquitto-lab/ca.crt", authority.cert.read_bytes())
    relay = mosquitto.Broker(mosquitto.RELAY.format(address=address), authority, host=host)
    if not relay.wait():
        sys.exit(f"the lab's relay does not boot: {relay.log()}")
    return relay


def exercise(site, acl, authority, foreign, broker):
    client = lambda name, **more: mosquitto.Client(authority, name, site.broker, site.port, **more)
    sections = mosquitto.acl_sections(acl)
    names = sorted({*site.gateways, *(user for user in sections if user and user != "pattern"), "stranger"})
    watchers = {name: client(name).subscribe() for name in [*names, "lab-observer"]}
    far = [mosquitto.Client(authority, "lab-far", host).subscribe() for host, _ in mosquitto.bridges(site.text)]
    for one in [*watchers.values(), *far]:
        one.ready()
    tried = attempts(site, names)
    senders = [client(name).publish(topic, name) for name, topic in tried]
    senders += [client(None).publish(topic, "nobody") for _, topic in tried]
    senders += [client(name, issuer=foreign).publish(topic, "forged") for name, topic in site.gateways.items()]
    for sender in senders:
        sender.wait(20)
    may = {(topic, name) for name, topic in tried if allowed(site, name, topic)}
    everyone = [watchers["lab-observer"], *far]
    mosquitto.wait_until(lambda: all(may <= set(one.received()) for one in everyone), 15)
    time.sleep(1)  # for what should not come
    arrived = {name: set(watcher.received()) for name, watcher in watchers.items()}
    behind = [set(one.received()) for one in far]
    for one in [*watchers.values(), *far]:
        one.stop()
    return verdict(sections, may, arrived, behind)


def verdict(sections, may, arrived, behind):
    seen = {pair for pair in arrived["lab-observer"] if not pair[0].startswith("$")}
    yield from (f"{name} was allowed to write {topic}" for topic, name in sorted(seen - may))
    yield from (f"{name} could not write {topic}" for topic, name in sorted(may - seen))
    for reader, got in arrived.items():
        if reader == "lab-observer":
            continue
        filters = [topic for access, topic in sections.get(reader, []) if access in ("read", "readwrite")]
        expected = {pair for pair in may if any(mosquitto.matches(one, pair[0]) for one in filters)}
        if {pair for pair in got if "/" in pair[0]} != expected:
            yield f"{reader} reads {sorted(got)[:3]}..., its section says {filters}"
    for got in behind:
        yield from (f"{pair} does not arrive at the relay" for pair in sorted(may - got))
        yield from (f"{pair} arrives at the relay" for pair in sorted(got - may) if not pair[0].startswith("$"))


def main(out):
    lab.enter()
    lab.private("/etc/mosquitto-lab")
    count, problems = 0, []
    for address, folder, manifest in rendered.addresses(out):
        if any(file["path"].endswith("mosquitto.conf") for file in manifest["files"]):
            site = Site(folder, address, folder.parents[1] if folder.name == "_site" else out)
            if not site.gateways:
                problems.append(f"{site.conf}: no line of {address} publishes to it")
                continue
            problems += run(site, site.acl, "its own access list")
            if site.sections:
                problems += run(site, site.sections, "the lines' sections")
            count += 1
    rendered.finish("site brokers", count, problems)


if __name__ == "__main__":
    main(sys.argv[1])
