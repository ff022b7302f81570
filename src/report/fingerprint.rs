//! What tells one finding from another across runs: never a line number, so that it stays when lines move.

use std::collections::HashMap;

/// Hands out fingerprints; what is alike in all its parts is counted in the order of the report.
#[derive(Default)]
pub(super) struct Fingerprints {
    seen: HashMap<String, usize>,
}

impl Fingerprints {
    /// Returns the fingerprint of a thing that is known by its parts.
    pub(super) fn of(&mut self, parts: &[&str]) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            // The length keeps `ab` `c` apart from `a` `bc`.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let digest = hasher.finalize().to_hex()[..32].to_owned();
        let count = self.seen.entry(digest.clone()).or_default();
        *count += 1;
        format!("{digest}:{count}")
    }

    /// Returns the fingerprint of a finding: its rule, file and address, and the line that it stands on.
    pub(super) fn finding(&mut self, finding: &crate::finding::Finding) -> String {
        let place = finding.place.as_ref();
        let excerpt = place.map_or("", |place| place.excerpt.lines().next().unwrap_or_default().trim());
        let words: String = match excerpt {
            "" => finding.message.chars().filter(|c| !c.is_ascii_digit()).collect(),
            line => line.split_whitespace().collect::<Vec<_>>().join(" "),
        };
        let address = finding.address.as_deref().unwrap_or_default();
        self.of(&[finding.rule, place.map_or("", |place| &place.file), address, &words])
    }

    /// Returns the fingerprint of a difference: its place. The value may change and it stays the same difference.
    pub(super) fn drift(&mut self, drift: &crate::compare::Drift) -> String {
        let address = drift.address.as_deref().unwrap_or_default();
        // Lines of a text have nothing but their number; their content tells them apart.
        let (path, content) = match drift.path.strip_prefix("line ") {
            Some(_) => ("line", drift.deployed.as_ref().or(drift.intended.as_ref())),
            None => (drift.path.as_str(), None),
        };
        let content = content.map(ToString::to_string).unwrap_or_default();
        self.of(&[drift.kind.as_str(), address, &drift.file, path, &content])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_is_counted() {
        let mut prints = Fingerprints::default();
        let [one, two, other] = [prints.of(&["a", "bc"]), prints.of(&["a", "bc"]), prints.of(&["ab", "c"])];
        assert_ne!(one, two);
        assert_eq!(one.split(':').next(), two.split(':').next());
        assert_ne!(one.split(':').next(), other.split(':').next());
    }
}
