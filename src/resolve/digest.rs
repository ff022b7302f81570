//! The digest of values: the same whatever the layout, quoting and order of keys in their files.

use crate::source::{Content, Node};
use blake3::Hasher;

/// Returns `b3:` and the BLAKE3 of several values.
pub(super) fn of<'a>(nodes: impl Iterator<Item = &'a Node>) -> String {
    let mut hasher = Hasher::new();
    for node in nodes {
        feed(node, &mut hasher);
    }
    format!("b3:{}", hasher.finalize().to_hex())
}

fn feed(node: &Node, hasher: &mut Hasher) {
    match &node.content {
        Content::Null => bytes(b'n', &[], hasher),
        Content::Bool(value) => bytes(b'b', &[u8::from(*value)], hasher),
        Content::Int(value) => bytes(b'i', &value.to_le_bytes(), hasher),
        Content::Uint(value) => bytes(b'u', &value.to_le_bytes(), hasher),
        Content::Float(value) => bytes(b'f', &value.to_bits().to_le_bytes(), hasher),
        Content::Str(text) => bytes(b's', text.as_bytes(), hasher),
        Content::Seq(items) => {
            bytes(b'l', &(items.len() as u64).to_le_bytes(), hasher);
            items.iter().for_each(|item| feed(item, hasher));
        }
        Content::Map(members) => {
            bytes(b'm', &(members.len() as u64).to_le_bytes(), hasher);
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|a, b| a.key.cmp(&b.key));
            for member in sorted {
                bytes(b'k', member.key.as_bytes(), hasher);
                feed(&member.node, hasher);
            }
        }
    }
}

fn bytes(tag: u8, content: &[u8], hasher: &mut Hasher) {
    hasher.update(&[tag]);
    hasher.update(&(content.len() as u64).to_le_bytes());
    hasher.update(content);
}
