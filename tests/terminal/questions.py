"""Answers the questions of `jig new line` on a real terminal. Arguments: the program, the fleet."""
import sys

import pexpect

program, fleet = sys.argv[1:]
session = pexpect.spawn(
    program, ["-C", fleet, "new", "line", "plant1/pk2", "--blueprint", "packaging-line"],
    encoding="utf-8", timeout=30, dimensions=(50, 160),
)
answers = [
    (r"area \[packaging\]", ""),
    (r"cell_subnet.*\[10\.20\.102\.0/24\]", "10.20.104.7/24"),  # host bits: asked again
    (r"host bits zero", "\x1510.20.104.0/24"),
    (r"safety_subnet.*\[10\.20\.101\.16/28\]", "10.20.105.0/28"),
    (r"gateway: ", "plant1-edge-02"),
    (r"gateway_ip.*\[10\.20\.30\.12\]", ""),
    (r"units\[0\]\.id", "filler"),
    (r"units\[0\]\.type", ""),
    (r"units\[0\]\.ip \[10\.20\.104\.11\]", ""),
    (r"units\[1\]\.id", ""),
    (r"count_source", ""),
]
for question, answer in answers:
    session.expect(question)
    session.sendline(answer)
session.expect("0 decisions needed")
session.expect(pexpect.EOF)
session.close()
sys.exit(session.exitstatus)
