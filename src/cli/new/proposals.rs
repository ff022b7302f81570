//! The next free subnet and address, where `unique` and `within` tell it.

use crate::load::{Fleet, read_document};
use crate::resolve::expression::{Scope, evaluate};
use ipnet::IpNet;
use serde_json::Value as Json;
use std::net::IpAddr;

/// What other lines answered, and what the site has taken.
pub(super) struct Neighbours {
    /// Answers of the lines of the same site, then of all others.
    here: Vec<Json>,
    elsewhere: Vec<Json>,
    /// Networks and addresses of the site's zones.
    taken: Vec<IpNet>,
    supernet: Option<IpNet>,
}

impl Neighbours {
    pub(super) fn read(fleet: &Fleet, site: &str) -> Self {
        let mut found = Self { here: vec![], elsewhere: vec![], taken: vec![], supernet: None };
        for entry in &fleet.sites {
            for line in &entry.lines {
                let Ok(document) = read_document(&fleet.tree, &line.path, &line.path) else { continue };
                let Some(inputs) = document.root.get("inputs").map(|member| member.node.to_json()) else {
                    continue;
                };
                if entry.id == site { found.here.push(inputs) } else { found.elsewhere.push(inputs) }
            }
        }
        let path = format!("sites/{site}/site.yaml");
        if let Ok(document) = read_document(&fleet.tree, &path, &path) {
            let json = document.root.to_json();
            found.supernet = json.get("supernet").and_then(Json::as_str).and_then(|text| text.parse().ok());
            collect_networks(json.get("zones").unwrap_or(&Json::Null), &mut found.taken);
        }
        found
    }

    /// Adds the answers of a line that is being made.
    pub(super) fn add(&mut self, inputs: Json) {
        self.here.push(inputs);
    }

    /// Proposes an answer for the input `name`.
    pub(super) fn propose(&self, name: &str, schema: &Json, scope: &Scope) -> Option<String> {
        let format = schema.get("format").and_then(Json::as_str)?;
        let within = schema.get("within").and_then(Json::as_str);
        let within = within.and_then(|expression| evaluate(expression, scope).ok());
        let within: Option<IpNet> = within.and_then(|value| value.as_str()?.parse().ok());
        match format {
            "ipv4-network" | "ipv6-network" => self.next_network(name, format, within.or(self.supernet)),
            "ipv4" | "ipv6" => {
                let mine: Vec<IpAddr> =
                    self.here.iter().filter_map(|inputs| address_of(inputs.get(name)?)).collect();
                self.next_address(&mine, within?)
            }
            _ => None,
        }
    }

    /// Proposes an address inside a network, after those in `mine`.
    pub(super) fn next_address(&self, mine: &[IpAddr], within: IpNet) -> Option<String> {
        const FIRST: u128 = 11;
        let mut used: Vec<IpNet> =
            self.taken.iter().copied().filter(|net| net.prefix_len() == net.max_prefix_len()).collect();
        for inputs in self.here.iter().chain(&self.elsewhere) {
            collect_networks(inputs, &mut used);
        }
        used.extend(mine.iter().map(|address| IpNet::from(*address)));
        let base = number(within.network());
        let last =
            mine.iter().filter(|address| within.contains(*address)).map(|address| number(*address)).max();
        let start = last.map_or(base + FIRST, |last| last + 1);
        let size =
            1u128.checked_shl(u32::from(within.max_prefix_len() - within.prefix_len())).unwrap_or(u128::MAX);
        let end = base.saturating_add(size.min(1 << 16)).saturating_sub(2);
        let is_free = |candidate: &u128| {
            let address = address(*candidate, within);
            !used.iter().any(|net| net.prefix_len() == net.max_prefix_len() && net.addr() == address)
        };
        let after = (start..=end).find(is_free);
        after
            .or_else(|| (base + 1..start.min(end + 1)).find(is_free))
            .map(|free| address(free, within).to_string())
    }

