//! Addresses of both families, as objects of firewalls hold them.

use super::ranges::Ranges;
use super::region::{Field, IPV4, IPV6, Region, open_end};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses, family by family.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Addresses {
    pub v4: Ranges,
    pub v6: Ranges,
    /// Something in it is not understood: there may be more.
    pub lost: Option<String>,
}

impl Addresses {
    pub(crate) fn v4(ranges: Ranges) -> Self {
        Self { v4: ranges, ..Self::default() }
    }

    pub(crate) fn v6(ranges: Ranges) -> Self {
        Self { v6: ranges, ..Self::default() }
    }

    pub(crate) fn all_v4() -> Self {
        Self::v4(Ranges::span(0u8, u32::MAX))
    }

    pub(crate) fn all_v6() -> Self {
        Self::v6(Ranges::span(0u8, u128::MAX))
    }

    pub(crate) fn any() -> Self {
        let v4 = Self::all_v4().v4;
        Self { v4, ..Self::all_v6() }
    }

    pub(crate) fn lost(what: impl Into<String>) -> Self {
        Self { lost: Some(what.into()), ..Self::any() }
    }

    pub(crate) fn join(self, other: &Self) -> Self {
        Self {
            v4: self.v4.join(&other.v4),
            v6: self.v6.join(&other.v6),
            lost: self.lost.or_else(|| other.lost.clone()),
        }
    }

    /// The packets that have such an address there: one region per family.
    pub(crate) fn regions(&self, field: Field) -> Vec<Region> {
        let v4 = open_end(&self.v4, u32::MAX.into(), field);
        [(IPV4, v4), (IPV6, self.v6.clone())]
            .into_iter()
            .filter_map(|(family, ranges)| {
                Region::all().with(Field::Family, &Ranges::one(family))?.with(field, &ranges)
            })
            .collect()
    }
}

/// Addresses and prefixes of either family; what is neither is left out.
pub(crate) fn networks(texts: &[String]) -> Addresses {
    let found = texts.iter().filter_map(|text| prefix(text).or_else(|| host(text)));
    found.fold(Addresses::default(), |all, one| all.join(&one))
}

/// One address.
pub(crate) fn host(text: &str) -> Option<Addresses> {
    Some(match text.parse().ok()? {
        IpAddr::V4(address) => Addresses::v4(Ranges::one(u32::from(address))),
        IpAddr::V6(address) => Addresses::v6(Ranges::one(u128::from(address))),
    })
}

/// `2001:db8::/32`, `10.0.0.0/8`.
pub(crate) fn prefix(text: &str) -> Option<Addresses> {
    let (address, length) = text.split_once('/')?;
    let length: u32 = super::names::decimal(length)?;
    match address.parse().ok()? {
        IpAddr::V4(address) if length <= 32 => {
            let size = u32::MAX.checked_shr(length).unwrap_or(0);
            masked(address, Ipv4Addr::from(size))
        }
        IpAddr::V6(address) if length <= 128 => {
            let size = u128::MAX.checked_shr(length).unwrap_or(0);
            let address = u128::from(address);
            Some(Addresses::v6(Ranges::span(address & !size, address | size)))
        }
        _ => None,
    }
}

/// From one address to another.
pub(crate) fn span(first: &str, last: &str) -> Option<Addresses> {
    if let (Ok(first), Ok(last)) = (first.parse::<Ipv4Addr>(), last.parse::<Ipv4Addr>()) {
        return (first <= last).then(|| Addresses::v4(Ranges::span(u32::from(first), u32::from(last))));
    }
    let (first, last) = (first.parse::<Ipv6Addr>().ok()?, last.parse::<Ipv6Addr>().ok()?);
    (first <= last).then(|| Addresses::v6(Ranges::span(u128::from(first), u128::from(last))))
}

/// An address of which some bits do not count; they need not stand together.
pub(crate) fn masked(address: Ipv4Addr, wild: Ipv4Addr) -> Option<Addresses> {
    /// More ranges than this no list needs.
    const MOST: u32 = 12;
    let (address, wild) = (u32::from(address), u32::from(wild));
    // The bits at the end are one range; each bit above doubles their number.
    let end = wild.trailing_ones();
    let tail = u32::MAX.checked_shr(32 - end).unwrap_or(if end == 0 { 0 } else { u32::MAX });
    let holes = wild & !tail;
    if holes.count_ones() > MOST {
        return None;
    }
    let fixed = address & !wild;
    let mut ranges = vec![];
    let mut bits = 0u32;
    loop {
        ranges.push(((fixed | bits).into(), (fixed | bits | tail).into()));
        bits = bits.wrapping_sub(holes) & holes;
        if bits == 0 {
            return Some(Addresses::v4(Ranges::of(ranges)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wild_bits_need_not_stand_together() {
        let address = |text: &str| text.parse::<Ipv4Addr>().expect("an address");
        let number = |text: &str| u128::from(u32::from(address(text)));
        let found = masked(address("10.0.5.0"), address("0.0.2.255")).expect("few ranges").v4;
        assert_eq!(
            found,
            Ranges::of(vec![
                (number("10.0.5.0"), number("10.0.5.255")),
                (number("10.0.7.0"), number("10.0.7.255"))
            ])
        );
        assert_eq!(masked(address("10.1.2.3"), address("0.0.0.0")), host("10.1.2.3"));
        assert_eq!(masked(address("1.2.3.4"), address("255.255.255.255")), Some(Addresses::all_v4()));
        assert_eq!(masked(address("0.0.0.1"), address("255.255.255.254")), None);
        assert_eq!(prefix("10.9.8.7/8"), span("10.0.0.0", "10.255.255.255"));
    }
}
