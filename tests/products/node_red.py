"""Starts a real Node-RED on a rendered flows.json and reads its log.

As a program: every flows.json below a folder loads, with no unknown node and no error but that the plant
is not there. `Runtime` is also what the end-to-end test runs.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import lab
import pki
import rendered

NPM = pathlib.Path(__file__).resolve().parents[2] / ".cache/npm/node_modules"
# Nodes that speak to the plant: where it is not there they say so, and that is no fault of the flows.
PLANT_NODE = re.compile(r"\[error\] \[(OpcUa-Client|modbus-\w+|mqtt[ \w-]*):")
BAD = re.compile(r"\[(error|fatal)\]|Uncaught|TypeError|ReferenceError|SyntaxError")
SETTINGS = """
module.exports = {
    flowFile: "flows.json", credentialSecret: false, httpAdminRoot: false, httpNodeRoot: false,
    uiPort: 1880, uiHost: "127.0.0.1", externalModules: { autoInstall: false, palette: { allowInstall: false } },
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: "info", metrics: false, audit: false } }
};
"""


# Where the product's own container image has the user folder. Here it lies elsewhere: the one thing that is
# rewritten in the flows under test.
USER_FOLDER = "/data/"
FILE_KEYS = {"ca": "ca", "cert": "cert", "key": "key", "localfile": "cert", "localkeyfile": "key"}


class Runtime:
    """One Node-RED with the given flows in a folder of its own, and with the certificates that they name."""

    def __init__(self, flows, authority, host=None, environment=None):
        self.folder = tempfile.TemporaryDirectory()
        user = pathlib.Path(self.folder.name)
        text = pathlib.Path(flows).read_text().replace(f'"{USER_FOLDER}', f'"{user}/')
        (user / "flows.json").write_text(text)
        install_certificates(json.loads(text), authority)
        (user / "settings.js").write_text(SETTINGS)
        (user / "node_modules").symlink_to(NPM)
        self.log_path = user / "log"
        command = [str(NPM / ".bin/node"), str(NPM / "node-red/red.js"), "--userDir", str(user), "--settings", str(user / "settings.js")]
        self.log_file = self.log_path.open("w")
        # HOME: the OPC UA library keeps its own certificates there.
        variables = {"PATH": f"{NPM / '.bin'}:/usr/bin:/bin:/usr/sbin", "HOME": str(user), "TMPDIR": str(user), "NODE_ENV": "production"} | (environment or {})
        argv = host.argv(command) if host else command
        self.process = subprocess.Popen(argv, stdout=self.log_file, stderr=subprocess.STDOUT, env=variables, cwd=user)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait_for(self, texts, seconds):
        """Whether the log says one of `texts` within that time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            if re.search(texts, self.log()):
                return True
            time.sleep(0.1)
        return False

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log_file.close()
        self.folder.cleanup()


def install_certificates(nodes, authority):
    """Puts a certificate of the lab wherever a node names one; its name is the file's."""
    for node in nodes:
        for key, kind in FILE_KEYS.items():
            path = node.get(key)
            if isinstance(path, str) and path.startswith("/"):
                cert, private_key = authority.issue(pathlib.Path(path).stem, key_kind=pki.RSA)
                source = {"ca": authority.cert, "cert": cert, "key": private_key}[kind]
                if not path.startswith(tempfile.gettempdir()):
                    lab.private(str(pathlib.Path(path).parent))
                pki.place(path, source.read_bytes())


def structure_faults(flows):
    """What the runtime tolerates silently: wires and configuration nodes that do not exist, ids twice."""
    ids = [node["id"] for node in flows]
    if len(set(ids)) < len(ids):
        yield "a node id occurs twice"
    known = set(ids)
    for node in flows:
        for target in (target for port in node.get("wires", []) for target in port):
            if target not in known:
                yield f"{node['type']} {node.get('name')!r} is wired to {target}, which does not exist"
        for key in ("z", "broker", "tls", "endpoint", "server"):
            value = node.get(key)
            if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{16}", value) and value not in known:
                yield f"{node['type']} {node.get('name')!r} uses {key} {value}, which does not exist"


def log_faults(log, plant_is_there):
    """Lines of the log that should not be there."""
    for line in log.splitlines():
        if BAD.search(line) and (plant_is_there or not PLANT_NODE.search(line)):
            yield line


def faults(path):
    found = list(structure_faults(json.loads(path.read_text())))
    runtime = Runtime(path, pki.Authority())
    try:
        started = runtime.wait_for("Started flows|Waiting for missing types", 90)
        time.sleep(3)
        log = runtime.log()
    finally:
        runtime.stop()
    if not started:
        return found + ["does not start:\n" + log]
    if "Waiting for missing types" in log:
        found.append("has unknown nodes:\n" + log)
    return found + list(log_faults(log, plant_is_there=False))


def main(out):
    lab.enter()
    paths = rendered.files(out, "flows.json")
    problems = [f"{path}: {fault}" for path in paths for fault in faults(path)]
    rendered.finish("Node-RED flows", len(paths), problems)


if __name__ == "__main__":
    main(sys.argv[1])
