"""Every rendered ruleset loads in the kernel, twice with the same result, and leaves other tables alone."""

import os
import subprocess
import sys

import rendered

NEIGHBOUR = "table ip somebody_else { chain forward { type filter hook forward priority 10; policy accept; }; }"
SCRIPT = """
set -e
nft "$1"
nft list table ip somebody_else > /dev/null; before=$(nft list table ip somebody_else)
nft -f - <&3; first=$(nft list ruleset)
nft -f - <&4; second=$(nft list ruleset)
[ "$before" = "$(nft list table ip somebody_else)" ] || { echo "touches another table"; exit 1; }
[ "$first" = "$second" ] || { echo "a second load changes the ruleset"; exit 1; }
[ "$(nft list tables | wc -l)" = 2 ] || { echo "owns more than one table, or none"; exit 1; }
echo "$first" | grep -q 'hook forward.*policy drop' || { echo "no default deny"; exit 1; }
"""


def load(path, as_nobody):
    """Loads a ruleset in a network namespace of its own; says what is wrong."""
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if as_nobody else []
    # The files are handed over open: nobody may not be able to reach them by name.
    with open(path, "rb") as first, open(path, "rb") as second:
        os.dup2(first.fileno(), 103)
        os.dup2(second.fileno(), 104)
        argv = [*drop, "unshare", "-Urn", "bash", "-c", 'exec 3<&103 4<&104;' + SCRIPT, "load", NEIGHBOUR]
        done = subprocess.run(argv, capture_output=True, text=True, pass_fds=(103, 104), cwd="/")
    return (done.stdout + done.stderr).strip() if done.returncode else None


def main(out):
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    rulesets, problems = rendered.files(out, ".nft"), []
    for path in rulesets:
        for as_nobody in [False, True] if os.geteuid() == 0 else [False]:
            fault = load(path, as_nobody)
            if fault:
                problems.append(f"{path}{' (as nobody)' if as_nobody else ''}: {fault}")
    rendered.finish("rulesets", len(rulesets), problems)


if __name__ == "__main__":
    main(sys.argv[1])
