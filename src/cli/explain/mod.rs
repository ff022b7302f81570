//! `jig explain`: why something is here, who owns it, where it comes from.

mod conduit;
mod file;
mod flow;
mod line;
mod metric;
mod path;
mod record;

use super::session::Session;
use super::{Failure, Outcome, Run};
use crate::check::{RULES, Rule, rule};
use crate::load::{Fleet, nearest};
use crate::report;
use clap::Args;
use serde_json::json;

/// Explains a rule, a line of a rendered file, a flow, a conduit, a metric or a record
///
/// Of a line: which template wrote it, where each value in it is set, and which flow it serves with its purpose,
/// owner and decision. Of a file: its target, owner, flows, and whether it is as rendered. FILE is named as it lies
/// under intended/. Of a record also the digests that its approvals must name.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  jig explain grr/pk2/firewall/pk2.nft:41     a line\n  \
                        jig explain intended/grr/pk2/firewall/pk2.nft   a file\n  jig explain F-01.1 grr/pk2                  \
                        a flow, there\n  jig explain oee-index                       a metric\n  \
                        jig explain undecided-conduit               a rule\n  jig explain RD-001                          \
                        a record")]
pub(crate) struct Explain {
    /// A rule, FILE[:LINE], a flow, a conduit, a metric, a decision or a deviation
    #[arg(value_name = "RULE|FILE[:LINE]|FLOW|CONDUIT|METRIC|RECORD")]
    what: String,
    /// Where: sites, lines or globs, for a flow, conduit or metric; none means everywhere
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,
}

pub(crate) fn run(session: &mut Session, args: &Explain) -> Run {
    if let Some(rule) = rule(&args.what) {
        return explain_rule(session, rule);
    }
    let (fleet, _) = session.fleet()?;
    let fleet = fleet.ok_or_else(|| Failure::new("the fleet cannot be read", "`jig validate` says why"))?;
    let what = args.what.as_str();
    if fleet.decisions.contains_key(what) || fleet.deviations.contains_key(what) {
        return record::record(session, &fleet, what);
    }
    if flow::ids(&fleet).contains(what) {
        return flow::explain(session, &fleet, what, &args.addresses);
    }
    if conduit::ids(&fleet).contains(what) {
        return conduit::explain(session, &fleet, what, &args.addresses);
    }
    if fleet.metrics.metrics.contains_key(what) {
        return metric::explain(session, &fleet, what, &args.addresses);
    }
    if let Some(place) = path::parse(&fleet, &session.root()?, what) {
        return match place.line {
            Some(number) => line::explain(session, fleet, &place, number),
            None => file::explain(session, fleet, &place),
        };
    }
    Err(unknown(&fleet, what))
}

fn unknown(fleet: &Fleet, what: &str) -> Failure {
    if path::looks_like_file(what) {
        let message = format!("`{what}` is no file that jig renders here");
        return Failure::new(
            message,
            "name it as it lies under intended/: <site>/<line>/... or <site>/_site/...",
        );
    }
    let flows = flow::ids(fleet);
    let metrics = fleet.metrics.metrics.keys().map(|id| id.as_str());
    let records = fleet.decisions.keys().chain(fleet.deviations.keys()).map(String::as_str);
    let conduits = conduit::ids(fleet);
    let known = RULES.iter().map(|rule| rule.name).chain(records).chain(metrics);
    let hint = nearest(what, known.chain(flows.iter().chain(&conduits).map(String::as_str))).map_or_else(
        || {
            "name a rule, FILE[:LINE] under intended/, a flow, a conduit, a metric, or a record such as RD-001"
                .to_owned()
        },
        |near| format!("did you mean `{near}`?"),
    );
    Failure::new(format!("`{what}` is neither a rule nor a file, flow, conduit, metric or record here"), hint)
}

fn explain_rule(session: &Session, rule: &Rule) -> Run {
    if session.on_stdout(report::JSON) {
        let mut object = report::json_object("explain");
        object.insert("rule".into(), json!(rule.name));
        object.insert("level".into(), json!(rule.level.as_str()));
        object.insert("what".into(), json!(rule.what));
        object.insert("why".into(), json!(rule.why));
        object.insert("instead".into(), json!(rule.instead));
        object.insert("see".into(), json!(rule.see));
        session.out(&serde_json::Value::Object(object).to_string());
    } else {
        session.out(&format!("{} ({})\n", rule.name, rule.level.as_str()));
        let see = if rule.see.is_empty() { String::new() } else { format!("\nSee: {}", rule.see) };
        session.out(&format!("{}\n\nWhy: {}\nInstead: {}{see}", rule.what, rule.why, rule.instead));
    }
    Ok(Outcome::InOrder)
}
