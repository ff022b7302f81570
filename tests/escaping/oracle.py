"""Reads back what jig wrote, with readers that know nothing of jig.

One JSON object per line comes in on stdin: the output, where to look in it, what must be found there. Each
output that does not read back is printed as a JSON object; the last lines say what was checked and what was not.
"""

import configparser
import csv
import functools
import html.parser
import io
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from xml.etree import ElementTree

try:
    import tomllib
except ImportError:
    tomllib = None
try:
    import yaml
except ImportError:
    yaml = None
try:
    import ruamel.yaml
except ImportError:
    ruamel = None
else:
    ruamel = ruamel.yaml
try:
    import markdown_it
except ImportError:
    markdown_it = None


def typed(value):
    """The form in which jig's tests write a value down."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"float": value}
    if isinstance(value, dict):
        return {"map": [[key, typed(item)] for key, item in value.items()]}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return {"unexpected": repr(value)}


def same(found, expected):
    if isinstance(expected, dict) and "float" in expected:
        return isinstance(found, dict) and found.get("float") == float(expected["float"])
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, dict) and "map" in expected:
        pairs = found.get("map") if isinstance(found, dict) else None
        return (
            pairs is not None
            and len(pairs) == len(expected["map"])
            and all(a[0] == b[0] and same(a[1], b[1]) for a, b in zip(pairs, expected["map"]))
        )
    return type(found) is type(expected) and found == expected


def in_tree(tree, read):
    """`/a/0` walks; `key` is the one key of a map, `key2` its second."""
    for word in re.split(r" (?=key)", read):
        if word.startswith("key"):
            return list(tree)[int(word[3:] or 1) - 1]
        for step in word.strip("/").split("/"):
            tree = tree[int(step)] if isinstance(tree, list) else tree[step]
    return tree


def xml_tree(element):
    tag = element.tag if isinstance(element.tag, str) else element.tag.__name__
    children = [xml_tree(child) for child in element]
    return [tag, sorted(map(list, element.attrib.items())), element.text or "", children, element.tail or ""]


def read_xml_tree(text):
    builder = ElementTree.TreeBuilder(insert_comments=True, insert_pis=True)
    return xml_tree(ElementTree.fromstring(text, ElementTree.XMLParser(target=builder)))


def read_ini_tree(text):
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string(text)
    return [[section, [list(item) for item in parser.items(section)]] for section in parser.sections()]


WHOLE = {
    "json": lambda text: json.loads(text, object_pairs_hook=lambda pairs: ["map", *map(list, pairs)]),
    "toml": lambda text: tomllib.loads(text),
    "xml": read_xml_tree,
    "ini": read_ini_tree,
    "csv": lambda text: list(csv.reader(io.StringIO(text, newline=""), strict=True)),
}


def read_whole(case):
    """What the file says must be what its template says with a word in the place of the value."""
    read = WHOLE[case["syntax"]]
    word = '"xq0qx"' if case["bare"] else "xq0qx"
    try:
        wanted = read(case["template"].replace("<0>", word))
    except Exception:
        # Not every surrounding fits every place.
        yield case["expect"]["text"]
        return
    wanted, found = placed(wanted, case["data"][0]), read(case["output"])
    yield case["expect"]["text"] if wanted == found else {"wanted": repr(wanted), "found": repr(found)}


def placed(tree, value):
    if isinstance(tree, str):
        return tree.replace("xq0qx", value)
    if isinstance(tree, dict):
        return {placed(key, value): placed(item, value) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [placed(item, value) for item in tree]
    return tree


def read_json(case):
    yield in_tree(json.loads(case["output"]), case["read"])


def read_toml(case):
    yield in_tree(tomllib.loads(case["output"]), case["read"])


@functools.lru_cache(maxsize=4)
def yaml_trees(text):
    """What each reader makes of it: YAML 1.1 in Python and in C, YAML 1.2."""
    trees = []
    if yaml:
        loaders = [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)]
        trees += [yaml.load(text, Loader=loader) for loader in loaders]
    if ruamel:
        trees.append(ruamel.YAML(typ="safe", pure=True).load(text))
    return trees


def read_yaml(case):
    for tree in yaml_trees(case["output"]):
        yield in_tree(tree, case["read"])


def read_xml(case):
    root = ElementTree.fromstring(case["output"])
    read = case["read"]
    if read == "text":
        yield root.text or ""
    elif read == "tag":
        yield root.tag
    elif read == "attribute":
        yield next(iter(root.attrib))
    else:
        yield root.attrib[read[1:]]


def read_ini(case):
    for options in (
        {},
        {"interpolation": None},
        {"interpolation": None, "inline_comment_prefixes": ("#", ";")},
    ):
        parser = configparser.ConfigParser(**options)
        parser.optionxform = str
        parser.read_string(case["output"])
        read = case["read"]
        if read == "section":
            yield parser.sections()[0]
        elif read == "key":
            yield parser.options("s")[0]
        else:
            yield parser.get(*read.split("/"))


def read_line(case):
    number, what = case["read"].split()
    lines = case["output"].splitlines()
    line = lines[int(number)].strip()
    if len(lines) != case["template"].count("\n"):
        yield "other lines than in the template"
    elif what == "rest":
        yield line.split(None, 1)[1]
    elif what in ("rest2", "rest3"):
        words = int(what[4:])
        yield line.split(None, words)[words]
    elif what.startswith("shell"):
        yield shlex.split(line)[int(what[5:])]
        if len(shlex.split(line)) != len(shlex.split(case["template"].splitlines()[int(number)])):
            yield "other words than in the template"
    else:
        yield line.split()[int(what[4:])]


def read_csv(case):
    row, cell = case["read"].split("/")
    rows = list(csv.reader(io.StringIO(case["output"], newline=""), strict=True))
    yield rows[int(row)][int(cell)]
    if len(rows) != case["template"].count("\n"):
        yield "other rows than in the template"


def read_markdown(case):
    reader = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    reader.normalizeLink = reader.normalizeLinkText = lambda link: link
    reader.validateLink = lambda link: True
    if case["read"] == "tree":
        wanted, found = marked_tree(reader, case), markdown_tree(reader, case["output"])
        if "" in case["data"]:
            wanted, found = without_nothing(wanted), without_nothing(found)
        yield case["expect"]["text"] if wanted == found else {"wanted": wanted, "tree": found}
        return
    tokens = reader.parse(case["output"])
    inline = [token for token in tokens if token.type == "inline"]
    read = case["read"]
    if read in ("fence", "code_block"):
        yield next(token.content for token in tokens if token.type == read)
    elif read == "code":
        yield next(child.content for child in inline[0].children if child.type == "code_inline")
    elif read == "href":
        yield next(child.attrs["href"] for child in inline[0].children if child.type == "link_open")
    elif read == "text":
        if "" in case["data"]:
            # Nothing, between blanks: readers drop the blanks too.
            yield case["expect"]["text"]
        elif len(inline) != 1 + case["template"].count("\n- "):
            yield "other blocks than in the template"
        else:
            yield text_of(inline[0])
    else:
        yield text_of(inline[2 + int(read.split()[1])])


def marked_tree(reader, case):
    """What the template says with words in its slots, the words then replaced by the values."""
    words = ["xq0qx", "xq1qx"]
    template = re.sub(r"<([01])>", lambda match: words[int(match[1])], case["template"])
    values = dict(zip(words, case["texts"]))
    return replaced(markdown_tree(reader, template), values)


def without_nothing(tree):
    """Blanks at edges, empty titles and empty paragraphs are the same with and without an empty value."""
    kept = []
    for item in tree:
        if item[0] == "text":
            item = ["text", re.sub(r"[ \t]*\n[ \t]*", "\n", item[1]).strip()]
        elif item[0] not in ("tag", "end") and isinstance(item[-1], list):
            item = [*item[:-1], [pair for pair in item[-1] if pair[1] != ""]]
        if kept and kept[-1][0] == "paragraph_open" and item[0] == "paragraph_close":
            kept.pop()
        elif item != ["text", ""]:
            kept.append(item)
    return kept


def replaced(tree, values):
    if isinstance(tree, str):
        return re.sub("xq[01]qx", lambda match: values[match[0]] or "", tree)
    if isinstance(tree, (list, tuple)):
        return [replaced(item, values) for item in tree]
    return tree


def markdown_tree(reader, text):
    """Everything that the reader finds, and what a reader of HTML finds in that."""
    tree = []
    events = HtmlEvents(tree)

    def walk(tokens):
        for token in tokens:
            if token.type in ("html_block", "html_inline"):
                events.feed(token.content)
            elif token.type == "inline":
                walk(token.children)
            elif token.type in ("text", "text_special"):
                events.text(token.content)
            elif token.type in ("softbreak", "hardbreak"):
                events.text("\n")
            else:
                attrs = sorted([name, str(value)] for name, value in token.attrs.items())
                tree.append([token.type, token.tag, token.info if token.type == "fence" else "", token.content, attrs])

    walk(reader.parse(text))
    return tree


class HtmlEvents(html.parser.HTMLParser):
    def __init__(self, tree):
        super().__init__(convert_charrefs=False)
        self.tree = tree

    def text(self, text):
        if self.tree and self.tree[-1][0] == "text":
            self.tree[-1][1] += text
        elif text:
            self.tree.append(["text", text])

    def handle_starttag(self, tag, attrs):
        self.tree.append(["tag", tag, [[name, value or ""] for name, value in attrs]])

    def handle_endtag(self, tag):
        self.tree.append(["end", tag])

    def handle_data(self, data):
        self.text(data)

    def handle_entityref(self, name):
        self.text(html.unescape(f"&{name};"))

    def handle_charref(self, name):
        self.text(html.unescape(f"&#{name};"))

    def handle_comment(self, data):
        self.tree.append(["comment", data])

    def handle_decl(self, decl):
        self.tree.append(["declaration", decl])

    def handle_pi(self, data):
        self.tree.append(["instruction", data])

    def unknown_decl(self, data):
        self.tree.append(["declaration", data])


def text_of(token):
    text = ""
    for child in token.children:
        text += "\n" if child.type in ("softbreak", "hardbreak") else child.content
    return text


def nft(*words, stdin=None):
    return subprocess.run(["nft", *words], input=stdin, capture_output=True, text=True, check=True).stdout


def nft_listed(text):
    nft("-f", "-", stdin="flush ruleset\n" + text)
    return json.loads(nft("-j", "list", "ruleset"))["nftables"], nft("list", "ruleset")


def nft_batch(cases):
    """Loads many cases at once, each as a table of another name: a process for each would take a minute."""
    renamed = [case for case in cases if case["template"].count("table inet t {") == 1]
    batches = [renamed[at : at + 50] for at in range(0, len(renamed), 50)]
    for batch in batches:
        text = ""
        for number, case in enumerate(batch):
            text += re.sub(r"^table inet t \{", f"table inet t{number} {{", case["output"], flags=re.M)
        try:
            listed, plain = nft_listed(text)
        except subprocess.CalledProcessError:
            continue
        tables = plain.split("table inet ")[1:]
        for number, case in enumerate(batch):
            name = f"t{number}"
            own = [i for i in listed if any(o.get("table", o.get("name")) == name for o in i.values())]
            case["listed"] = own, next(t for t in tables if t.startswith(name + " "))


def read_nft(case):
    listed, plain = case.pop("listed", None) or nft_listed(case["output"])
    objects = {kind: [item[kind] for item in listed if kind in item] for kind in ("table", "chain", "rule", "set", "map", "counter")}
    for kind in ("table", "chain", "rule"):
        wanted = len(re.findall({"table": r"^table", "chain": r"^(?: |add )chain", "rule": r"^  (?!elements)(?:\w.* )?(?:accept|jump|log|vmap|comment|dnat|redirect)\b"}[kind], case["template"], re.M))
        if len(objects[kind]) != wanted:
            yield f"{len(objects[kind])} objects of {kind}, not {wanted}"
    read = case["read"]
    rule = objects["rule"][-1] if objects["rule"] else None
    if read == "comment":
        yield rule.get("comment", "")
    elif read == "table comment":
        yield re.search(r'^\tcomment "(.*)"$', plain, re.M).group(1)
    elif read in ("table", "chain", "set", "counter"):
        yield objects[read][0]["name"]
    elif read == "jump":
        yield rule["expr"][0]["jump"]["target"]
    elif read == "prefix":
        yield rule["expr"][0]["log"]["prefix"]
    elif read == "prio":
        yield same_number(objects["chain"][0]["prio"], case)
    elif read == "timeout":
        yield f"{objects['set'][0]['elem'][0]['elem']['timeout']}s"
    elif read.startswith("map "):
        yield nft_text(objects["map"][0]["elem"][0][int(read[4:])])
    elif read in NFT_EXPRESSIONS:
        found = rule["expr"][-2 if read in ("mark", "burst", "rate") else -1]
        yield same_number(NFT_EXPRESSIONS[read](found), case)
    elif read == "element":
        yield elements(objects["set"][0]["elem"], case)
    else:
        right = rule["expr"][0]["match"]["right"]
        if read == "mask":
            yield nft_text(rule["expr"][0]["match"]["left"]["&"][1])
        elif read == "number":
            yield same_number(right, case)
        elif read == "protocol":
            text = case["expect"]["text"]
            yield text if text.isdigit() and same_protocol(right, int(text)) else nft_text(right)
        elif read.startswith("concat "):
            yield nft_text(right["set"][0]["concat"][int(read[7:])])
        elif read == "match":
            yield nft_text(right)
        else:
            yield elements(right["set"] if isinstance(right, dict) else [right], case)


def vmap_part(index):
    def part(expression):
        found = expression["vmap"]["data"]["set"][0][index]
        return next(iter(found)) if index else found

    return part


# What one expression of a rule holds.
NFT_EXPRESSIONS = {
    "vmap 0": vmap_part(0),
    "vmap 1": vmap_part(1),
    "verdict": lambda found: next(iter(found)),
    "log group": lambda found: found["log"]["group"],
    "mark": lambda found: found["mangle"]["value"],
    "burst": lambda found: found["limit"]["burst"],
    "rate": lambda found: f"{found['limit']['rate']}/{found['limit']['per']}",
    "dnat addr": lambda found: found["dnat"]["addr"],
    "dnat port": lambda found: found["dnat"]["port"],
    "redirect port": lambda found: found["redirect"]["port"],
}


def same_number(found, case):
    """The text that is looked for, if it is another way to write this number."""
    text = case["expect"]["text"]
    try:
        return text if isinstance(found, int) and int(text, 0) == found else nft_text(found)
    except ValueError:
        return nft_text(found)


def same_protocol(found, number):
    if isinstance(found, int):
        return found == number
    try:
        return socket.getprotobyname(found) == number
    except OSError:
        return False


def elements(found, case):
    """The text that is looked for, if it is among the elements; a name of a service counts as its number."""
    texts = [nft_text(item) for item in found]
    wanted = case["expect"].get("text") if isinstance(case["expect"], dict) else None
    return wanted if wanted in texts else texts[-1]


def nft_text(value):
    if isinstance(value, dict) and "prefix" in value:
        return f"{value['prefix']['addr']}/{value['prefix']['len']}"
    if isinstance(value, dict) and "range" in value:
        return "-".join(str(item) for item in value["range"])
    return str(value)


def nft_works():
    return shutil.which("nft") and subprocess.run(["nft", "list", "ruleset"], capture_output=True).returncode == 0


READERS = {
    "json": (read_json, True),
    "toml": (read_toml, tomllib),
    "yaml": (read_yaml, yaml or ruamel),
    "xml": (read_xml, True),
    "ini": (read_ini, True),
    "lines": (read_line, True),
    "ios": (read_line, True),
    "asa": (read_line, True),
    "fortios": (read_line, True),
    "csv": (read_csv, True),
    "markdown": (read_markdown, markdown_it),
    "nft": (read_nft, True),
    "text": (lambda case: [case["output"]], True),
}


def fault(case, reader):
    expected = case["expect"]
    text = expected["text"] if isinstance(expected, dict) and "text" in expected else None
    try:
        for found in reader(case):
            if text is not None:
                if found != text:
                    return f"found {found!r}"
            elif expected == "one":
                if str(found) != "1":
                    return f"found {found!r}"
            elif not same(typed(found), expected):
                return f"found {found!r}"
    except Exception as error:
        detail = getattr(error, "stderr", None) or str(error)
        return f"{type(error).__name__}: {detail[:300]}"
    return None


def run(cases, counts):
    for case in cases:
        reader, available = READERS[case["syntax"]]
        if not available:
            continue
        if case["read"] == "whole":
            reader = read_whole
        counts[case["syntax"]] = counts.get(case["syntax"], 0) + 1
        found = fault(case, reader)
        if found:
            print(json.dumps({**case, "fault": found}))


def main():
    if len(sys.argv) > 1:
        # Inside a network of its own, where rules harm nobody.
        if not nft_works():
            sys.exit(3)
        cases = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
        nft_batch(cases)
        run(cases, {})
        return
    cases = [json.loads(line) for line in sys.stdin.buffer.read().decode("utf-8").split("\n") if line]
    counts = {}
    run([case for case in cases if case["syntax"] != "nft"], counts)
    nft = [case for case in cases if case["syntax"] == "nft"]
    if nft_run(nft):
        counts["nft"] = len(nft)
    for syntax in sorted(set(case["syntax"] for case in cases) - set(counts)):
        print(f"SKIPPED: {syntax}: its reader is not installed")
    for module, name in ((yaml, "PyYAML"), (ruamel, "ruamel.yaml")):
        if not module:
            print(f"SKIPPED: {name} is not installed")
    print("read back: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))


def nft_run(cases):
    if not (shutil.which("nft") and shutil.which("unshare")):
        return False
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8", delete=False) as file:
        file.writelines(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(["unshare", "-Urn", sys.executable, __file__, file.name], capture_output=True, text=True)
    os.unlink(file.name)
    sys.stdout.write(done.stdout)
    if done.returncode not in (0, 3) and "unshare" not in done.stderr:
        sys.exit(done.stderr)
    return done.returncode == 0


main()
