//! Pages of Markdown: generated parts, blocks of commands, tables of expressions, links.
//!
//! - A generated part stands between `<!-- generated: NAME -->` and `<!-- end generated -->`.
//! - A block ```` ```sh ```` is run, unless it says ```` ```sh not-run ````. Each line of a ```` ```text ```` block that
//!   follows must be printed, in this order; a line `...` stands for any others. A command whose line ends with
//!   `# exit code 1` ends so. The blocks of a page follow each other in one terminal.
//! - In a part between `<!-- expressions -->` and `<!-- end expressions -->` the last cell of each row of a table holds
//!   expressions, each in backticks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// One page.
pub(crate) struct Page {
    /// Its path in the project.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Commands, and what they print.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) script: String,
    pub(crate) prints: Vec<String>,
}

/// The README and every page of the guide.
pub(crate) fn pages() -> Vec<Page> {
    let root = Path::new(super::ROOT);
    let mut names = vec![PathBuf::from("README.md"), PathBuf::from("CHANGELOG.md")];
    collect(root, Path::new("docs/src"), &mut names);
    names.sort();
    let read = |name: &PathBuf| Page {
        text: fs::read_to_string(root.join(name)).expect("a page can be read"),
        name: name.to_string_lossy().replace('\\', "/"),
    };
    names.iter().map(read).collect()
}

fn collect(root: &Path, folder: &Path, names: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(root.join(folder)).expect("the folder can be read") {
        let name = folder.join(entry.expect("an entry can be read").file_name());
        if root.join(&name).is_dir() {
            collect(root, &name, names);
        } else if name.extension().is_some_and(|extension| extension == "md") {
            names.push(name);
        }
    }
}

/// Replaces every generated part.
pub(crate) fn fill(page: &Page, part: &mut dyn FnMut(&str) -> String) -> String {
    const END: &str = "<!-- end generated -->";
    let mut out = String::new();
    let mut rest = page.text.as_str();
    while let Some((before, after)) = rest.split_once("<!-- generated: ") {
        let (name, after) = after.split_once(" -->").expect("the opening mark ends");
        let end = after.find(END).unwrap_or_else(|| panic!("{}: the part {name} does not end", page.name));
        out.push_str(&format!("{before}<!-- generated: {name} -->\n\n{}\n\n{END}", part(name).trim()));
        rest = &after[end + END.len()..];
    }
    out + rest
}

/// Fenced blocks: what stands behind the backticks, and the lines.
fn blocks(page: &Page) -> Vec<(&str, Vec<&str>)> {
    let mut found: Vec<(&str, Vec<&str>)> = vec![];
    let mut open = false;
    for line in page.text.lines() {
        match line.strip_prefix("```") {
            Some(info) if !open => {
                found.push((info.trim(), vec![]));
                open = true;
            }
            Some(_) => open = false,
            None if open => found.last_mut().expect("a block is open").1.push(line),
            None => {}
        }
    }
    found
}

/// The commands of a page in their order.
pub(crate) fn steps(page: &Page) -> Vec<Step> {
    let mut steps: Vec<Step> = vec![];
    let mut after_commands = false;
    for (info, lines) in blocks(page) {
        match info {
            "sh" => steps.push(Step { script: lines.join("\n"), prints: vec![] }),
            "text" if after_commands => {
                let said = lines.iter().filter(|line| !line.trim().is_empty() && **line != "...");
                steps
                    .last_mut()
                    .expect("commands came before")
                    .prints
                    .extend(said.map(|line| (*line).to_owned()));
            }
            _ => {}
        }
        after_commands = info == "sh";
    }
    steps
}

/// The expressions that the tables of a page name.
pub(crate) fn expressions(page: &Page) -> Vec<String> {
    let inside = page.text.split("<!-- expressions -->").skip(1);
    let inside = inside.filter_map(|part| Some(part.split_once("<!-- end expressions -->")?.0));
    let mut found = vec![];
    for row in inside.flat_map(str::lines).filter(|line| line.starts_with("| ") && !line.starts_with("| ---"))
    {
        let last = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap_or_default();
        found.extend(last.split('`').skip(1).step_by(2).map(str::to_owned));
    }
    found
}

/// Where the page's links lead, but for those that leave the project.
pub(crate) fn links(page: &Page) -> Vec<String> {
    let mut found = vec![];
    let mut fenced = false;
    for line in page.text.lines() {
        fenced ^= line.starts_with("```");
        if fenced {
            continue;
        }
        let targets = line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
        found.extend(targets.filter(|target| !target.contains("://")).map(str::to_owned));
    }
    found
}

/// The anchors of a page: its headings, as GitHub and mdBook name them.
pub(crate) fn anchors(page: &Page) -> BTreeSet<String> {
    let headings = page.text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| -> String {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

/// Joins a folder and a relative link, without `..`.
pub(crate) fn joined(folder: &Path, link: &str) -> String {
    let mut parts: Vec<String> = vec![];
    for part in folder.join(link).components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            _ => {}
        }
    }
    parts.join("/")
}
