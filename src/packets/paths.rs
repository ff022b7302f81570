//! What differs between two rulesets as a list of paths, for whoever draws them: which packets, which way, in words.

use super::difference::{Change, Difference};
use super::region::Region;
use super::words::{Names, by};

/// What became of some packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// They pass, and should not.
    Opens,
    /// They are stopped, and should pass.
    Stops,
    /// Nobody can tell.
    Unknown,
}

/// Packets that are treated otherwise than intended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// In which way.
    pub way: Way,
    /// Which packets.
    pub packets: Region,
    /// The same for people: `tcp/502 (modbus) from enterprise 10.0.0.0/16 to cell 10.20.104.0/24 [deployed rule 31]`.
    pub words: String,
}

/// How many paths of one way are listed; beyond, each is as wide as the rule that decides it.
const MOST: usize = 32;

impl Names {
    /// Lists what two rulesets decide differently; `chain` is the one that differs.
    pub fn paths(&self, found: &Difference, chain: &str) -> Vec<Path> {
        let ways =
            [(Way::Opens, &found.opens), (Way::Stops, &found.closes), (Way::Unknown, &found.undetermined)];
        let mut paths: Vec<Path> = ways
            .into_iter()
            .flat_map(|(way, changes)| {
                let is_long = found.coarse || changes.len() > MOST;
                changes.iter().flat_map(move |change| self.of_change(way, change, chain, is_long))
            })
            .collect();
        if found.given_up {
            let words = "everything: too many rules that overlap".to_owned();
            paths.push(Path { way: Way::Unknown, packets: Region::all(), words });
        }
        paths.sort_by(|a, b| (a.way, &a.words, &a.packets).cmp(&(b.way, &b.words, &b.packets)));
        paths.dedup();
        paths
    }

    fn of_change(&self, way: Way, change: &Change, chain: &str, is_long: bool) -> Vec<Path> {
        let regions = match change.rule.as_slice() {
            wide @ [_, ..] if is_long => wide,
            _ => std::slice::from_ref(&change.packets),
        };
        let by = by(change, chain);
        let path = |packets: &Region| Path {
            way,
            packets: packets.clone(),
            words: format!("{}{by}", self.packets(packets)),
        };
        regions.iter().map(path).collect()
    }
}
