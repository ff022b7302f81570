//! `jig capture`: what runs becomes a blueprint that gives it back byte for byte.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use support::Run;
use tempfile::TempDir;

/// A folder of its own for each test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }
}

fn jig(args: &[&str]) -> Run {
    args.iter().fold(support::jig(), |run, arg| run.arg(arg)).run()
}

/// Writes the files of some lines; `text` makes the file of one.
fn lines(folder: &Folder, count: usize, file: &str, text: impl Fn(usize) -> String) -> PathBuf {
    for number in 1..=count {
        folder.write(&format!("plant/line{number:02}/{file}"), &text(number));
    }
    folder.path().join("plant")
}

fn switch(number: usize) -> String {
    let net = [104, 97, 150, 33, 61, 88, 12, 201][number - 1];
    let uplink = if number.is_multiple_of(3) { "interface uplink\n mtu 9000\n!\n" } else { "" };
    let vlans: String = (0..2 + number % 3).map(|vlan| format!("vlan {}{vlan}\n", 10 + number)).collect();
    format!(
        "hostname line{number:02}\n!\ninterface mgmt\n ip address 10.20.{net}.5/24\n gateway 10.20.{net}.1\n!\n\
         {uplink}{vlans}ntp server 10.0.0.1\nsnmp location Hall 4, line{number:02}\n"
    )
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut out = vec![];
    let mut todo = vec![folder.to_path_buf()];
    while let Some(here) = todo.pop() {
        for entry in fs::read_dir(here).expect("reads").flatten() {
            let path = entry.path();
            if path.is_dir() {
                todo.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below").to_string_lossy().replace('\\', "/");
                out.push((name, fs::read(&path).expect("reads")));
            }
        }
    }
    out.sort();
    out
}

fn capture(folder: &Folder, source: &Path, name: &str, more: &[&str]) -> Run {
    let (source, out) = (source.display().to_string(), folder.path().join(name).display().to_string());
    let mut args = vec!["capture", &source, "--as", "switch", "-o", &out];
    args.extend(more);
    jig(&args)
}

#[test]
fn what_was_captured_renders_the_same_bytes() {
    let folder = Folder::new();
    let plant = lines(&folder, 8, "net/sw.cfg", switch);
    let run = capture(&folder, &plant, "fleet", &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("8 lines, 8/8 files exact"), "{}", run.stdout);
    let fleet = folder.path().join("fleet").display().to_string();
    assert_eq!(jig(&["-C", &fleet, "render"]).code, 0);
    for number in 1..=8 {
        let made = fs::read_to_string(
            folder.path().join(format!("fleet/intended/plant/line{number:02}/net/sw.cfg")),
        );
        assert_eq!(made.expect("rendered"), switch(number));
    }
    // The next line differs where it should.
    let set = ["--set", "interface_mgmt_ip_address=10.20.9.5/24", "--set", "vlans=[190]"];
    let mut args =
        vec!["-C", &fleet, "new", "line", "plant/line09", "--blueprint", "switch", "--area", "area"];
    args.extend(set);
    let run = jig(&args);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(jig(&["-C", &fleet, "render", "plant/line09"]).code, 0);
    let made =
        fs::read_to_string(folder.path().join("fleet/intended/plant/line09/net/sw.cfg")).expect("rendered");
    assert!(
        made.starts_with(
            "hostname line09\n!\ninterface mgmt\n ip address 10.20.9.5/24\n gateway 10.20.9.1\n"
        )
    );
    assert!(made.contains("Hall 4, line09"), "{made}");
}

#[test]
fn every_run_and_every_order_gives_the_same_bytes() {
    let folder = Folder::new();
    let plant = lines(&folder, 6, "sw.cfg", switch);
    capture(&folder, &plant, "first", &[]);
    let first = files(&folder.path().join("first"));
    for run in 0..20 {
        let mut order: Vec<String> =
            (1..=6).map(|number| plant.join(format!("line{number:02}")).display().to_string()).collect();
        order.rotate_left(run % 6);
        if run % 2 == 1 {
            order.reverse();
        }
        let out = folder.path().join(format!("again{run}")).display().to_string();
        let mut args = vec!["capture", "--as", "switch", "-o", &out];
        args.extend(order.iter().map(String::as_str));
        assert_eq!(jig(&args).code, 0);
        assert_eq!(files(Path::new(&out)), first, "run {run}");
    }
}

