//! What of a packet rules can ask for, and boxes of packets over it.
//!
//! The packets spoken of are whole IPv4 and IPv6 packets: not fragments, and without extension headers before the
//! protocol. Two fields of the same packet never meet, so they share a place: ICMP's type stands where other
//! protocols have their destination port, its code where they have their source port.

use super::ranges::Ranges;

/// A field of a packet, in the order in which diagrams ask for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// 0 is IPv4, 1 is IPv6.
    Family,
    /// What connection tracking says: see [`STATES`].
    State,
    /// The interface it came in by, as [`super::words::interface`] writes it.
    In,
    /// The interface it leaves by.
    Out,
    /// Destination address.
    Destination,
    /// Source address.
    Source,
    /// Protocol number (IANA).
    Protocol,
    /// Destination port, or type of ICMP.
    Port,
    /// Source port, or code of ICMP.
    SourcePort,
}

/// How many fields there are.
pub const FIELDS: usize = 9;

/// All fields in their order.
pub const ALL: [Field; FIELDS] = [
    Field::Family,
    Field::State,
    Field::In,
    Field::Out,
    Field::Destination,
    Field::Source,
    Field::Protocol,
    Field::Port,
    Field::SourcePort,
];

/// States of a connection, by number.
pub const STATES: [&str; 5] = ["new", "established", "related", "invalid", "untracked"];

/// The first packet of a connection.
pub const NEW: u8 = 0;
/// IPv4 among families.
pub const IPV4: u8 = 0;
/// IPv6 among families.
pub const IPV6: u8 = 1;

impl Field {
    /// The largest value that it can have.
    ///
    /// Addresses of IPv4 and types of ICMP end earlier; their last value stands for all that follow, so that
    /// "all of them" has one spelling.
    pub const fn largest(self) -> u128 {
        match self {
            Self::Family => 1,
            Self::State => 4,
            Self::Protocol => 255,
            Self::Port | Self::SourcePort => 65535,
            Self::In | Self::Out | Self::Destination | Self::Source => u128::MAX,
        }
    }

    /// Its place among the fields.
    pub const fn place(self) -> usize {
        self as usize
    }
}

/// Packets whose every field is in a set of its own; a field that is not asked for is `None`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Region {
    fields: [Option<Ranges>; FIELDS],
}

impl Region {
    /// All packets.
    pub fn all() -> Self {
        Self::default()
    }

    /// Returns what one field may be.
    pub fn get(&self, field: Field) -> Option<&Ranges> {
        self.fields[field.place()].as_ref()
    }

    /// Narrows one field; `None` if no packet is left.
    pub fn with(mut self, field: Field, ranges: &Ranges) -> Option<Self> {
        let narrowed = match self.get(field) {
            Some(own) => own.meet(ranges),
            None => ranges.clone(),
        };
        if narrowed.is_empty() {
            return None;
        }
        self.set(field, narrowed);
        Some(self)
    }

    /// Sets one field, whatever it was.
    pub fn set(&mut self, field: Field, ranges: Ranges) {
        let is_whole = ranges.intervals() == [(0, field.largest())];
        self.fields[field.place()] = (!is_whole).then_some(ranges);
    }

    /// The packets of both.
    pub fn and(&self, other: &Self) -> Option<Self> {
        ALL.iter().try_fold(self.clone(), |narrowed, field| match other.get(*field) {
            Some(ranges) => narrowed.with(*field, ranges),
            None => Some(narrowed),
        })
    }

    /// Returns whether all packets of another region are in this one.
    pub fn covers(&self, other: &Self) -> bool {
        self.and(other).is_some_and(|both| both == *other)
    }
}

/// Lets the last value of a smaller range of numbers stand for all that follow it in a field.
///
/// 255.255.255.255 is the end of the addresses in IPv4; without this, `0.0.0.0/0` and "any" would differ.
#[must_use]
pub fn open_end(ranges: &Ranges, last: u128, field: Field) -> Ranges {
    let stretched = ranges
        .intervals()
        .iter()
        .map(|(low, high)| (*low, if *high == last { field.largest() } else { *high }));
    Ranges::of(stretched.collect())
}

/// All packets that are in one of the first regions and in one of the second.
pub fn cross(first: &[Region], second: &[Region]) -> Vec<Region> {
    first.iter().flat_map(|one| second.iter().filter_map(|two| one.and(two))).collect()
}
