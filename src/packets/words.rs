//! Packets in the words of people: zones, services, prefixes.

use super::ranges::Ranges;

/// How many characters of a name of an interface fit in its number; Linux allows 15 (IFNAMSIZ).
const NAME_BYTES: usize = 15;

/// An interface as a number: its name, so that names that begin alike stand together.
///
/// A longer name, such as of a zone of a firewall product, is its beginning and a digest.
pub fn interface(name: &str) -> u128 {
    let bytes = name.as_bytes();
    let mut number = [0u8; 16];
    if bytes.len() <= NAME_BYTES {
        number[..bytes.len()].copy_from_slice(bytes);
    } else {
        number[..8].copy_from_slice(&bytes[..8]);
        number[8..].copy_from_slice(&blake3::hash(bytes).as_bytes()[..8]);
        number[15] |= 1;
    }
    u128::from_be_bytes(number)
}

/// All interfaces whose names begin so.
pub fn interfaces(start: &str) -> Option<Ranges> {
    let bytes = start.as_bytes();
    if bytes.len() > NAME_BYTES {
        return None;
    }
    let low = interface(start);
    let rest = u128::MAX.checked_shr(8 * bytes.len() as u32).unwrap_or(0);
    Some(Ranges::span(low, low | rest))
}
