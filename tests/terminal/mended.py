"""A wrong address is refused at its prompt, a later refusal proposes the old answers, Ctrl-C and Ctrl-D write nothing.

Arguments: the program, the fleet."""
import os
import sys

import pexpect

program, fleet = sys.argv[1:]


def start(line):
    return pexpect.spawn(
        program, ["-C", fleet, "new", "line", f"plant1/{line}", "--blueprint", "packaging-line"],
        encoding="utf-8", timeout=30, dimensions=(50, 160),
    )


session = start("pk3")
for question, answer in [
    (r"area \[packaging\]", ""),
    (r"cell_subnet.*\[10\.20\.102\.0/24\]", "10.20.104.0/24"),
    (r"safety_subnet.*\[", "10.20.105.0/28"),
    (r"gateway: ", "plant1-edge-01"),  # pk1 has it: refused at the end
    (r"gateway_ip.*\[10\.20\.30\.12\]", "10.20.99.1"),
    (r"gateway_ip: 10\.20\.99\.1 is not in 10\.20\.30\.0/24", ""),
    (r"units\[0\]\.id", "filler"),
    (r"units\[0\]\.type", ""),
    (r"units\[0\]\.ip \[10\.20\.104\.11\]", "10.20.100.77"),
    (r"ip: 10\.20\.100\.77 is not in 10\.20\.104\.0/24", "nothing"),
    (r"ip: `nothing` is not an IPv4 address", ""),
    (r"units\[1\]\.id", ""),
    (r"count_source", ""),
    (r"plant1-edge-01 is already given", None),
    (r"gateway: .*\[plant1-edge-01\]", "plant1-edge-03"),
    (r"0 decisions needed", None),
]:
    session.expect(question)
    if answer is not None:
        session.sendline(answer)
session.expect(pexpect.EOF)
session.close()
assert session.exitstatus == 0, session.exitstatus

for key in ["\x03", "\x04"]:
    session = start("pk4")
    session.expect(r"area \[packaging\]")
    session.sendline("")
    session.expect("cell_subnet")
    session.send(key)
    session.expect("nothing was written")
    session.expect(pexpect.EOF)
    session.close()
    assert session.exitstatus == 2, (key, session.exitstatus, session.signalstatus)
assert not os.path.exists(f"{fleet}/sites/plant1/lines/pk4.yaml")
