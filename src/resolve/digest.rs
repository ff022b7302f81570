//! The digest of values: the same whatever the layout, quoting and order of keys in their files.

use crate::source::{Content, Node};

/// Returns `b3:` and the BLAKE3 of several values.
pub(super) fn of<'a>(nodes: impl Iterator<Item = &'a Node>) -> String {
    let mut out = vec![];
    for node in nodes {
        feed(node, &mut out);
    }
    format!("b3:{}", blake3::hash(&out).to_hex())
}

fn feed(node: &Node, out: &mut Vec<u8>) {
    match &node.content {
        Content::Null => bytes(b'n', &[], out),
        Content::Bool(value) => bytes(b'b', &[u8::from(*value)], out),
        Content::Int(value) => bytes(b'i', &value.to_le_bytes(), out),
        Content::Uint(value) => bytes(b'u', &value.to_le_bytes(), out),
        Content::Float(value) => bytes(b'f', &value.to_bits().to_le_bytes(), out),
        Content::Str(text) => bytes(b's', text.as_bytes(), out),
        Content::Seq(items) => {
            bytes(b'l', &(items.len() as u64).to_le_bytes(), out);
            items.iter().for_each(|item| feed(item, out));
        }
        Content::Map(members) => {
            bytes(b'm', &(members.len() as u64).to_le_bytes(), out);
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            for member in sorted {
                bytes(b'k', member.key.as_bytes(), out);
                feed(&member.node, out);
            }
        }
    }
}

fn bytes(tag: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&(content.len() as u64).to_le_bytes());
    out.extend_from_slice(content);
}
