//! Pictures: what is drawn says what the model and the comparison say, nothing overlaps, and every format can be read
//! by something that is not ours: an XML parser, Graphviz, Mermaid in a real browser.
//!
//! Graphviz is `dot` in the path; Mermaid lies in .cache/npm and runs in Chromium (`JIG_TEST_CHROMIUM`, else `chromium`
//! in the path). Skipped loudly without them, a failure under `JIG_TEST_REQUIRE`. `JIG_TEST_SHOTS=DIR` keeps pictures.

mod support;

use jig::graph::{
    Asset, Conduit, ConduitKind, FORMATS, Flow, Judged, LEVELS, Mark, MarkKind, Panel, Picture, Rect, Zone,
    format, sheet,
};
use proptest::prelude::*;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::{Fleet, copy_example};

const DEPLOYED: &str = "deployed/grr/pk2/firewall/pk2.nft";
const SITE: &str = "deployed/grr/_site/firewall/grr.nft";
/// Before it a firewall of the example drops what no rule let through.
const LAST: &str = "\t\tlimit rate 10";

fn drawn(fleet: &Fleet, args: &str) -> String {
    fleet.jig(&format!("graph {args}")).run().exits(0).stdout
}

/// Texts of an SVG, one per element.
fn texts(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{error}\n{svg}"));
    let of = |node: roxmltree::Node<'_, '_>| node.text().unwrap_or_default().to_owned();
    document.descendants().filter(|node| node.has_tag_name("text")).map(of).collect()
}

/// Whether an SVG says something in one of its boxes or tips.
fn says(svg: &str, words: &str) -> bool {
    let document = roxmltree::Document::parse(svg).expect("XML");
    document.descendants().any(|node| {
        ["text", "title", "desc"].iter().any(|tag| node.has_tag_name(*tag))
            && node.text().unwrap_or_default().contains(words)
    })
}

#[test]
fn a_line_is_drawn_with_its_zones_flows_and_what_comparing_said() {
    let fleet = copy_example("kestrel");
    let svg = drawn(&fleet, "grr/pk2");
    for words in
        ["Line cell", "Line safety", "isolated: nothing may reach it", "filler", "10.20.104.11", "SL-T 2"]
    {
        assert!(says(&svg, words), "{words}\n{svg}");
    }
    assert!(says(&svg, "F-01.2 read legacy registers: gateway → palletizer, modbus tcp/502, read"), "{svg}");
    assert!(says(&svg, "firewalls as intended"), "{svg}");
    assert!(!svg.contains("<script") && !svg.contains("href"), "it loads nothing and runs nothing");
    assert_eq!(svg, drawn(&fleet, "grr/pk2 -j 1"), "the same bytes");
}

#[test]
fn a_path_that_nobody_intended_is_drawn_between_its_zones() {
    let fleet = copy_example("kestrel");
    fleet.edit(
        DEPLOYED,
        LAST,
        &format!("\t\tip saddr 10.0.0.0/16 ip daddr 10.20.104.0/24 tcp dport 102 accept\n{LAST}"),
    );
    let svg = drawn(&fleet, "grr/pk2");
    assert!(says(&svg, "Enterprise IT"), "the zone it comes from is drawn, though no conduit leads there");
    assert!(says(
        &svg,
        "opens tcp/102 (s7) from enterprise 10.0.0.0/16 to cell 10.20.104.0/24 [deployed rule 7"
    ));
    assert!(svg.contains("class=\"wire drift\""), "{svg}");
    let mermaid = drawn(&fleet, "grr/pk2 --format mermaid");
    assert!(mermaid.contains("#33; drift: grr/pk2: opens tcp/102 (s7) from enterprise"), "{mermaid}");
    let site = drawn(&fleet, "grr --format dot");
    assert!(site.contains("! drift: grr/pk2: opens tcp/102 (s7)"), "{site}");
}

