//! Conduits and flows of one line or site, each with both ends, its service and its devices.

use super::texts::Reader;
use crate::finding::{Finding, Place};
use crate::load::nearest;
use crate::model::conduits;
use crate::model::conduits::{ACCESS, AUTH, Conduits, Service};
use crate::resolve::expression::{Scope, Value, evaluate};
use crate::resolve::plan::{Asset, Conduit, End, Flow, Plan};
use crate::resolve::{services, units};
use crate::source::child;
use serde_json::json;

/// Resolves the conduits and flows of a plan's blueprint; returns which failures are about zones and assets that are
/// not there, and their names.
pub(in crate::resolve) fn flows(plan: &mut Plan, scope: &Scope) -> Vec<(usize, String)> {
    let standard = plan.standard.clone();
    let Some(loaded) = &standard.conduits else { return vec![] };
    let mut resolver = FlowResolver {
        model: &loaded.model,
        reader: Reader { document: &loaded.document, scope: scope.clone(), failures: vec![] },
        plan,
        lacking: vec![],
    };
    let mut flows = vec![];
    let mut all = vec![];
    for (id, conduit) in &loaded.model.conduits {
        let (conduit, mut found) = resolver.conduit(id.as_str(), conduit);
        all.push(conduit);
        flows.append(&mut found);
    }
    let failures = std::mem::take(&mut resolver.reader.failures);
    let lacking = std::mem::take(&mut resolver.lacking);
    let before = plan.failures.len();
    plan.failures.extend(failures);
    plan.conduits = all;
    plan.flows = flows;
    lacking.into_iter().map(|(index, name)| (before + index, name)).collect()
}

struct FlowResolver<'a> {
    model: &'a Conduits,
    reader: Reader<'a>,
    plan: &'a Plan,
    /// Failures about zones and assets that are not there, and their names.
    lacking: Vec<(usize, String)>,
}

