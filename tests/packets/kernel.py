"""The kernel as oracle: loads a ruleset in a firewall between two hosts and says which packets it lets through.

Usage: kernel.py JOB. A job is a JSON file: `rules` (path of an nft file), `in` and `out` (names of the firewall's
interfaces), `packets`: [family, source, destination, protocol, destination port or type, source port or code].
Answers in JSON: `passed`, one 0 or 1 per packet, and `replies`: for packets that passed and can be answered, their
number and whether the answer passed. `refused` says why nft did not take the rules.
"""

import ipaddress
import json
import pathlib
import socket
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "products"))
import lab  # noqa: E402

ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
NEAR, FAR = "02:00:00:00:00:01", "02:00:00:00:00:04"
WALL_NEAR, WALL_FAR = "02:00:00:00:00:02", "02:00:00:00:00:03"
MAGIC = b"jigp"


def build(job):
    """Two hosts and a firewall that routes whatever comes in at one side out at the other."""
    near, far = lab.Host("near"), lab.Host("far")
    wall = lab.Host("wall", forwards=True)
    for host, device, mac, up, up_mac, number in (
        (near, "n", NEAR, job["in"], WALL_NEAR, 1),
        (far, "f", FAR, job["out"], WALL_FAR, 2),
    ):
        lab.sh(f"ip link add {device}x netns {host.name} address {mac} type veth peer name {up} netns wall address {up_mac}")
        host._sysctl("net/ipv6/conf/all/disable_ipv6", 1)
        host._sysctl("net/ipv4/conf/all/arp_ignore", 8)
        host.sh(f"ip link set {device}x up")
        wall.sh(f"ip address add 169.254.{number}.1/30 dev {up}")
        wall.sh(f"ip address add fe80::{number}:1/64 dev {up} nodad")
        wall.sh(f"ip link set {up} up")
        wall.sh(f"ip neighbour add 169.254.{number}.2 lladdr {mac} dev {up}")
        wall.sh(f"ip neighbour add fe80::{number}:2 lladdr {mac} dev {up}")
        wall._sysctl(f"net/ipv4/conf/{up}/rp_filter", 0)
        # Answers of the firewall itself are not what is asked for.
    wall._sysctl("net/ipv4/conf/all/rp_filter", 0)
    wall._sysctl("net/ipv4/icmp_ratelimit", 0)
    for flag, gateway in (("-4", "169.254.{}.2"), ("-6", "fe80::{}:2")):
        for table, up, out, number in ((101, job["in"], job["out"], 2), (102, job["out"], job["in"], 1)):
            wall.sh(f"ip {flag} route add default via {gateway.format(number)} dev {out} table {table}")
            wall.sh(f"ip {flag} rule add pref {table} iif {up} table {table}")
    return near, far, wall


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(packet, number, to, source, answers):
    """An Ethernet frame that carries its number."""
    family, src, dst, protocol, dport, sport = packet
    mark = MAGIC + struct.pack("!I", number)
    size = 16 if family else 4
    src, dst = src.to_bytes(size, "big"), dst.to_bytes(size, "big")
    pseudo = lambda length: src + dst + struct.pack("!IHBB", length, 0, 0, protocol)
    if protocol == 6:
        flags, ack = (0x12, 2) if answers else (0x02, 0)
        head = lambda check: struct.pack("!HHIIBBHHH", sport, dport, 9 if answers else 1, ack, 0x50, flags, 8192, check, 0)
    elif protocol == 17:
        head = lambda check: struct.pack("!HHHH", sport, dport, 8 + len(mark), check)
    elif protocol in (1, 58):
        head = lambda check: struct.pack("!BBHHH", dport, sport, check, number & 0xFFFF, 1)
    else:
        # GRE has a header that connection tracking reads (RFC 2784).
        head = lambda check: b"\0\0\x08\0" if protocol == 47 else b""
    body = head(0) + mark
    if protocol in (6, 17, 58):
        body = head(checksum(pseudo(len(body)) + body) or 0xFFFF) + mark
    elif protocol == 1:
        body = head(checksum(body)) + mark
    if family:
        network = struct.pack("!IHBB", 0x60000000, len(body), protocol, 64) + src + dst
    else:
        network = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), number & 0xFFFF, 0x4000, 64, protocol, 0) + src + dst
        network = network[:10] + struct.pack("!H", checksum(network)) + network[12:]
    mac = lambda text: bytes.fromhex(text.replace(":", ""))
    return mac(to) + mac(source) + (b"\x86\xdd" if family else b"\x08\x00") + network + body


def raw(host, device):
    with lab.inside(host):
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    opened.bind((device, ETH_P_ALL))
    opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    return opened


def through(frames, send, receive, count):
    """Which of the frames come out at the other side."""
    passed = bytearray(count)

    def drain(wait):
        receive.settimeout(wait)
        while True:
            try:
                data = receive.recv(256, 0 if wait else socket.MSG_DONTWAIT)
            except (BlockingIOError, TimeoutError):
                return
            at = data.rfind(MAGIC)
            # An error message quotes the packet that it is about; it is not that packet.
            if at >= 0 and data[:6] == receive.getsockname()[4]:
                passed[struct.unpack("!I", data[at + 4 : at + 8])[0]] = 1

    for at, (_, data) in enumerate(frames):
        send.send(data)
        if at % 128 == 127:
            drain(0)
    drain(0.3)
    return passed


def main():
    job = json.load(open(sys.argv[1], encoding="utf-8"))
    lab.enter()
    near, far, wall = build(job)
    loaded = subprocess.run(wall.argv(["nft", "-f", job["rules"]]), capture_output=True, text=True)
    if loaded.returncode:
        print(json.dumps({"refused": loaded.stderr.strip()[:300]}))
        return
    here, there = raw(near, "nx"), raw(far, "fx")
    packets = [[int(value) for value in packet] for packet in job["packets"]]
    frames = [(number, frame(packet, number, WALL_NEAR, NEAR, False)) for number, packet in enumerate(packets)]
    passed = through(frames, here, there, len(packets))
    answered = []
    for number, (family, src, dst, protocol, dport, sport) in enumerate(packets):
        if passed[number] and protocol in (6, 17):
            answered.append((number, frame((family, dst, src, protocol, sport, dport), number, WALL_FAR, FAR, True)))
    back = through(answered, there, here, len(packets))
    print(json.dumps({"passed": list(passed), "replies": [[number, back[number]] for number, _ in answered]}))


if __name__ == "__main__":
    main()
