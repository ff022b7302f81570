//! Trust in a metric is earned by shifts that agree with the system of record, and lost by shifts that do not.

mod support;

use support::{Fleet, copy_example};

const EVIDENCE: &str = "evidence/grr/pk1/count-agreement.csv";
/// The tolerance of the example is one percent: inside, just inside, and outside, where they counted 1000.
const IN: u32 = 1000;
const EDGE: u32 = 1010;
const OUT: u32 = 1011;

fn state(fleet: &Fleet) -> String {
    let run = fleet.jig("--as-of 2026-11-22 explain count-agreement grr/pk1 --format json").run();
    run.json()["places"][0]["state"].as_str().unwrap_or_default().to_owned()
}

/// The rows of an evidence file: one shift a day up to 2026-11-21, the oldest first.
fn rows(ours: &[u32]) -> Vec<String> {
    let first = 21 + 31 - ours.len() + 1;
    let row = |(at, ours): (usize, &u32)| {
        let day = first + at;
        let (month, day) = if day > 31 { (11, day - 31) } else { (10, day) };
        format!("2026-{month}-{day:02},A,{ours},1000")
    };
    ours.iter().enumerate().map(row).collect()
}

fn file(rows: &[String]) -> String {
    format!("date,shift,ours,theirs\n{}\n", rows.join("\n"))
}

#[test]
fn twenty_shifts_in_a_row_earn_trust_and_three_of_ten_lose_it() {
    let fleet = copy_example("kestrel");
    let mut late = [IN; 30];
    late[20..23].fill(OUT);
    let mut earlier = [IN; 30];
    earlier[19..22].fill(OUT);
    let mut broken = [IN; 25];
    broken[5] = OUT;
    let cases: [(&[u32], &str); 7] = [
        (&[IN; 19], "provisional"),
        (&[IN; 20], "trusted"),
        (&[EDGE; 20], "trusted"),
        (&late, "disputed"),
        // Two of the last ten, and no twenty in a row since.
        (&earlier, "provisional"),
        (&broken, "provisional"),
        (&[OUT; 3], "disputed"),
    ];
    for (ours, wanted) in cases {
        fleet.write(EVIDENCE, file(&rows(ours)));
        assert_eq!(state(&fleet), wanted, "{ours:?}");
    }
}

#[test]
fn the_order_of_the_rows_does_not_matter() {
    let fleet = copy_example("kestrel");
    let mut ours = [IN; 30];
    ours[..3].fill(OUT);
    let mut newest_first = rows(&ours);
    newest_first.reverse();
    fleet.write(EVIDENCE, file(&newest_first));
    assert_eq!(state(&fleet), "trusted");
    fleet.write(EVIDENCE, file(&newest_first).replace('\n', "\r\n"));
    assert_eq!(state(&fleet), "trusted");
}

#[test]
fn evidence_that_cannot_be_read_earns_nothing_and_is_told_at_its_line() {
    let fleet = copy_example("kestrel");
    let good = rows(&[IN; 20]);
    let with = |at: usize, row: &str| {
        let mut rows = good.clone();
        row.clone_into(&mut rows[at]);
        file(&rows)
    };
    let cases = [
        (with(4, "2026-11-06,A,many,1000"), 6),
        (with(4, "2026-13-06,A,1000,1000"), 6),
        (with(4, "2026-11-06,A,1000"), 6),
        (with(4, "2026-11-06,A,NaN,1000"), 6),
        (with(4, "2026-11-06,A,inf,inf"), 6),
        // The same shift twice would make nineteen shifts twenty.
        (with(4, &good[3]), 6),
        ("date;shift;ours;theirs\n2026-11-06;A;1;1\n".to_owned(), 1),
    ];
    for (text, line) in cases {
        fleet.write(EVIDENCE, &text);
        assert_eq!(state(&fleet), "provisional", "{text}");
        let found = fleet.jig("-j 1 --as-of 2026-11-22 validate grr/pk1 --format json").run().findings();
        let told = found.iter().find(|found| found.rule == "unreadable-evidence");
        let told = told.unwrap_or_else(|| panic!("{text}: {found:?}"));
        assert_eq!((told.file.as_str(), told.line), (EVIDENCE, line), "{text}");
    }
}

#[test]
fn a_tolerance_may_be_a_share_or_a_number() {
    let fleet = copy_example("kestrel");
    let shifts = |ours: u32, theirs: u32| {
        let rows: Vec<String> = (1..=20).map(|day| format!("2026-11-{day:02},A,{ours},{theirs}")).collect();
        file(&rows)
    };
    let tolerances = [
        ("relative: 0.01", shifts(5, 0), "disputed"),
        ("relative: 0.01", shifts(0, 0), "trusted"),
        ("absolute: 5", shifts(5, 0), "trusted"),
        ("absolute: 5", shifts(1006, 1000), "disputed"),
        ("relative: 0.01, absolute: 50", shifts(1050, 1000), "trusted"),
    ];
    let metrics = fleet.read("metrics.yaml");
    for (tolerance, text, wanted) in tolerances {
        fleet.write(
            "metrics.yaml",
            metrics.replace("tolerance: { relative: 0.01 }", &format!("tolerance: {{ {tolerance} }}")),
        );
        fleet.write(EVIDENCE, &text);
        assert_eq!(state(&fleet), wanted, "{tolerance}: {text}");
    }
}
