//! Reports that tests make by hand: the stories of a morning, names of the worst kind, many of everything.

use jiff::civil::{Date, date};
use jig::compare::{
    Attribution, Class, Cluster, Disposition, Drift, Kind, LineReport, Report, Summary, Verdict,
};
use jig::finding::{Finding, Level, Place};
use jig::source::Position;
use serde_json::{Value as Json, json};

/// Text with everything that some format reads as syntax.
pub(crate) const ODD: &str = "<script>window.hacked=1</script> \"q\" 'a' & ]]> %0A ::error:: ,:;|`*_[x](javascript:alert(1)) {{7*7}} \u{1b}[31m \u{202e}x\u{2066} \u{0}\u{fffe} ü 漢 \r\n--> </style><img src=x onerror=window.hacked=1>";

pub(crate) fn today() -> Date {
    date(2026, 11, 22)
}

/// A difference; the rest is changed by whoever needs it.
pub(crate) fn drift(address: &str, file: &str, path: &str) -> Drift {
    Drift {
        address: Some(address.into()),
        file: file.into(),
        path: path.into(),
        kind: Kind::Changed,
        level: Level::Error,
        line: Some(7),
        attribution: Attribution::Site,
        disposition: Disposition::Open,
        intended: Some(json!("as meant")),
        deployed: Some(json!("as found")),
        base: None,
        consequence: Class::Settings,
        meaning: None,
        paths: vec![],
        owner: Some("site-controls".into()),
        deviation: None,
        expires: None,
        cluster: None,
        count: 1,
        note: None,
        id: String::new(),
        next: None,
    }
}

pub(crate) fn line(address: &str, verdict: Verdict, age: Option<i64>) -> LineReport {
    LineReport {
        address: Some(address.into()),
        verdict,
        blueprint: Some("packaging-line@1.3.0".into()),
        collected: age.map(|days| today().checked_sub(jiff::Span::new().days(days)).expect("a date")),
        age_days: age,
        is_site: false,
        deviations: vec![],
    }
}

/// Counts what a report holds.
pub(crate) fn report(
    lines: Vec<LineReport>,
    findings: Vec<Drift>,
    clusters: Vec<Cluster>,
    warnings: Vec<String>,
) -> Report {
    let verdicts = |wanted: Verdict| lines.iter().filter(|line| line.verdict == wanted).count();
    let found = |wanted: Disposition| findings.iter().filter(|drift| drift.disposition == wanted).count();
    let summary = Summary {
        lines: lines.len(),
        sites: 0,
        in_order: verdicts(Verdict::InOrder),
        drifted: verdicts(Verdict::Drift),
        behind: verdicts(Verdict::Behind),
        approved_lines: verdicts(Verdict::Approved),
        cannot_tell: verdicts(Verdict::CannotTell),
        open: found(Disposition::Open),
        approved: found(Disposition::Approved),
        expired: found(Disposition::Expired),
        ignored: found(Disposition::Ignored),
        files: lines.len() * 6,
    };
    let verdict = lines.iter().map(|line| line.verdict).max().unwrap_or(Verdict::InOrder);
    let mut findings = findings;
    findings.sort_by_key(|finding| finding.consequence);
    Report { as_of: today(), verdict, summary, lines, findings, clusters, warnings, sealed: vec![] }
}