    fn next_network(&self, name: &str, format: &str, pool: Option<IpNet>) -> Option<String> {
        let is_v4 = format == "ipv4-network";
        let fits = |net: &IpNet| matches!(net, IpNet::V4(_)) == is_v4;
        let of = |all: &[Json]| -> Vec<IpNet> {
            let mut found: Vec<IpNet> = all
                .iter()
                .filter_map(|inputs| inputs.get(name)?.as_str()?.parse().ok())
                .filter(fits)
                .collect();
            found.sort();
            found
        };
        let here = of(&self.here);
        let all: Vec<IpNet> = here.iter().copied().chain(of(&self.elsewhere)).collect();
        let model = here.last().or(all.last())?;
        let length = model.prefix_len();
        let size = 1u128.checked_shl(u32::from(model.max_prefix_len() - length))?;
        let mut used = self.taken.clone();
        for inputs in self.here.iter().chain(&self.elsewhere) {
            collect_networks(inputs, &mut used);
        }
        let pool = pool.filter(fits).or_else(|| here.last().map(|net| around(*net)))?;
        let steps = here.windows(2).map(|pair| number(pair[1].network()) - number(pair[0].network()));
        let step = steps.filter(|step| *step >= size).min().unwrap_or(size);
        let first = number(pool.network());
        let end =
            first.saturating_add(1u128.checked_shl(u32::from(pool.max_prefix_len() - pool.prefix_len()))?);
        let start = here.last().map_or(first, |last| number(last.network()) + step);
        let candidate = |base: u128| -> Option<IpNet> {
            let net = IpNet::new(address(base, pool), length).ok()?;
            let free = !used.iter().any(|taken| taken.contains(&net) || net.contains(taken));
            (base + size <= end && net.trunc() == net && free).then_some(net)
        };
        const MOST: u128 = 1 << 16;
        let after =
            (0..MOST).map_while(|k| (start + k * step < end).then_some(start + k * step)).find_map(candidate);
        let found = after.or_else(|| {
            (0..MOST).map_while(|k| (first + k * size < end).then_some(first + k * size)).find_map(candidate)
        });
        found.map(|net| net.to_string())
    }
}

/// A network eight bits wider, where nothing says how far a site's networks reach.
fn around(net: IpNet) -> IpNet {
    IpNet::new(net.addr(), net.prefix_len().saturating_sub(8)).map_or(net, |wide| wide.trunc())
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

fn address(number: u128, like: IpNet) -> IpAddr {
    match like {
        IpNet::V4(_) => IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into()),
        IpNet::V6(_) => IpAddr::V6(number.into()),
    }
}

fn address_of(value: &Json) -> Option<IpAddr> {
    value.as_str()?.parse().ok()
}

fn collect_networks(value: &Json, into: &mut Vec<IpNet>) {
    match value {
        Json::String(text) => {
            into.extend(text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)));
        }
        Json::Array(items) => items.iter().for_each(|item| collect_networks(item, into)),
        Json::Object(members) => members.values().for_each(|member| collect_networks(member, into)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn neighbours() -> Neighbours {
        let line = |third: u8, host: u8| {
            json!({ "cell_subnet": format!("10.20.{third}.0/24"), "safety_subnet": format!("10.20.{}.0/28", third + 1),
                    "gateway_ip": format!("10.20.30.{host}") })
        };
        let taken = ["10.20.10.0/24", "10.20.30.0/24"].map(|text| text.parse().expect("a network"));
        Neighbours {
            here: vec![line(100, 11), line(104, 12)],
            elsewhere: vec![json!({ "cell_subnet": "10.30.100.0/24" })],
            taken: taken.into(),
            supernet: "10.20.0.0/16".parse().ok(),
        }
    }

    #[test]
    fn the_next_subnet_keeps_the_step_and_avoids_what_is_taken() {
        let found = neighbours().propose(
            "cell_subnet",
            &json!({ "format": "ipv4-network" }),
            &Scope::new::<&str>([]),
        );
        assert_eq!(found.as_deref(), Some("10.20.108.0/24"));
    }

    #[test]
    fn the_next_address_follows_the_neighbours() {
        let schema = json!({ "format": "ipv4", "within": "'10.20.30.0/24'" });
        let found = neighbours().propose("gateway_ip", &schema, &Scope::new::<&str>([]));
        assert_eq!(found.as_deref(), Some("10.20.30.13"));
    }
}