#[test]
fn what_is_stopped_unknown_or_outside_has_a_mark_of_its_own() {
    let fleet = copy_example("kestrel");
    let text = fleet.read(SITE);
    let stopped =
        text.lines().find(|line| line.contains("F-14.1 (pk2)")).expect("the rule is there").to_owned();
    fleet.edit(SITE, &format!("{stopped}\n"), "");
    fleet.edit(
        SITE,
        LAST,
        &format!(
            "\t\tip saddr 192.0.2.7 ip daddr 10.20.10.40 tcp dport 3389 accept\n\
             \t\tmeta mark 7 ip saddr 10.20.99.0/28 ip daddr 10.20.10.20 tcp dport 22 accept\n{LAST}"
        ),
    );
    let svg = drawn(&fleet, "grr");
    assert!(
        says(&svg, "F-14.1 time: gateway → ntp, ntp udp/123, read, stopped: grr: stops udp/123 (ntp)"),
        "{svg}"
    );
    assert!(says(&svg, "Outside every zone"), "{svg}");
    assert!(says(&svg, "unknown for tcp/22 (ssh) from vendor 10.20.99.0/28 to mes 10.20.10.20"), "{svg}");
    assert!(svg.contains("class=\"wire doubt\"") && svg.contains("class=\"wire stops\""), "{svg}");
}

#[test]
fn what_cannot_be_told_is_not_drawn_as_clean() {
    let fleet = copy_example("kestrel");
    // Read back 41 days ago.
    let stale = drawn(&fleet, "grr/pk3");
    assert!(
        says(&stale, "part of it could not be told") && stale.contains("class=\"wire untold\""),
        "{stale}"
    );
    fleet.remove("deployed/grr/pk2");
    let missing = drawn(&fleet, "grr/pk2");
    assert!(
        says(&missing, "nothing was read back") && missing.contains("class=\"wire untold\""),
        "{missing}"
    );
    fleet.remove("deployed");
    let none = drawn(&fleet, "grr/pk2");
    assert!(says(&none, "not compared with the plant: there is no deployed/"), "{none}");
}

#[test]
fn what_nobody_decided_is_marked_with_what_it_lacks() {
    let fleet = copy_example("kestrel");
    fleet.remove("decisions/RD-002/ot.yaml");
    let svg = drawn(&fleet, "grr/pk2");
    assert!(says(&svg, "undecided: CN-02: RD-002 lacks the OT approval"), "{svg}");
    let site = drawn(&fleet, "grr");
    assert!(says(&site, "grr/pk1, grr/pk2, grr/pk3: CN-02: RD-002 lacks the OT approval"), "{site}");
}

#[test]
fn lines_of_one_shape_are_drawn_once_and_without_an_address_every_site() {
    let fleet = copy_example("kestrel");
    let site = drawn(&fleet, "grr");
    assert_eq!(texts(&site).iter().filter(|text| *text == "Line cell").count(), 2, "pk1 and pk2 are alike");
    let all = drawn(&fleet, "");
    for name in ["grr Grand Rapids", "lej Leipzig", "mty Monterrey"] {
        assert!(texts(&all).iter().any(|text| text == name), "{name}");
    }
}

#[test]
fn a_picture_goes_where_it_is_sent_and_a_bad_word_is_said_before_anything_is_drawn() {
    let fleet = copy_example("kestrel");
    let args = "graph grr/pk2 --format mermaid --format svg=a.svg";
    let run = fleet.jig(args).cwd(fleet.root()).run().exits(0);
    assert!(run.stdout.starts_with("flowchart TB") && run.stderr.is_empty(), "{run}");
    assert_eq!(fleet.read("a.svg"), drawn(&fleet, "grr/pk2"));
    for (args, words) in [
        ("graph grr --format pdf", "use svg, mermaid, dot"),
        ("graph grr --format svg --format dot", "two formats want standard output"),
        ("graph nowhere", "no site or line is called"),
        ("graph --deployed nothing", "is not a folder"),
        ("validate --format svg", "svg"),
    ] {
        let run = fleet.jig(args).run().exits(2);
        assert!(run.stderr.contains(words) && run.stdout.is_empty(), "{args}: {run}");
    }
}

#[test]
fn a_line_that_cannot_be_read_is_named_and_the_rest_is_drawn() {
    let fleet = copy_example("kestrel");
    fleet.write("sites/grr/lines/pk2.yaml", "blueprint: [\n");
    let run = fleet.jig("graph grr").run().exits(2);
    assert!(says(&run.stdout, "grr/pk2 cannot be drawn") && run.stderr.contains("grr/pk2"), "{run}");
    assert!(says(&run.stdout, "pk1: 4 assets"), "{run}");
}

