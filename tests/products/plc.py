"""Simulated controllers of one line: OPC UA servers and Modbus servers that tell what they were told to.

Reads a JSON list of machines from standard input, one per controller, and serves until it is killed:
`{"ip", "protocol": "opcua", "nsu", "security", "nodes": {identifier: value}}` or
`{"ip", "protocol": "modbus", "registers": {address: value}}`, register 40001 being address 0.
"""

import asyncio
import json
import logging
import pathlib
import subprocess
import sys
import tempfile

from asyncua import Server, ua
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncTcpServer


def certificate(uri, ip):
    """A controller's own RSA certificate, as OPC UA wants it: with its application uri."""
    folder = pathlib.Path(tempfile.mkdtemp())
    cert, key = folder / "plc.pem", folder / "key.pem"
    subject = ["-subj", "/CN=plc", "-addext", f"subjectAltName=URI:{uri},IP:{ip}"]
    usage = ["-addext", "keyUsage=digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *usage,
                    "-addext", "extendedKeyUsage=serverAuth,clientAuth", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


async def serve_opcua(machine):
    server = Server()
    await server.init()
    uri = f"urn:simulated:{machine['ip']}"
    await server.set_application_uri(uri)
    server.set_endpoint(f"opc.tcp://{machine['ip']}:4840")
    mode, _, policy = machine["security"].partition("/")
    kind = "NoSecurity" if mode == "None" else f"{policy}_{mode}"
    server.set_security_policy([ua.SecurityPolicyType[kind]])
    if mode != "None":
        cert, key = certificate(uri, machine["ip"])
        await server.load_certificate(str(cert))
        await server.load_private_key(str(key))
    # Another vendor's namespaces come first: who counts on an index instead of the uri reads nothing.
    for number in range(3):
        await server.register_namespace(f"urn:some:other:vendor:{number}")
    index = await server.register_namespace(machine["nsu"])
    folder = await server.nodes.objects.add_folder(index, "PackML")
    for identifier, value in machine["nodes"].items():
        await folder.add_variable(ua.NodeId(identifier, index), identifier, value, ua.VariantType.Int32)
    await server.start()


async def serve_modbus(machine):
    values = [0] * 200
    for address, value in machine["registers"].items():
        values[int(address)] = value
    # The data store counts from 1 what the protocol counts from 0.
    holding = ModbusSequentialDataBlock(1, values)
    context = ModbusServerContext(slaves=ModbusSlaveContext(hr=holding, ir=holding), single=True)
    await StartAsyncTcpServer(context, address=(machine["ip"], 502))


async def main():
    logging.basicConfig(level=logging.WARNING)
    machines = json.load(sys.stdin)
    servers = [serve_opcua(one) if one["protocol"] == "opcua" else serve_modbus(one) for one in machines]
    await asyncio.gather(*servers)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
