"""Sends every packet of a grid and tells which got through: real connections, real answers."""

import collections
import resource
import select
import socket
import time

import lab

Try = collections.namedtuple("Try", "proto source target port")
BATCH = 3000
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Listeners:
    """On every host a socket per protocol, family and port: TCP accepts, UDP answers."""

    def __init__(self, hosts, ports):
        _raise_limit()
        self.poll = select.epoll()
        self.sockets = {}
        for host in hosts:
            with lab.inside(host):
                for proto, port in ports:
                    for anywhere in ("0.0.0.0", "::"):
                        self._listen(proto, anywhere, port)

    def _listen(self, proto, anywhere, port):
        sock = socket.socket(family(anywhere), KINDS[proto])
        if ":" in anywhere:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if proto == "udp":
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        elif proto == "udp":
            sock.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO: answer from the address that was asked
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind((anywhere, port))
        if proto == "tcp":
            sock.listen(4096)
        self.sockets[sock.fileno()] = (proto, sock)
        self.poll.register(sock.fileno(), select.EPOLLIN)

    def serve(self):
        for fd, _ in self.poll.poll(0, 4096):
            proto, sock = self.sockets[fd]
            try:
                while True:
                    if proto == "tcp":
                        sock.accept()[0].close()
                    else:
                        self._echo(sock)
            except BlockingIOError:
                pass

    @staticmethod
    def _echo(sock):
        data, ancillary, _, peer = sock.recvmsg(64, 256)
        back = []
        for level, kind, blob in ancillary:
            if level == socket.IPPROTO_IP:
                # in_pktinfo: answer from the local address, through whichever interface routing picks
                blob = b"\0\0\0\0" + blob[4:8] + b"\0\0\0\0"
            else:
                blob = blob[:16] + b"\0\0\0\0"
            back.append((level, kind, blob))
        sock.sendmsg([data], back, 0, peer)


def _raise_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def passed(tries, owner, listeners, expected=frozenset()):
    """Those of `tries` that got through. Waits for the expected ones, then a moment for the others."""
    through = set()
    tries = list(tries)
    for start in range(0, len(tries), BATCH):
        through |= _batch(tries[start : start + BATCH], owner, listeners, expected)
    return through


def _batch(tries, owner, listeners, expected):
    poll, open_sockets = select.epoll(), {}
    by_host = collections.defaultdict(list)
    for one in tries:
        by_host[owner[one.source]].append(one)
    for host, ones in by_host.items():
        with lab.inside(host):
            for one in ones:
                sock = _send(one)
                open_sockets[sock.fileno()] = (one, sock)
                poll.register(sock.fileno(), select.EPOLLIN if one.proto == "udp" else select.EPOLLOUT)
        listeners.serve()
    through, waiting = set(), {one for one in tries if one in expected}
    deadline, quiet_since = time.monotonic() + 8, time.monotonic()
    while time.monotonic() < deadline:
        listeners.serve()
        for fd, _ in poll.poll(0.02, 4096):
            one, sock = open_sockets[fd]
            poll.unregister(fd)
            if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                through.add(one)
                waiting.discard(one)
            quiet_since = time.monotonic()
        if not waiting and time.monotonic() - quiet_since > 0.6:
            break
    for _, sock in open_sockets.values():
        sock.close()
    return through


def _send(one):
    sock = socket.socket(family(one.source), KINDS[one.proto])
    sock.setblocking(False)
    if one.proto == "tcp":
        # A reset at close: thousands of connections leave nothing behind.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.bind((one.source, 0))
    try:
        sock.connect((one.target, one.port))
        if one.proto == "udp":
            sock.send(b"?")
    except BlockingIOError:
        pass
    return sock
