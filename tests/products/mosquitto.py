"""A real Mosquitto on a rendered mosquitto.conf, and real clients with certificates.

The config under test is used as it is: what it names (certificates, the access list, its data folder) is
put where it names it, in an /etc and a /var of the lab's own.
"""

import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

import lab
import pki


FILES = {"cafile", "bridge_cafile", "acl_file", "password_file", "certfile", "bridge_certfile", "keyfile", "bridge_keyfile"}


def directives(text):
    """(name, value) for each line of a mosquitto.conf, in order."""
    lines = (line.strip() for line in text.splitlines())
    return [tuple((line.split(None, 1) + [""])[:2]) for line in lines if line and not line.startswith("#")]


def listeners(text):
    """(port, address) of each listener; the address is empty for all."""
    return [((value.split() + [""])[0], (value.split() + [""])[1]) for name, value in directives(text) if name == "listener"]


def acl_sections(text):
    """user -> [(access, topic filter)] of an access list."""
    sections, user = {}, None
    for name, value in directives(text):
        if name == "user":
            user = value
            sections.setdefault(user, [])
        elif name == "topic":
            words = value.split(None, 1)
            access, topic = words if words[0] in ("read", "write", "readwrite", "deny") else ("readwrite", value)
            sections.setdefault(user, []).append((access, topic))
        elif name == "pattern":
            sections.setdefault("pattern", []).append(("readwrite", value))
    return sections


def matches(topic_filter, topic):
    """Whether an MQTT topic filter holds a topic."""
    wanted, parts = topic_filter.split("/"), topic.split("/")
    for number, word in enumerate(wanted):
        if word == "#":
            return True
        if number >= len(parts) or word not in ("+", parts[number]):
            return False
    return len(wanted) == len(parts)


def _single_user():
    """Whether this namespace knows only one user: Mosquitto cannot become its own user then."""
    return pathlib.Path("/proc/self/uid_map").read_text().split()[2] == "1"


def provide(text, authority, acl):
    """Puts everything that a mosquitto.conf names where it names it."""
    found, bridge = dict(directives(text)), None
    addresses = [address for _, address in listeners(text) if address]
    for name, value in directives(text):
        if name in FILES:
            lab.private(str(pathlib.Path(value).parent))
        if name in ("cafile", "bridge_cafile"):
            pki.place(value, authority.cert.read_bytes())
        elif name == "acl_file":
            pki.place(value, acl.encode())
        elif name == "password_file":
            pki.place(value, b"")
        elif name == "certfile":
            authority.install(pathlib.Path(value).stem, value, found["keyfile"], addresses)
        elif name == "connection":
            bridge = value
        elif name == "bridge_certfile":
            authority.install(bridge or "bridge", value, found["bridge_keyfile"])
        elif name == "persistence_location":
            folder = pathlib.Path(lab.private(value))
            if not _single_user():
                shutil.chown(folder, "mosquitto")


class Broker:
    """One running Mosquitto."""

    def __init__(self, text, authority, acl="", host=None):
        provide(text, authority, acl)
        self.folder = tempfile.mkdtemp()
        conf = pathlib.Path(self.folder, "mosquitto.conf")
        conf.write_text(("user root\n" if _single_user() else "") + text)
        pathlib.Path(self.folder).chmod(0o755)
        self.log_path = pathlib.Path(self.folder, "log")
        self.log_file = self.log_path.open("w")
        argv = [shutil.which("mosquitto"), "-c", str(conf)]
        self.process = subprocess.Popen(host.argv(argv) if host else argv, stdout=self.log_file, stderr=subprocess.STDOUT)
        self.host, self.endpoints = host, listeners(text)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait(self, seconds=15):
        """Whether every listener answers."""
        up = lambda: all(self._answers(port, address) for port, address in self.endpoints)
        return wait_until(lambda: self.process.poll() is not None or up(), seconds) and self.process.poll() is None

    def _answers(self, port, address):
        def connect():
            try:
                socket.create_connection((address or "127.0.0.1", int(port)), 1).close()
                return True
            except OSError:
                return False

        if not self.host:
            return connect()
        with lab.inside(self.host):
            return connect()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.log_file.close()
        lab.cleanup(self.folder)


class Client:
    """Who speaks to a broker: an authority for trust, a certificate for the name (none without a name)."""

    def __init__(self, authority, name, address, port=8883, issuer=None, host=None):
        self.host = host
        self.common = ["-h", address, "-p", str(port), "--cafile", str(authority.cert)]
        if name:
            cert, key = (issuer or authority).issue(name)
            self.common += ["--cert", str(cert), "--key", str(key)]

    def _start(self, argv, **more):
        return subprocess.Popen(self.host.argv(argv) if self.host else argv, **more)

    def publish(self, topic, message):
        argv = ["mosquitto_pub", *self.common, "-q", "1", "-t", topic, "-m", message]
        return self._start(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def subscribe(self, topic="#"):
        return Subscription(self, topic)


class Subscription:
    """Collects messages until it is read."""

    def __init__(self, client, topic):
        self.file = tempfile.TemporaryFile("w+", errors="replace")
        argv = ["stdbuf", "-oL", "mosquitto_sub", "-d", *client.common, "-q", "1", "-t", topic, "-F", "message %t %p"]
        self.process = client._start(argv, stdout=self.file, stderr=subprocess.STDOUT)

    def _lines(self):
        self.file.seek(0)
        return self.file.read().splitlines()

    def ready(self, seconds=20):
        """Waits until the broker has answered the subscription, with yes or no."""
        answered = lambda: self.process.poll() is not None or any("SUBACK" in line for line in self._lines())
        return wait_until(answered, seconds)

    def received(self):
        """[(topic, message)] so far."""
        pairs = (line.split(" ", 2) for line in self._lines() if line.startswith("message "))
        return [(topic, message) for _, topic, message in pairs]

    def stop(self):
        self.process.kill()
        self.process.wait()


def wait_until(done, seconds):
    """Whether `done()` came true in that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(0.1)
    return False


RELAY = """
per_listener_settings false
listener 8883 {address}
cafile /etc/mosquitto-lab/ca.crt
certfile /etc/mosquitto-lab/relay.crt
keyfile /etc/mosquitto-lab/relay.key
require_certificate true
use_identity_as_username true
log_dest stderr
"""


def bridges(text):
    """(address, port) of each bridge's far end."""
    found = []
    for name, value in directives(text):
        if name in ("address", "addresses"):
            for one in value.split():
                host, _, port = one.rpartition(":") if re.search(r":\d+$", one) else (one, "", "1883")
                found.append((host.strip("[]"), port))
    return found