// Any picture

/// Characters that mean something to one of the formats, break a line, or turn it round.
const NAMES: &str =
    "([a-z]{1,12}|[\"<>&'`#;%{}|\\\\\\[\\]()=~^$!*_-]{1,6}|\\n|\u{202e}|\u{0}|ß|漢字|--|end|[ ]){1,14}";

fn asset() -> impl Strategy<Value = Asset> {
    (NAMES, NAMES, any::<bool>()).prop_map(|(name, detail, used)| Asset { name, detail, used })
}

fn zone(key: usize) -> impl Strategy<Value = Zone> {
    let assets = prop::collection::vec(asset(), 0..20);
    let prefixes = prop::collection::vec(NAMES, 0..5);
    (NAMES, 0..LEVELS.len(), NAMES, any::<bool>(), assets, prefixes).prop_map(
        move |(name, level, owner, isolated, assets, prefixes)| Zone {
            key: format!("z{key}@{}", key % 3),
            id: owner.clone(),
            name,
            level: LEVELS[level].0,
            security: Some("SL-T 2".into()),
            owner: Some(owner),
            prefixes,
            isolated,
            lines: vec![],
            assets,
        },
    )
}

fn mark() -> impl Strategy<Value = Mark> {
    let kinds = [
        MarkKind::Opens,
        MarkKind::Untold,
        MarkKind::Stops,
        MarkKind::Undecided,
        MarkKind::Accepted,
        MarkKind::Note,
    ];
    (0..kinds.len(), NAMES).prop_map(move |(kind, text)| Mark { kind: kinds[kind], text })
}

fn conduit(zones: usize) -> impl Strategy<Value = Conduit> {
    let flow =
        (NAMES, any::<bool>(), prop::collection::vec(NAMES, 1..6), prop::collection::vec(mark(), 0..3));
    let kinds = [ConduitKind::Intended, ConduitKind::Closed, ConduitKind::Drift, ConduitKind::Untold];
    (
        NAMES,
        0..kinds.len(),
        0..zones,
        0..zones,
        prop::collection::vec(flow, 0..12),
        prop::collection::vec(mark(), 0..5),
    )
        .prop_map(move |(name, kind, one, two, flows, marks)| {
            let key = |at: usize| format!("z{at}@{}", at % 3);
            let ends = [key(one), key(two)];
            let flows = flows.into_iter().map(|(text, back, names, marks)| Flow {
                id: text.clone(),
                purpose: text.clone(),
                zones: if back { [ends[1].clone(), ends[0].clone()] } else { ends.clone() },
                from: names.clone(),
                to: names,
                service: text.clone(),
                access: text,
                marks,
            });
            Conduit {
                id: name.clone(),
                flows: flows.collect(),
                ends: ends.clone(),
                lines: vec![name.clone()],
                about: vec![name.clone()],
                if_lost: Some(name.clone()),
                kind: kinds[kind],
                name,
                marks,
            }
        })
}

fn picture() -> impl Strategy<Value = Picture> {
    let panel = (1usize..8).prop_flat_map(|zones| {
        let all: Vec<_> = (0..zones).map(zone).collect();
        (all, prop::collection::vec(conduit(zones), 0..9), prop::collection::vec(mark(), 0..3), NAMES)
    });
    let panel = panel.prop_map(|(mut zones, conduits, notes, title)| {
        zones.sort_by(|a, b| (a.level, &a.key).cmp(&(b.level, &b.key)));
        let about = vec![title.clone()];
        Panel { address: title.clone(), title, about, judged: Judged::AsIntended, zones, conduits, notes }
    });
    (NAMES, prop::collection::vec(panel, 0..3)).prop_map(|(title, panels)| Picture {
        about: vec![title.clone()],
        title,
        panels,
    })
}

