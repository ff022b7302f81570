//! Services: protocols with ports or kinds of ICMP, as objects of firewalls hold them.

use super::ranges::Ranges;
use super::region::{Field, IPV4, IPV6, Region, open_end};

/// Packets by protocol and port.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Services {
    pub regions: Vec<Region>,
    /// Something in it is not understood: there may be more.
    pub lost: Option<String>,
}

impl Services {
    pub(crate) fn all() -> Self {
        Self { regions: vec![Region::all()], lost: None }
    }

    pub(crate) fn lost(what: impl Into<String>) -> Self {
        Self { lost: Some(what.into()), ..Self::all() }
    }

    pub(crate) fn protocol(number: Option<u8>) -> Self {
        let region = number.map_or_else(Region::all, |number| of(Field::Protocol, Ranges::one(number)));
        Self { regions: vec![region], lost: None }
    }

    pub(crate) fn icmp(is_v6: bool, kind: u8, code: Option<u8>) -> Self {
        let mut region = of(Field::Protocol, Ranges::one(if is_v6 { 58u8 } else { 1u8 }));
        region.set(Field::Family, Ranges::one(if is_v6 { IPV6 } else { IPV4 }));
        region.set(Field::Port, open_end(&Ranges::one(kind), 255, Field::Port));
        if let Some(code) = code {
            region.set(Field::SourcePort, open_end(&Ranges::one(code), 255, Field::SourcePort));
        }
        Self { regions: vec![region], lost: None }
    }

    pub(crate) fn join(&mut self, other: Self) {
        /// Groups of groups can be larger than any device holds.
        const MOST: usize = 20_000;
        if self.regions.len() + other.regions.len() > MOST {
            *self = Self::lost("a group too large to follow");
            return;
        }
        self.regions.extend(other.regions);
        self.lost = self.lost.take().or(other.lost);
    }
}

pub(crate) fn of(field: Field, ranges: Ranges) -> Region {
    let mut region = Region::all();
    region.set(field, ranges);
    region
}

/// Protocols with ports at either end.
pub(crate) fn with_ports(protocols: &[u8], source: Option<&Ranges>, target: Option<&Ranges>) -> Services {
    let mut region = of(
        Field::Protocol,
        Ranges::of(protocols.iter().map(|number| (u128::from(*number), u128::from(*number))).collect()),
    );
    for (field, ranges) in [(Field::SourcePort, source), (Field::Port, target)] {
        if let Some(ranges) = ranges {
            region.set(field, ranges.clone());
        }
    }
    Services { regions: vec![region], lost: None }
}
