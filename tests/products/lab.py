"""A plant in network namespaces: hosts, firewalls between them, and an /etc of its own.

Everything lives in namespaces that die with the process: nothing on the machine changes, no root is
needed where unprivileged user namespaces are allowed.
"""

import ctypes
import ipaddress
import os
import shutil
import subprocess
import sys
import tempfile

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
os.environ["PATH"] += ":/usr/sbin:/sbin"


def enter():
    """Starts this program again in its own network, mount and process namespaces."""
    if os.environ.get("JIG_LAB") == "1":
        sh("mount -t tmpfs lab /run")
        sh("ip link set lo up")
        # Whatever the lab makes goes away with it.
        tempfile.tempdir = "/run"
        return
    flags = ["-nmpf"] if os.geteuid() == 0 else ["-Urnmpf"]
    command = ["unshare", *flags, "--kill-child", sys.executable, *sys.argv]
    os.execvpe("unshare", command, {**os.environ, "JIG_LAB": "1"})


def sh(command, **more):
    """Runs a command line; its output is part of the error where it fails."""
    done = subprocess.run(command.split(), capture_output=True, text=True, **more)
    if done.returncode:
        sys.exit(f"`{command}` failed: {done.stdout}{done.stderr}")
    return done.stdout


_private = set()


def private(folder):
    """Makes `folder` writable without touching the real one; it need not exist yet."""
    top = "/" + folder.strip("/").split("/")[0]
    if top not in _private:
        # An overlay cannot lie on another overlay, as containers have: its own part lies on the tmpfs of /run.
        upper, work = tempfile.mkdtemp(dir="/run"), tempfile.mkdtemp(dir="/run")
        sh(f"mount -t overlay lab -o lowerdir={top},upperdir={upper},workdir={work} {top}")
        os.chmod(top, 0o755)
        _private.add(top)
    os.makedirs(folder, exist_ok=True)
    if not os.access(folder, os.W_OK) and folder.rstrip("/") != top:
        sh(f"mount -t tmpfs lab {folder}")
    return folder


class Host:
    """One machine: a network namespace that carries addresses on its loopback."""

    def __init__(self, name, addresses=(), forwards=False):
        self.name = name
        self.addresses = list(addresses)
        sh(f"ip netns add {name}")
        self.path = f"/run/netns/{name}"
        self.sh("ip link set lo up")
        # The addresses are there at once and for good: no duplicate address detection.
        self._sysctl("net/ipv6/conf/default/accept_dad", 0)
        self._sysctl("net/ipv6/conf/all/forwarding", int(forwards))
        self._sysctl("net/ipv4/ip_forward", int(forwards))
        for address in addresses:
            self.add(address)

    def _sysctl(self, key, value):
        with inside(self):
            with open(f"/proc/sys/{key}", "w", encoding="ascii") as file:
                file.write(str(value))

    def add(self, address):
        nodad = " nodad" if ":" in address else ""
        self.sh(f"ip address add {address} dev lo{nodad}")

    def argv(self, argv):
        return ["nsenter", f"--net={self.path}", *argv]

    def sh(self, command, **more):
        return sh(" ".join(self.argv([command])), **more)

    def start(self, argv, **more):
        return subprocess.Popen(self.argv(argv), **more)


class inside:
    """`with inside(host):` makes this thread open its sockets in that host."""

    def __init__(self, host):
        self.host = host

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        fd = os.open(self.host.path, os.O_RDONLY)
        _setns(fd)
        os.close(fd)

    def __exit__(self, *_):
        _setns(self.home)
        os.close(self.home)


def _setns(fd):
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


_wires = 0


def wire(firewall, host, prefixes, interface):
    """Joins a zone's host to a firewall, which then routes the zone's prefixes there."""
    global _wires
    _wires += 1
    up, down = f"w{_wires}u", f"w{_wires}d"
    sh(f"ip link add {up} type veth peer name {down}")
    sh(f"ip link set {up} netns {firewall.name} name {interface}")
    sh(f"ip link set {down} netns {host.name}")
    fw4, host4 = f"169.254.{_wires}.1", f"169.254.{_wires}.2"
    fw6, host6 = f"fe80::{_wires:x}:1", f"fe80::{_wires:x}:2"
    firewall.sh(f"ip address add {fw4}/30 dev {interface}")
    firewall.sh(f"ip address add {fw6}/64 dev {interface} nodad")
    host.sh(f"ip address add {host4}/30 dev {down}")
    host.sh(f"ip address add {host6}/64 dev {down} nodad")
    firewall.sh(f"ip link set {interface} up")
    host.sh(f"ip link set {down} up")
    for prefix in prefixes:
        via = host6 if ":" in prefix else host4
        firewall.sh(f"ip route add {prefix} via {via} dev {interface}")
    return {"dev": down, "v4": fw4, "v6": fw6}


def route(host, prefix, port):
    """Sends what `host` has for `prefix` to the firewall behind `port` (see `wire`), from its first address."""
    six = ":" in prefix
    own = next((f" src {one}" for one in host.addresses if (":" in one) == six), "")
    host.sh(f"ip route replace {prefix} via {port['v6' if six else 'v4']} dev {port['dev']}{own}")


def stranger(prefix, taken):
    """The highest address of a prefix that no known asset has."""
    net = ipaddress.ip_network(prefix)
    last = int(net.broadcast_address)
    for number in range(last - 1, int(net.network_address) - 1, -1):
        address = str(type(net.network_address)(number))
        if address not in taken:
            return address
    return None


def cleanup(folder):
    shutil.rmtree(folder, ignore_errors=True)