#[test]
fn odd_files_come_back_or_are_refused() {
    type Odd = (&'static str, fn(usize) -> String);
    let odd: [Odd; 8] = [
        ("a.ini", |n| format!("[main]\r\nname=dev{n}\r\nip=10.0.{n}.1\r\n[end]\r\nx=1\r\n")),
        ("bom.txt", |n| format!("\u{feff}name dev{n}\nip 10.0.{n}.1\n")),
        ("end.txt", |n| format!("name dev{n}\nlast 10.0.{n}.1{}", if n == 3 { "\n" } else { "" })),
        ("brace.conf", |n| format!("a {{{{ x }}}} {{% y %}} {{# z #}} {n}00\n{{{n}000}}\n{{%- raw %}}\n")),
        ("empty.txt", |n| if n % 2 == 0 { String::new() } else { "x\n".into() }),
        ("list.json", |n| {
            let items: Vec<String> = (0..n).map(|k| format!("    {{\n      \"n\": {k}\n    }}")).collect();
            let list = if n == 1 { "[]".to_owned() } else { format!("[\n{}\n  ]", items.join(",\n")) };
            format!("{{\n  \"name\": \"dev{n}\",\n  \"list\": {list},\n  \"on\": {}\n}}\n", n % 2 == 0)
        }),
        ("min.json", |n| {
            format!(
                "{{\"id\":{n},\"name\":\"device-{n}\",\"tags\":[\"a\",\"b\"],\"rest\":\"{}\"}}",
                "x".repeat(90)
            )
        }),
        ("blank.txt", |n| format!("x {n}   \n   \n\t\ny\n\n\n")),
    ];
    for (file, text) in odd {
        let folder = Folder::new();
        let plant = lines(&folder, 6, file, text);
        let run = capture(&folder, &plant, "fleet", &[]);
        assert_eq!(run.code, 0, "{file}: {}{}", run.stdout, run.stderr);
        let fleet = folder.path().join("fleet").display().to_string();
        assert_eq!(jig(&["-C", &fleet, "render"]).code, 0, "{file}");
        for number in 1..=6 {
            let made = fs::read_to_string(
                folder.path().join(format!("fleet/intended/plant/line{number:02}/{file}")),
            );
            assert_eq!(made.expect("rendered"), text(number), "{file}");
        }
    }
}

#[test]
fn a_slip_in_one_line_is_named() {
    let folder = Folder::new();
    let plant = lines(&folder, 8, "sw.cfg", |number| {
        let text = switch(number);
        match number {
            3 => text.replace("Hall 4, line03", "Hall 4, line30"),
            5 => text.replace("ntp server 10.0.0.1\n", ""),
            7 => text.replace("10.0.0.1", "10.0.0.7"),
            _ => text,
        }
    });
    let run = capture(&folder, &plant, "fleet", &["--dry-run", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let found: Vec<(String, String)> = report["outliers"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            (
                row["address"].as_str().unwrap_or_default().into(),
                row["reason"].as_str().unwrap_or_default().into(),
            )
        })
        .collect();
    for wanted in [
        ("plant/line03", "broken-relation"),
        ("plant/line05", "missing-here"),
        ("plant/line07", "rare-value"),
    ] {
        assert!(found.contains(&(wanted.0.into(), wanted.1.into())), "{wanted:?} in {found:?}");
    }
    assert!(!folder.path().join("fleet").exists());
}

#[test]
fn no_secret_is_written_or_shown() {
    let folder = Folder::new();
    let plant = lines(&folder, 6, "gw.conf", |number| {
        format!(
            "user = \"gw-line{number:02}\"\npassword = \"hunter{number}two\"\nurl = \"mqtt://a:sharedPa55@broker:1883\"\n"
        )
    });
    let run = capture(&folder, &plant, "fleet", &["--format", "json"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(!run.stdout.contains("hunter") && !run.stdout.contains("sharedPa55"), "{}", run.stdout);
    for (name, bytes) in files(&folder.path().join("fleet")) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("hunter") && !text.contains("sharedPa55"), "{name}: {text}");
    }
    let line =
        fs::read_to_string(folder.path().join("fleet/sites/plant/lines/line02.yaml")).expect("written");
    assert!(line.contains("secret:plant-line02-password"), "{line}");
    let fleet = folder.path().join("fleet").display().to_string();
    assert_eq!(jig(&["-C", &fleet, "validate"]).code, 0);
}

#[test]
fn what_is_another_role_is_set_aside_or_refused() {
    let folder = Folder::new();
    let plant = lines(&folder, 8, "sw.cfg", |number| {
        if number == 4 {
            "controller\n role primary\n peers 7\n token ring\nfirewall\n default deny\n log all\nusers\n admin\n".into()
        } else {
            switch(number)
        }
    });
    let run = capture(&folder, &plant, "fleet", &[]);
    assert!(run.stdout.contains("set aside: plant/line04"), "{}", run.stdout);
    assert!(!folder.path().join("fleet/sites/plant/lines/line04.yaml").exists());

    let folder = Folder::new();
    let words = ["red", "tall", "quick", "late", "dry", "odd"];
    let plant = lines(&folder, 6, "notes.txt", |number| {
        (0..12)
            .map(|row| format!("{} {} {row}\n", words[number - 1].repeat(row + 1), words[(number + row) % 6]))
            .collect()
    });
    let run = capture(&folder, &plant, "fleet", &[]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(run.stdout.contains("not one role"), "{}", run.stdout);
    assert!(!folder.path().join("fleet").exists());
}

#[test]
fn a_pilot_is_replaced_whole_or_not_at_all() {
    let folder = Folder::new();
    folder.write(
        "pilot/gw.conf",
        "# gateway of line01 in lyon, baseline01, line011\nline = \"line01\"\nclient = \"gw-lyon-line01\"\n\
         plc = \"10.20.101.11\"\nother = \"110.20.101.11\"\nnet = 10.20.101.0/24\nport = 1883\nat = 11883\n",
    );
    folder.write("known.yaml", "site: lyon\nline: line01\nsubnets: { cell: 10.20.101.0/24 }\nport: 1883\n");
    let (pilot, known) =
        (folder.path().join("pilot"), folder.path().join("known.yaml").display().to_string());
    let run = capture(&folder, &pilot, "fleet", &["--values", &known]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("1/1 files exact"), "{}", run.stdout);
    let template =
        fs::read_to_string(folder.path().join("fleet/blueprints/switch/templates/switch/gw.conf.j2"));
    assert_eq!(
        template.expect("written"),
        "# gateway of {{ line }} in lyon, baseline01, line011\nline = \"{{ line }}\"\nclient = \"gw-lyon-{{ line }}\"\n\
         plc = \"{{ values.cell_subnet|host(11) }}\"\nother = \"110.20.101.11\"\nnet = {{ values.cell_subnet }}\n\
         port = {{ values.port }}\nat = 11883\n"
    );
    assert!(run.stdout.contains("site `lyon`: 2 places"), "{}", run.stdout);
    let run = capture(&folder, &pilot, "said-yes", &["--values", &known, "--confirm=site"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let template =
        fs::read_to_string(folder.path().join("said-yes/blueprints/switch/templates/switch/gw.conf.j2"));
    assert!(template.expect("written").contains("gw-{{ site }}-{{ line }}"));
}

#[test]
fn the_captured_pilot_makes_a_second_line_that_differs_where_it_should() {
    let folder = Folder::new();
    let pilot = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/capture/pilot");
    folder.write(
        "known.yaml",
        "site: lyon\nline: line01\narea: packaging\nsubnets: { cell: 10.20.101.0/24 }\nvlan: 101\n",
    );
    let known = folder.path().join("known.yaml").display().to_string();
    let run = capture(&folder, &pilot, "fleet", &["--values", &known]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let fleet = folder.path().join("fleet").display().to_string();
    let new = ["-C", &fleet, "new", "line", "lyon/line02", "--blueprint", "switch", "--area", "packaging"];
    let run = jig(&[&new[..], &["--set", "cell_subnet=10.20.102.0/24", "--set", "vlan=102"]].concat());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(jig(&["-C", &fleet, "render"]).code, 0);
    let second = |text: &str| {
        text.replace("line01", "line02")
            .replace("LINE01", "LINE02")
            .replace("10.20.101.", "10.20.102.")
            .replace("vlan 101", "vlan 102")
            .replace("VLAN 101", "VLAN 102")
    };
    let made = |line: &str| {
        let mut made = files(&folder.path().join(format!("fleet/intended/lyon/{line}")));
        made.retain(|(name, _)| name != "manifest.json");
        made
    };
    let real = files(&pilot);
    assert_eq!(made("line01"), real);
    let mut wanted: Vec<(String, String)> = real
        .iter()
        .map(|(name, bytes)| (second(name), second(std::str::from_utf8(bytes).expect("text"))))
        .collect();
    wanted.sort();
    for ((name, bytes), (wanted, text)) in made("line02").iter().zip(&wanted) {
        assert_eq!((name, String::from_utf8_lossy(bytes).as_ref()), (wanted, text.as_str()));
    }
    assert_eq!(made("line02").len(), wanted.len());
}

#[test]
fn connections_are_proposed_and_stop_nothing() {
    let folder = Folder::new();
    let pilot = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/capture/pilot");
    folder.write("known.yaml", "site: lyon\nline: line01\nsubnets: { cell: 10.20.101.0/24 }\n");
    let known = folder.path().join("known.yaml").display().to_string();
    let run = capture(&folder, &pilot, "fleet", &["--values", &known]);
    assert!(run.stdout.contains("conduits.proposed.yaml proposes"), "{}{}", run.stdout, run.stderr);
    let fleet = folder.path().join("fleet").display().to_string();
    assert_eq!(jig(&["-C", &fleet, "validate"]).code, 0);
    let blueprint = folder.path().join("fleet/blueprints/switch");
    let proposed = fs::read_to_string(blueprint.join("conduits.proposed.yaml")).expect("written");
    assert!(proposed.contains("\"{{ values.cell_subnet|host(5) }}\""), "{proposed}");
    assert!(proposed.contains("# - any -> @idmz_proxy tcp 443"), "{proposed}");
    // As conduits.yaml it can be read, and what is missing is what was said.
    fs::rename(blueprint.join("conduits.proposed.yaml"), blueprint.join("conduits.yaml")).expect("renamed");
    let run = jig(&["-C", &fleet, "validate", "--format", "json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let rules: std::collections::BTreeSet<&str> = report["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|finding| finding["level"] == "error")
        .filter_map(|finding| finding["rule"].as_str())
        .collect();
    let missing =
        ["missing-if-lost", "undecided-conduit", "unenforced-conduit", "unowned-conduit", "unowned-zone"];
    assert!(missing.iter().all(|rule| rules.contains(rule)), "{rules:?}");
    // A set and one of its members are two assets with one address: somebody has to say which.
    let known = [&missing[..], &["duplicate-address", "unowned-flow", "unresolved"]].concat();
    assert!(rules.iter().all(|rule| known.contains(rule)), "{rules:?}");
}

#[test]
fn nothing_is_overwritten_and_nothing_half_written() {
    let folder = Folder::new();
    let plant = lines(&folder, 4, "sw.cfg", switch);
    assert_eq!(capture(&folder, &plant, "fleet", &[]).code, 0);
    let before = files(&folder.path().join("fleet"));
    let run = capture(&folder, &plant, "fleet", &[]);
    assert_eq!(run.code, 2, "{}", run.stdout);
    assert!(run.stderr.contains("is already there"), "{}", run.stderr);
    assert_eq!(files(&folder.path().join("fleet")), before);
    folder.write("plant/line02/binary.bin", "\u{0}");
    fs::write(folder.path().join("plant/line02/binary.bin"), [0xff, 0xfe, 0x00]).expect("written");
    let run = capture(&folder, &plant, "other", &[]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("is not UTF-8 text"), "{}", run.stderr);
    assert_eq!(capture(&folder, &plant, "other", &["--exclude", "*.bin"]).code, 0);
}

#[test]
fn one_name_of_a_secret_and_no_netmask_of_ipv6() {
    // The lines without the secret have no block for it, and a network of IPv6 has no netmask.
    let folder = Folder::new();
    let plant = lines(&folder, 6, "vpn.conf", |number| {
        let secret = if number % 3 == 0 { "  psk {\n    secret = hunter7twelve\n  }\n" } else { "" };
        format!("vpn {{\n  local = 2001:db8:{number}0::/64\n  remote = 192.0.2.{number}/32\n{secret}}}\n")
    });
    let run = capture(&folder, &plant, "fleet", &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("6/6 files exact"), "{}", run.stdout);
}

#[test]
fn a_list_keyed_by_names_of_the_line_is_a_list() {
    let folder = Folder::new();
    let sides = ["north", "east", "south", "west"];
    let plant = lines(&folder, 8, "hosts.yml", |number| {
        let hosts: String = (0..=number % 3)
            .map(|at| format!("  line{number:02}-{}: {}\n", sides[(number + at) % 4], at + 2))
            .collect();
        format!("name: line{number:02}\nhosts:\n  line{number:02}-core: 1\n{hosts}")
    });
    let run = capture(&folder, &plant, "fleet", &["--format", "json"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let kinds: Vec<&str> =
        report["inputs"].as_array().expect("a list").iter().filter_map(|i| i["kind"].as_str()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "list").count(), 1, "{}", report["inputs"]);
    assert!(!kinds.contains(&"switch"), "{}", report["inputs"]);
}

#[test]
fn values_can_be_renamed() {
    let folder = Folder::new();
    let plant = lines(&folder, 6, "sw.cfg", switch);
    let run = capture(&folder, &plant, "fleet", &["--rename", "interface_mgmt_ip_address=management"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let blueprint =
        fs::read_to_string(folder.path().join("fleet/blueprints/switch/blueprint.yaml")).expect("written");
    assert!(blueprint.contains("\n  management: {"), "{blueprint}");
    let run = capture(&folder, &plant, "other", &["--rename", "nothing=else"]);
    assert_eq!(run.code, 2, "{}", run.stdout);
    assert!(!folder.path().join("other").exists());
}

/// A switch at the edge, or one in the middle that all of them hang on.
fn fabric(number: usize, is_spine: bool) -> String {
    let base = format!("hostname line{number:02}\nntp server 10.0.0.1\nrouter bgp {}\n", 65000 + number * 7);
    let block = |name: &str, rows: &[&str]| {
        let rows: String = rows.iter().map(|row| format!(" {row} {name}\n")).collect();
        format!("{name}\n{rows}!\n")
    };
    let spine = ["max-paths", "bfd", "rr-client", "cluster"];
    let leaf = ["vlan", "vxlan", "arp", "anycast", "mlag"];
    let kinds: &[&str] = if is_spine { &spine } else { &leaf };
    let blocks: String = ["alpha", "beta", "gamma"].iter().map(|name| block(name, kinds)).collect();
    base + &blocks
}

#[test]
fn several_roles_in_one_folder_are_not_taken_for_one() {
    let folder = Folder::new();
    let plant = lines(&folder, 9, "sw.cfg", |number| fabric(number, number % 3 == 0));
    let run = capture(&folder, &plant, "fleet", &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("6 lines, 6/6 files exact"), "{}", run.stdout);
    for line in ["line03", "line06", "line09"] {
        assert!(run.stdout.contains(&format!("set aside: plant/{line}")), "{}", run.stdout);
        assert!(!folder.path().join(format!("fleet/sites/plant/lines/{line}.yaml")).exists());
    }
    assert!(run.stdout.contains("+ bfd alpha"), "{}", run.stdout);

    // Where none has the majority nobody can say which one is the standard.
    let folder = Folder::new();
    let plant = lines(&folder, 8, "sw.cfg", |number| fabric(number, number % 2 == 0));
    let run = capture(&folder, &plant, "fleet", &[]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(
        run.stdout.contains("2 roles, and none has the majority: line01, line03, line05, line07 (4); line02"),
        "{}",
        run.stdout
    );
    assert!(!folder.path().join("fleet").exists());
}

#[test]
fn an_option_is_no_role() {
    // Half of the lines have a file and a block that the others have not.
    let folder = Folder::new();
    let plant = lines(&folder, 8, "sw.cfg", |number| {
        let option = "aaa\n radius 10.0.0.8\n timeout 5\n retries 3\n deadtime 10\n!\n";
        format!("{}{}", switch(number), if number % 2 == 0 { option } else { "" })
    });
    for number in [2, 4, 6] {
        let text: String = (0..40).map(|row| format!("rule {row} permit {}\n", row * 3)).collect();
        folder.write(&format!("plant/line{number:02}/acl.cfg"), &text);
    }
    let run = capture(&folder, &plant, "fleet", &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("8 lines, 11/11 files exact"), "{}", run.stdout);
}

#[test]
fn some_items_of_a_list_have_a_secret() {
    let folder = Folder::new();
    let plant = lines(&folder, 5, "bgp.cfg", |number| {
        let neighbor = |at: usize| {
            let peer = format!(" neighbor 10.0.{number}.{at}");
            let secret = format!("{peer} password 7 05A{number}7F{at}3C9{}BB\n", number * at);
            let secret = if (number + at).is_multiple_of(2) { secret } else { String::new() };
            format!("{peer} remote-as {}\n{secret}{peer} description peer-{at}\n", 64000 + number * at)
        };
        let all: String = (1..number % 3 + 3).map(neighbor).collect();
        format!("hostname r{number}\nrouter bgp {}\n{all}", 65000 + number)
    });
    let run = capture(&folder, &plant, "fleet", &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("5/5 files exact"), "{}", run.stdout);
    for (name, bytes) in files(&folder.path().join("fleet")) {
        assert!(!String::from_utf8_lossy(&bytes).contains("05A"), "{name}");
    }
}

#[test]
fn a_path_may_look_like_a_template() {
    let folder = Folder::new();
    let name = "é {{ x }} {% if %} {# #}.conf";
    let plant = lines(&folder, 4, name, |number| format!("name dev{number}\n"));
    let run = capture(&folder, &plant, "fleet", &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("4/4 files exact"), "{}", run.stdout);
}

#[test]
fn elements_that_repeat_are_one_list_whatever_they_are_called() {
    // Each line calls its nodes after its own machine, and has two of them at least.
    let folder = Folder::new();
    let machines = ["oven", "press", "mixer", "lathe", "filler", "robot"];
    let plant = lines(&folder, 6, "opc.xml", |number| {
        let machine = machines[number - 1];
        let node =
            |at: usize| format!("    <Node id=\"ns=2;s={machine}.{at}\" interval=\"{}\" />\n", at * 100 + 50);
        let nodes: String = (0..2 + number % 4).map(node).collect();
        format!("<Server>\n  <Name>{machine}</Name>\n  <Nodes>\n{nodes}  </Nodes>\n</Server>\n")
    });
    let run = capture(&folder, &plant, "fleet", &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("6/6 files exact"), "{}", run.stdout);
    let template = folder.path().join("fleet/blueprints/switch/templates/switch/opc.xml.j2");
    let template = fs::read_to_string(template).expect("written");
    assert_eq!(template.matches("<Node ").count(), 1, "{template}");
}
