//! Addresses on the command line: `site`, `site/line`, or a glob; none means all.

use super::Failure;
use crate::load::{Fleet, SiteEntry, nearest};
use globset::{Glob, GlobMatcher};

/// A site, the lines of it that were selected, and whether the site's own outputs were.
#[derive(Debug)]
pub(crate) struct Selected<'a> {
    pub(crate) site: &'a SiteEntry,
    /// Indices into `site.lines`.
    pub(crate) lines: Vec<usize>,
    pub(crate) whole: bool,
}

/// Finds what the addresses name; an address that names nothing is a failure.
pub(crate) fn select<'a>(fleet: &'a Fleet, addresses: &[String]) -> Result<Vec<Selected<'a>>, Failure> {
    let all = |site: &'a SiteEntry| Selected { site, lines: (0..site.lines.len()).collect(), whole: true };
    if addresses.is_empty() {
        return Ok(fleet.sites.iter().map(all).collect());
    }
    let patterns = addresses.iter().map(|text| Pattern::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let mut used = vec![false; patterns.len()];
    let mut selected = vec![];
    for site in &fleet.sites {
        let mut whole = false;
        let mut lines: Vec<bool> = vec![false; site.lines.len()];
        for (index, pattern) in patterns.iter().enumerate() {
            if !pattern.site.is_match(&site.id) {
                continue;
            }
            match &pattern.line {
                None => {
                    whole = true;
                    used[index] = true;
                }
                Some(line) => {
                    for (at, entry) in
                        site.lines.iter().enumerate().filter(|(_, entry)| line.is_match(&entry.id))
                    {
                        let _ = entry;
                        lines[at] = true;
                        used[index] = true;
                    }
                }
            }
        }
        let lines: Vec<usize> = (0..lines.len()).filter(|at| whole || lines[*at]).collect();
        if whole || !lines.is_empty() {
            selected.push(Selected { site, lines, whole });
        }
    }
    match used.iter().position(|used| !used) {
        None => Ok(selected),
        Some(index) => Err(nothing(fleet, &addresses[index])),
    }
}

struct Pattern {
    site: GlobMatcher,
    line: Option<GlobMatcher>,
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, Failure> {
        let glob = |part: &str| {
            Glob::new(part).map(|glob| glob.compile_matcher()).map_err(|error| {
                Failure::new(
                    format!("`{text}` is no address: {error}"),
                    "write site, site/line, or a glob such as grr/*",
                )
            })
        };
        let text = text.trim_end_matches('/');
        match text.split_once('/') {
            Some((site, line)) => Ok(Self { site: glob(site)?, line: Some(glob(line)?) }),
            None => Ok(Self { site: glob(text)?, line: None }),
        }
    }
}

fn nothing(fleet: &Fleet, address: &str) -> Failure {
    let known: Vec<String> = fleet
        .sites
        .iter()
        .flat_map(|site| {
            std::iter::once(site.id.clone())
                .chain(site.lines.iter().map(|line| format!("{}/{}", site.id, line.id)))
        })
        .collect();
    let hint = match nearest(address, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "the fleet has no sites yet: `jig new site ID`".to_owned(),
        None => format!("there are {}", known.iter().take(12).cloned().collect::<Vec<_>>().join(", ")),
    };
    Failure::new(format!("no site or line is called `{address}`"), hint)
}
