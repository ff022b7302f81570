//! "Did you mean": the nearest known word.

/// Returns the known word nearest to `word`, if it is near enough to be a slip.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase().replace('_', "-");
    known
        .into_iter()
        .map(|candidate| {
            let other = candidate.to_lowercase().replace('_', "-");
            (strsim::damerau_levenshtein(&folded, &other), candidate)
        })
        .filter(|(distance, candidate)| {
            let length = candidate.chars().count().max(word.chars().count());
            *candidate != word && *distance <= 1 + length / 5 && *distance < length
        })
        .min_by_key(|(distance, candidate)| (*distance, candidate.len()))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let known = ["blueprint", "area", "inputs", "overrides"];
        assert_eq!(nearest("bluprint", known), Some("blueprint"));
        assert_eq!(nearest("Area", known), Some("area"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("override", known), Some("overrides"));
    }
}