/// Nothing stands on anything else, and everything inside what it belongs to.
fn assert_tidy(picture: &Picture) {
    let sheet = sheet(picture);
    let whole = Rect { x: 0.0, y: 0.0, width: sheet.width, height: sheet.height };
    let boxes = sheet.boxes();
    for (place, outer) in &boxes {
        assert!(outer.unwrap_or(whole).holds(place), "{place:?} leaves {outer:?} of {whole:?}");
    }
    for (at, (one, of)) in boxes.iter().enumerate() {
        for (other, _) in boxes[at + 1..].iter().filter(|(_, other)| other == of) {
            assert!(!one.overlaps(other), "{one:?} {other:?}");
        }
    }
    let lines = sheet.lines();
    for (place, outer, text) in &lines {
        assert!(outer.unwrap_or(whole).holds(place), "`{text}` {place:?} leaves {outer:?}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    for (at, (one, of, text)) in lines.iter().enumerate() {
        for (other, _, more) in lines[at + 1..].iter().filter(|(_, other, _)| other == of) {
            assert!(
                !one.overlaps(other) || text.is_empty() || more.is_empty(),
                "`{text}` {one:?}, `{more}` {other:?}"
            );
        }
    }
    for (points, blocks) in sheet.wires() {
        assert!(points.windows(2).all(|pair| pair[0].1 <= pair[1].1 + 0.01), "a wire goes down: {points:?}");
        for block in blocks {
            let inner = Rect {
                x: block.x + 1.0,
                y: block.y + 1.0,
                width: block.width - 2.0,
                height: block.height - 2.0,
            };
            let crossed = points.iter().find(|(x, y)| {
                *x > inner.x && *x < inner.x + inner.width && *y > inner.y && *y < inner.y + inner.height
            });
            assert!(crossed.is_none(), "{crossed:?} is in {block:?}: {points:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn nothing_overlaps_and_the_same_is_drawn_the_same(picture in picture()) {
        assert_tidy(&picture);
        let svg = format("svg").expect("a format");
        let text = (svg.draw)(&picture);
        roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        prop_assert_eq!(&text, &(svg.draw)(&picture));
        for format in FORMATS {
            let text = (format.draw)(&picture);
            let is_plain = !text.contains(['\u{202e}', '\0']);
            prop_assert!(is_plain, "{}", text);
        }
        strict_mermaid(&(format("mermaid").expect("a format").draw)(&picture));
    }
}

/// Outside of labels there are only counted names and words of the language, inside of them nothing that means anything.
fn strict_mermaid(text: &str) {
    for line in text.lines().skip(1) {
        let parts: Vec<&str> = line.split('"').collect();
        assert!(parts.len() == 1 || parts.len() == 3, "{line}");
        if let [_, label, _] = parts.as_slice() {
            let label = label.replace("<br/>", "");
            assert!(!label.contains(['<', '>', '`', '{', '}', '[', ']', '|', '%', '&', '\\']), "{line}");
        }
    }
}

// Read by others

fn missing(what: &str) {
    assert!(std::env::var_os("JIG_TEST_REQUIRE").is_none(), "{what} is required");
    let _ = writeln!(std::io::stderr(), "!!! pictures were not read by {what}: it is not installed");
}

fn some_pictures() -> Vec<Picture> {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    (0..12).map(|_| picture().new_tree(&mut runner).expect("a picture").current()).collect()
}

#[test]
fn graphviz_reads_every_name() {
    if !Command::new("dot").arg("-V").output().is_ok_and(|output| output.status.success()) {
        return missing("Graphviz");
    }
    let dot = format("dot").expect("a format");
    for picture in some_pictures() {
        let text = (dot.draw)(&picture);
        let mut child = Command::new("dot")
            .args(["-Tjson0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("dot starts");
        child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("dot listens");
        let output = child.wait_with_output().expect("dot ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains("syntax error"), "{said}\n{text}");
        let graph: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let nodes = graph["objects"].as_array().map_or(0, |all| {
            all.iter().filter(|one| !one["name"].as_str().unwrap_or_default().starts_with("cluster")).count()
        });
        let wanted: usize = picture
            .panels
            .iter()
            .map(|panel| panel.zones.len() + panel.conduits.len() + panel.notes.len())
            .sum();
        assert_eq!(nodes, wanted, "{text}");
    }
}

#[test]
fn mermaid_reads_every_name_in_a_browser() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = root.join(".cache/npm/node_modules/mermaid/dist/mermaid.min.js");
    let chromium = std::env::var("JIG_TEST_CHROMIUM").unwrap_or_else(|_| "chromium".into());
    if !library.exists() || Command::new(&chromium).arg("--version").output().is_err() {
        return missing("Mermaid in Chromium");
    }
    let mermaid = format("mermaid").expect("a format");
    let fleet = copy_example("kestrel");
    let mut all: Vec<String> = some_pictures().iter().map(|picture| (mermaid.draw)(picture)).collect();
    all.push(drawn(&fleet, "grr --format mermaid"));
    all.push(drawn(&fleet, "grr/pk2 --format mermaid"));
    fleet.jig("render -q").run().exits(0);
    let record = fleet.read("intended/grr/pk2/record/zones-and-conduits.md");
    let block = record.split("```mermaid\n").nth(1).and_then(|rest| rest.split("```").next());
    all.push(block.expect("the record has a drawing").to_owned());
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    let texts = serde_json::to_string(&all).expect("JSON").replace("</", "<\\/");
    let html = format!(
        "<!doctype html><meta charset=utf-8><body><pre id=said>running</pre><script src=\"file://{}\"></script>\
         <script>(async () => {{ const said = []; mermaid.initialize({{ startOnLoad: false, maxTextSize: 500000 }}); \
         for (const text of {texts}) {{ try {{ const {{ svg }} = await mermaid.render('d' + said.length, text); \
         said.push(svg.includes('Syntax error') ? 'syntax' : 'fine'); }} catch (error) {{ said.push('' + error); }} }} \
         document.getElementById('said').textContent = JSON.stringify(said); document.title = 'done'; }})();</script>",
        library.display()
    );
    std::fs::write(&page, html).expect("a page");
    let output = Command::new(&chromium)
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"])
        .args(["--virtual-time-budget=60000", "--timeout=60000"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("the browser runs");
    let dom = String::from_utf8_lossy(&output.stdout);
    let said =
        dom.split("id=\"said\">").nth(1).and_then(|rest| rest.split("</pre>").next()).unwrap_or_default();
    let said: Vec<String> = serde_json::from_str(said).unwrap_or_else(|_| panic!("the page said: {said}"));
    for (text, said) in all.iter().zip(&said) {
        assert_eq!(said, "fine", "{text}");
    }
    assert_eq!(said.len(), all.len());
}

/// The pictures of the example, light, dark and on paper: kept for whoever wants to look.
#[test]
fn words_are_as_wide_as_the_layout_thinks_in_a_browser() {
    let chromium = std::env::var("JIG_TEST_CHROMIUM").unwrap_or_else(|_| "chromium".into());
    if Command::new(&chromium).arg("--version").output().is_err() {
        return missing("Chromium");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let svg = drawn(&copy_example("kestrel"), "grr");
    let page = folder.path().join("page.html");
    let script = "const wide = [...document.querySelectorAll('g.zone,g.conduit')].flatMap((group) => { \
         const room = group.querySelector('.box').getBBox(); return [...group.querySelectorAll('text')].filter((text) => \
         { const own = text.getBBox(); return own.x + own.width > room.width || own.x < 0; }).map((text) => \
         text.textContent); }); document.body.dataset.wide = JSON.stringify(wide); document.body.dataset.seen = \
         document.querySelectorAll('text').length;";
    std::fs::write(&page, format!("<!doctype html><meta charset=utf-8><body>{svg}<script>{script}</script>"))
        .expect("a page");
    let output = Command::new(&chromium)
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("the browser runs");
    let dom = String::from_utf8_lossy(&output.stdout);
    assert!(dom.contains("data-wide=\"[]\""), "{}", dom.split("data-wide=").nth(1).unwrap_or(&dom));
    let seen: usize = dom
        .split("data-seen=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next()?.parse().ok())
        .expect("a number");
    assert!(seen > 60, "{seen}");
    if let Ok(shots) = std::env::var("JIG_TEST_SHOTS") {
        std::fs::write(PathBuf::from(shots).join("grr.svg"), svg).expect("kept");
    }
}