impl FlowResolver<'_> {
    fn conduit(&mut self, id: &str, conduit: &conduits::Conduit) -> (Conduit, Vec<Flow>) {
        let at = child("/conduits", id);
        let many = |reader: &mut Reader<'_>, texts: &[String], key: &str| -> Vec<String> {
            let pointer = child(&at, key);
            let one =
                |(index, text): (usize, &String)| reader.text(text, &child(&pointer, &index.to_string()));
            texts.iter().enumerate().filter_map(one).collect()
        };
        let zones = many(&mut self.reader, &conduit.zones, "zones");
        let enforced_by = many(&mut self.reader, &conduit.enforced_by, "enforced_by");
        let reader = &mut self.reader;
        let mut resolved = Conduit {
            id: id.to_owned(),
            name: reader.maybe(conduit.name.as_deref(), &child(&at, "name")).unwrap_or_else(|| id.to_owned()),
            zones,
            owner: reader.maybe(conduit.owner.as_ref().map(|o| o.as_str()), &child(&at, "owner")),
            decision: reader.maybe(conduit.decision.as_deref(), &child(&at, "decision")),
            review_by: None,
            if_lost: reader.maybe(conduit.if_lost.as_deref(), &child(&at, "if_lost")),
            budget: json!(conduit.budget),
            enforced_by,
            flows: vec![],
        };
        let mut flows = vec![];
        for (flow_id, flow) in &conduit.flows {
            let pointer = child(&child(&at, "flows"), flow_id.as_str());
            let before = flows.len();
            self.flow(flow_id.as_str(), flow, &resolved, &pointer, &mut flows);
            if flows.len() > before {
                resolved.flows.push(flow_id.to_string());
            }
        }
        if !flows.is_empty() {
            self.check_conduit(&resolved, &at);
        }
        (resolved, flows)
    }

    /// Names that a conduit with flows uses must exist.
    fn check_conduit(&mut self, conduit: &Conduit, at: &str) {
        for (index, zone) in conduit.zones.iter().enumerate() {
            if !self.plan.zones.contains_key(zone) {
                let known = self.plan.zones.keys().map(String::as_str);
                self.unknown("zone", zone, known, &format!("{at}/zones/{index}"));
            }
        }
        for (index, device) in conduit.enforced_by.iter().enumerate() {
            if !self.plan.devices.contains_key(device) {
                let known = self.plan.devices.keys().map(String::as_str);
                self.unknown("device", device, known, &format!("{at}/enforced_by/{index}"));
            }
        }
    }

    fn unknown<'k>(&mut self, noun: &str, name: &str, known: impl Iterator<Item = &'k str>, pointer: &str) {
        let next = nearest(name, known).map_or_else(
            || {
                let article = if noun.starts_with('a') { "an" } else { "a" };
                format!("define it, or name {article} {noun} that exists")
            },
            |near| format!("did you mean `{near}`?"),
        );
        let place = Place::value(self.reader.document, pointer);
        let message = format!("there is no {noun} `{name}`");
        if noun.ends_with("zone") {
            self.lacking.push((self.reader.failures.len(), name.to_owned()));
        }
        self.reader.failures.push(Finding::error("unknown-reference", message).at(place).next(next));
    }

    fn flow(&mut self, id: &str, flow: &conduits::Flow, conduit: &Conduit, at: &str, out: &mut Vec<Flow>) {
        let units = match &flow.for_each {
            None => vec![None],
            Some(list) => match self.elements(list, &child(at, "for_each")) {
                Some(elements) => elements.into_iter().map(Some).collect(),
                None => return,
            },
        };
        for unit in units {
            let outer = self.reader.scope.clone();
            if let Some(unit) = &unit {
                self.reader.scope = outer.with("unit", unit.clone());
            }
            if self.exists(flow, at)
                && let Some(flow) = self.one(id, flow, conduit, unit, at)
            {
                out.push(flow);
            }
            self.reader.scope = outer;
        }
    }

    /// The elements of a list value; `units` with their type's fields.
    fn elements(&mut self, list: &str, at: &str) -> Option<Vec<Value>> {
        if list == "units" && !self.plan.units.is_empty() {
            return Some(self.plan.units.clone());
        }
        let Some(value) = self.plan.values.get(list) else {
            let known: Vec<&str> = self.plan.values.keys().map(String::as_str).collect();
            self.unknown("value", list, known.into_iter(), at);
            return None;
        };
        match value.value.try_iter() {
            Ok(items) if value.value.as_str().is_none() => {
                let enrich = |item: Value| units::enrich(&item, self.plan);
                Some(items.map(enrich).collect())
            }
            _ => {
                self.reader.fail(at, format!("`{list}` is no list"), "name a value that is a list");
                None
            }
        }
    }

    fn exists(&mut self, flow: &conduits::Flow, at: &str) -> bool {
        let Some(when) = &flow.when else { return true };
        let pointer = child(at, "when");
        let inner = when.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(when);
        match evaluate(inner, &self.reader.scope) {
            Ok(value) => value.is_true(),
            Err(error) => {
                self.reader.fail(&pointer, error, "define the name, or correct the condition");
                false
            }
        }
    }

    fn one(
        &mut self,
        id: &str,
        flow: &conduits::Flow,
        conduit: &Conduit,
        unit: Option<Value>,
        at: &str,
    ) -> Option<Flow> {
        let purpose = self.reader.text(&flow.purpose, &child(at, "purpose"))?;
        let from = self.reader.text(&flow.from, &child(at, "from"))?;
        let to = self.reader.text(&flow.to, &child(at, "to"))?;
        let service = self.reader.text(&flow.service, &child(at, "service"))?;
        let access = self.word(&flow.access, ACCESS, &child(at, "access"))?;
        let auth = match &flow.auth {
            Some(auth) => Some(self.word(auth, AUTH, &child(at, "auth"))?),
            None => None,
        };
        let countermeasure = match &flow.countermeasure {
            Some(text) => Some(self.countermeasure(text, at)?),
            None => None,
        };
        let owner = self.reader.maybe(flow.owner.as_ref().map(|o| o.as_str()), &child(at, "owner"));
        let known = self.service(&service, &child(at, "service"))?;
        let from = self.end(&from, &to, conduit, unit.as_ref(), &child(at, "from"));
        let to_name = self.reader.text(&flow.to, &child(at, "to"))?;
        let other = from.as_ref().map(|end| end.name.clone()).unwrap_or_default();
        let to = self.end(&to_name, &other, conduit, unit.as_ref(), &child(at, "to"));
        let key = match &unit {
            Some(unit) => format!("{id} {}", units::name(unit)),
            None => id.to_owned(),
        };
        Some(Flow {
            id: id.to_owned(),
            key,
            conduit: conduit.id.clone(),
            purpose,
            owner: owner.or_else(|| conduit.owner.clone()),
            decision: conduit.decision.clone(),
            review_by: None,
            access,
            auth,
            service,
            matches: known.matches,
            from: from?,
            to: to?,
            unit: unit.unwrap_or(Value::from(())),
            devices: conduit.enforced_by.clone(),
            countermeasure,
            expires: flow.expires.as_ref().map(ToString::to_string),
            line: None,
            encrypted: known.encrypted,
        })
    }

    fn word(&mut self, text: &str, allowed: &[&str], pointer: &str) -> Option<String> {
        let word = self.reader.text(text, pointer)?;
        if allowed.contains(&word.as_str()) {
            return Some(word);
        }
        let next = nearest(&word, allowed.iter().copied()).map_or_else(
            || format!("use one of {}", allowed.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        self.reader.fail(pointer, format!("`{word}` is not one of {}", allowed.join(", ")), next);
        None
    }

    fn countermeasure(&mut self, text: &str, at: &str) -> Option<String> {
        let pointer = child(at, "countermeasure");
        let id = self.reader.text(text, &pointer)?;
        if self.model.countermeasures.contains_key(id.as_str()) {
            return Some(id);
        }
        let known: Vec<&str> = self.model.countermeasures.keys().map(|id| id.as_str()).collect();
        self.unknown("countermeasure", &id, known.into_iter(), &pointer);
        None
    }

    fn service(&mut self, name: &str, pointer: &str) -> Option<Service> {
        let own = self.model.services.get(name).cloned();
        let found = own.or_else(|| services::builtin(name));
        if found.is_none() {
            if name == "opc-da" {
                let message = "opc-da opens dynamic ports; no rule can hold it";
                self.reader.fail(
                    pointer,
                    message,
                    "use OPC UA, or a tunnel with one port, as a service of your own",
                );
                return None;
            }
            let mut known: Vec<&str> = services::names().collect();
            known.extend(self.model.services.keys().map(|id| id.as_str()));
            self.unknown("service", name, known.into_iter(), pointer);
        }
        found
    }

    /// An end is an asset, a zone, or the unit, whose zone is the conduit's other zone.
    fn end(
        &mut self,
        name: &str,
        other: &str,
        conduit: &Conduit,
        unit: Option<&Value>,
        pointer: &str,
    ) -> Option<End> {
        if name == "unit" {
            return self.unit_end(other, conduit, unit, pointer);
        }
        let (zone, addresses, is_broken) = if let Some(asset) = self.plan.assets.get(name) {
            if !self.plan.zones.contains_key(&asset.zone) {
                self.stranded(asset);
                return None;
            }
            (asset.zone.clone(), asset.addresses.clone(), asset.is_broken)
        } else if let Some(zone) = self.plan.zones.get(name) {
            (zone.id.clone(), zone.prefixes.clone(), zone.is_broken)
        } else {
            let known: Vec<&str> =
                self.plan.assets.keys().chain(self.plan.zones.keys()).map(String::as_str).collect();
            self.unknown("asset or zone", name, known.into_iter(), pointer);
            return None;
        };
        if addresses.is_empty() && is_broken {
            return None;
        }
        if addresses.is_empty() {
            self.reader.fail(
                pointer,
                format!("`{name}` has no address"),
                "give it addresses; an empty one would mean any",
            );
            return None;
        }
        Some(End { name: name.to_owned(), zone, addresses })
    }

    /// An asset in a zone that nobody defined.
    fn stranded(&mut self, asset: &Asset) {
        let near = nearest(&asset.zone, self.plan.zones.keys().map(String::as_str));
        let next =
            near.map_or_else(|| "define the zone".to_owned(), |near| format!("did you mean `{near}`?"));
        let message =
            format!("asset `{}` stands in the zone `{}`, which is not defined", asset.id, asset.zone);
        let finding = Finding::error("unknown-reference", message).next(next);
        self.lacking.push((self.reader.failures.len(), asset.zone.clone()));
        self.reader.failures.push(match &asset.place {
            Some(place) => finding.at(place.clone()),
            None => finding,
        });
    }

    fn unit_end(
        &mut self,
        other: &str,
        conduit: &Conduit,
        unit: Option<&Value>,
        pointer: &str,
    ) -> Option<End> {
        let Some(unit) = unit else {
            self.reader.fail(pointer, "`unit` needs `for_each`", "add for_each: units");
            return None;
        };
        let name = units::name(unit);
        let ip = unit.get_attr("ip").ok().filter(|ip| !ip.is_undefined() && !ip.is_none());
        let Some(ip) = ip else {
            self.reader.fail(pointer, format!("unit `{name}` has no `ip`"), "give the unit an address");
            return None;
        };
        let addresses = self.reader.address_list(&ip, pointer);
        if addresses.is_empty() {
            return None;
        }
        let other_zone = self.plan.assets.get(other).map_or(other, |asset| asset.zone.as_str());
        let zone = conduit.zones.iter().find(|zone| *zone != other_zone).or(conduit.zones.first());
        Some(End { name, zone: zone.cloned().unwrap_or_default(), addresses })
    }
}