/// One morning of a small enterprise, with one of everything.
pub(crate) fn morning() -> Report {
    let lines = vec![
        line("grr/pk1", Verdict::InOrder, Some(0)),
        line("grr/pk2", Verdict::Drift, Some(0)),
        line("grr/pk3", Verdict::CannotTell, Some(41)),
        line("grr/pk4", Verdict::Behind, Some(1)),
        line("lej/pk1", Verdict::Approved, Some(0)),
        line("lej/pk2", Verdict::Drift, Some(0)),
        line("lej/pk3", Verdict::InOrder, Some(2)),
        line("mty/pk1", Verdict::Drift, Some(3)),
        line("mty/pk2", Verdict::Drift, Some(9)),
    ];
    let mut findings = vec![
        Drift {
            kind: Kind::Extra,
            line: Some(31),
            intended: None,
            deployed: Some(json!("ip saddr 10.0.0.0/8 ip daddr 10.40.1.11 tcp dport 102 accept")),
            consequence: Class::Path,
            meaning: Some("opens tcp/102 from 10.0.0.0/8 (enterprise) to filler 10.40.1.11 (cell)".into()),
            owner: Some("site-network".into()),
            ..drift(
                "mty/pk1",
                "firewall/pk1.nft",
                "inet line_mty_pk1 forward > ip saddr 10.0.0.0/8 ip daddr 10.40.1.11 tcp dport 102 accept",
            )
        },
        Drift {
            disposition: Disposition::Expired,
            deviation: Some("DV-0004".into()),
            expires: Some(date(2026, 10, 31)),
            intended: Some(json!("ssl://broker.mty:8883")),
            deployed: Some(json!("tcp://broker.mty:1883")),
            consequence: Class::Security,
            ..drift("mty/pk1", "gateway/telegraf.conf", "/outputs.mqtt/0/servers/0")
        },
        Drift {
            intended: Some(json!("SECRET-A")),
            deployed: Some(json!("SECRET-B")),
            consequence: Class::Security,
            note: Some("a secret; its value is not shown".into()),
            owner: Some("platform".into()),
            ..drift("mty/pk2", "broker/passwords", "/pk2-gateway")
        },
        Drift {
            intended: Some(json!("sum(pbt) / 3600")),
            deployed: Some(json!("43200 / 3600")),
            consequence: Class::Metric,
            meaning: Some("OEE index divides by a fixed 12 hours instead of planned busy time".into()),
            owner: Some("mfg-data".into()),
            ..drift("mty/pk1", "dashboards/pk1.json", "/panels/[id=9]/targets/[refId=A]/expr")
        },
        Drift {
            kind: Kind::FileExtra,
            line: None,
            path: String::new(),
            intended: None,
            deployed: None,
            ..drift("grr/pk2", "gateway/telegraf.conf.bak", "")
        },
        Drift {
            kind: Kind::Opaque,
            line: None,
            path: String::new(),
            intended: None,
            deployed: None,
            attribution: Attribution::Unknown,
            note: Some("collected 41 days ago, limit 7".into()),
            ..drift("grr/pk3", "firewall/pk3.nft", "")
        },
        Drift {
            disposition: Disposition::Approved,
            level: Level::Warning,
            deviation: Some("DV-0007".into()),
            expires: Some(date(2026, 12, 2)),
            intended: Some(json!("Basic256Sha256")),
            deployed: Some(json!("Basic128Rsa15")),
            consequence: Class::Security,
            ..drift("lej/pk1", "gateway/telegraf.conf", "/inputs.opcua/2/security_policy")
        },
        Drift {
            disposition: Disposition::Behind,
            level: Level::Note,
            attribution: Attribution::Standard,
            intended: Some(json!({"interval": "10s", "metric_batch_size": 2000, "tags": ["site", "line"]})),
            deployed: Some(json!({"interval": "30s", "metric_batch_size": 1000, "tags": ["site", "line"]})),
            ..drift("grr/pk4", "gateway/telegraf.conf", "/agent")
        },
        Drift {
            disposition: Disposition::Ignored,
            level: Level::Note,
            kind: Kind::Extra,
            consequence: Class::Look,
            intended: None,
            deployed: Some(json!(17)),
            note: Some("server-managed: /version".into()),
            ..drift("grr/pk2", "dashboards/pk2.json", "/version")
        },
    ];
    for (at, address) in ["grr/pk2", "lej/pk2", "mty/pk2"].iter().enumerate() {
        findings.push(Drift {
            kind: Kind::Extra,
            intended: None,
            deployed: Some(
                json!({"id": 40 + at, "title": "labeler micro stops", "type": "timeseries", "unit": "1/h"}),
            ),
            consequence: Class::Look,
            cluster: Some("C1".into()),
            owner: Some("mfg-data".into()),
            ..drift(
                address,
                &format!("dashboards/{}.json", &address[4..]),
                "/panels/[title=labeler micro stops]",
            )
        });
    }
    let same = ["grr/pk2", "lej/pk2", "mty/pk2"].map(str::to_owned).to_vec();
    let summary = "dashboards/{line}.json /panels/[title=labeler micro stops]: extra".to_owned();
    let clusters = vec![Cluster { id: "C1".into(), lines: same, summary, promote: true }];
    let warnings = vec!["DV-0004 expired on 2026-10-31".into(), "DV-0007 expires in 10 days".into()];
    report(lines, findings, clusters, warnings)
}

/// Names and values of the worst kind, everywhere.
pub(crate) fn odd() -> Report {
    let address = format!("s{ODD}/l{ODD}");
    let finding = Drift {
        intended: Some(Json::from(ODD)),
        deployed: Some(json!({ ODD: [ODD, ODD] })),
        meaning: Some(ODD.into()),
        owner: Some(ODD.into()),
        deviation: Some(ODD.into()),
        cluster: Some("C1".into()),
        note: Some(ODD.into()),
        ..drift(&address, ODD, ODD)
    };
    let mut other = Drift { kind: Kind::Opaque, cluster: None, ..finding.clone() };
    other.file = format!("{ODD}2");
    let lines = vec![
        line(&address, Verdict::CannotTell, Some(0)),
        line(&format!("{address}2"), Verdict::InOrder, None),
    ];
    let clusters = vec![Cluster {
        id: "C1".into(),
        lines: vec![address.clone(), address],
        summary: ODD.into(),
        promote: true,
    }];
    report(lines, vec![finding, other], clusters, vec![ODD.into()])
}

/// Many lines with a difference each.
pub(crate) fn many(count: usize) -> Report {
    let address = |at: usize| format!("site{:02}/line{at:05}", at % 40);
    let verdict = |at: usize| if at.is_multiple_of(3) { Verdict::Drift } else { Verdict::InOrder };
    let lines = (0..count / 5).map(|at| line(&address(at), verdict(at), Some((at % 12) as i64))).collect();
    let findings = (0..count)
        .map(|at| Drift {
            consequence: Class::ALL[at % Class::ALL.len()],
            deployed: Some(json!(format!("as found {at}"))),
            ..drift(
                &address(at * 3 % (count / 5)),
                &format!("gateway/app{}.toml", at % 7),
                &format!("/service/{at}/interval"),
            )
        })
        .collect();
    report(lines, findings, vec![], vec![])
}

/// A finding with names of the worst kind.
pub(crate) fn odd_finding() -> Finding {
    Finding::error("unknown-key", ODD)
        .at(Place::point(format!("sites/{ODD}/line.yaml"), Position { line: 3, column: 5 }))
        .see(Place::file(ODD), ODD)
        .about(ODD)
        .owned_by(ODD)
        .next(ODD)
}
