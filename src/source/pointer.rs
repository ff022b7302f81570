//! JSON Pointers (RFC 6901): how a value inside a document is named.

/// Returns `pointer` extended by one key or index.
pub fn child(pointer: &str, token: &str) -> String {
    let mut out = String::with_capacity(pointer.len() + token.len() + 1);
    out.push_str(pointer);
    out.push('/');
    for c in token.chars() {
        match c {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            c => out.push(c),
        }
    }
    out
}

/// Returns the unescaped tokens of a pointer; the empty pointer has none.
pub fn parse(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_keys_survive_the_round_trip() {
        let pointer = child(&child("", "a/b"), "c~d");
        assert_eq!(pointer, "/a~1b/c~0d");
        assert_eq!(parse(&pointer).collect::<Vec<_>>(), ["a/b", "c~d"]);
    }
}
