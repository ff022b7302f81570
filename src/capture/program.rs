//! How a value follows from others: small programs that read as expressions.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a program begins with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Base {
    /// A captured value, by number.
    Value(usize),
    /// The line's id.
    Line,
    /// The site's id.
    Site,
    /// The area's id.
    Area,
    /// The place in the list, from 1.
    Index,
}

/// One step from text to text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Lower,
    Upper,
    /// The first letter in upper case, the others in lower case.
    Capital,
    Replace(char, char),
    Without(char),
    /// The n-th part between separators; from the end when negative.
    Part(char, i8),
    /// Without the first n characters.
    Skip(u8),
    /// Without the last n characters.
    Cut(u8),
    /// The first n characters.
    First(u8),
    /// The last n characters.
    Last(u8),
    /// As a number, without leading zeros.
    Int,
    Pad(u8),
    Address,
    PrefixLength,
    Network,
    Netmask,
    Wildcard,
}

/// A value and what is done to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct View {
    pub(super) base: Base,
    pub(super) steps: Vec<Step>,
}

/// A piece of a program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Atom {
    /// Text.
    Text(String),
    /// A value.
    View(View),
    /// A number times something plus something, with leading zeros.
    Sum { of: View, times: i64, plus: i64, width: u8 },
    /// The address k further on, with a fixed ending.
    Offset { of: View, plus: i64, ending: String },
    /// The k-th address of a network, with a fixed ending.
    Host { of: View, number: i64, ending: String },
}

/// Pieces one after the other.
pub(super) type Program = Vec<Atom>;

/// Returns the part of an address before `/` and the length behind it.
pub(super) fn address(text: &str) -> Option<(IpAddr, Option<u8>)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) if length.bytes().all(|b| b.is_ascii_digit()) => {
            (address, Some(length.parse::<u8>().ok()?))
        }
        Some(_) => return None,
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    (length.is_none_or(|length| length <= most)).then_some((address, length))
}

/// Returns an address as a number.
pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

/// Returns the first number of a network.
pub(super) fn network(address: IpAddr, length: u8) -> u128 {
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let free = u32::from(bits - length);
    if free >= 128 { 0 } else { number(address) >> free << free }
}

fn like(address: IpAddr, number: u128) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).ok()?)),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from(number)),
    })
}

/// Returns the address k further on.
pub(super) fn offset(text: &str, plus: i64) -> Option<String> {
    let (address, _) = address(text)?;
    Some(like(address, number(address).checked_add_signed(plus.into())?)?.to_string())
}

/// Returns the k-th address of a network.
pub(super) fn host(text: &str, at: i64) -> Option<String> {
    let (address, length) = address(text)?;
    let length = length?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let size = 1_u128.checked_shl((bits - length).into()).unwrap_or(u128::MAX);
    let at = u128::try_from(at).ok().filter(|at| *at < size)?;
    Some(like(address, network(address, length) + at)?.to_string())
}

impl Step {
    /// Does the step.
    pub(super) fn apply(self, text: &str) -> Option<String> {
        let is_number = || !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
        Some(match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Capital => {
                let mut rest = text.chars();
                let first = rest.next()?;
                first.to_uppercase().chain(rest.flat_map(char::to_lowercase)).collect()
            }
            Self::Replace(from, to) => text.replace(from, &to.to_string()),
            Self::Without(what) => text.replace(what, ""),
            Self::Part(separator, at) => {
                let parts: Vec<&str> = text.split(separator).collect();
                if parts.len() < 2 {
                    return None;
                }
                let at = if at < 0 {
                    parts.len().checked_sub(usize::from(at.unsigned_abs()))?
                } else {
                    usize::from(at.unsigned_abs())
                };
                (*parts.get(at)?).to_owned()
            }
            Self::Skip(count) => {
                let (at, _) = text.char_indices().nth(count.into())?;
                text[at..].to_owned()
            }
            Self::Cut(count) => {
                let keep = text.chars().count().checked_sub(count.into())?;
                text.chars().take(keep).collect()
            }
            Self::First(count) => text.chars().take(count.into()).collect(),
            Self::Last(count) => {
                let skip = text.chars().count().checked_sub(count.into())?;
                text.chars().skip(skip).collect()
            }
            Self::Int if is_number() => text.parse::<u64>().ok()?.to_string(),
            Self::Pad(width) if is_number() => format!("{text:0>width$}", width = usize::from(width)),
            Self::Int | Self::Pad(_) => return None,
            Self::Address => address(text).filter(|(_, length)| length.is_some())?.0.to_string(),
            Self::PrefixLength => address(text)?.1?.to_string(),
            Self::Network => {
                let (address, length) = address(text)?;
                like(address, network(address, length?))?.to_string()
            }
            Self::Netmask | Self::Wildcard => {
                let (_, length) = address(text).filter(|(address, _)| address.is_ipv4())?;
                let mask = u32::MAX.checked_shl(32 - u32::from(length?)).unwrap_or(0);
                Ipv4Addr::from(if self == Self::Netmask { mask } else { !mask }).to_string()
            }
        })
    }
}

impl View {
    /// Does the steps.
    pub(super) fn apply(&self, text: &str) -> Option<String> {
        self.steps.iter().try_fold(text.to_owned(), |text, step| step.apply(&text))
    }
}

impl Atom {
    /// Returns the view that it reads.
    pub(super) fn view(&self) -> Option<&View> {
        match self {
            Self::Text(_) => None,
            Self::View(view) => Some(view),
            Self::Sum { of, .. } | Self::Offset { of, .. } | Self::Host { of, .. } => Some(of),
        }
    }

    /// Returns its text, given the text of each base.
    pub(super) fn eval(&self, base: &dyn Fn(&Base) -> Option<String>) -> Option<String> {
        if let Self::Text(text) = self {
            return Some(text.clone());
        }
        let view = self.view()?;
        let text = view.apply(&base(&view.base)?)?;
        match self {
            Self::Text(_) | Self::View(_) => Some(text),
            Self::Sum { times, plus, width, .. } => {
                let sum = text.parse::<i64>().ok()?.checked_mul(*times)?.checked_add(*plus)?;
                (sum >= 0).then(|| format!("{sum:0>width$}", width = usize::from(*width)))
            }
            Self::Offset { plus, ending, .. } => Some(offset(&text, *plus)? + ending),
            Self::Host { number, ending, .. } => Some(host(&text, *number)? + ending),
        }
    }
}

/// Returns a program's text, given the text of each base.
pub(super) fn eval(program: &[Atom], base: &dyn Fn(&Base) -> Option<String>) -> Option<String> {
    program.iter().map(|atom| atom.eval(base)).collect()
}

/// A base as it stands in an expression, and whether it is a number there.
pub(super) struct Named {
    /// The name.
    pub(super) name: String,
    /// Whether it is a number.
    pub(super) is_number: bool,
}

/// Writes an atom as an expression of a template.
pub(super) fn expression(atom: &Atom, named: &dyn Fn(&Base) -> Named) -> String {
    let Some(view) = atom.view() else {
        let Atom::Text(text) = atom else { return String::new() };
        return quote(text);
    };
    let Named { name, mut is_number } = named(&view.base);
    let mut out = name;
    let mut is_simple = true;
    for step in &view.steps {
        if is_number && !matches!(step, Step::Int | Step::Pad(_)) {
            out = format!("({out}|string)");
        }
        is_number = matches!(step, Step::Int | Step::PrefixLength);
        // A subscript binds tighter than a filter.
        if !is_simple && is_cut(*step) {
            out = format!("({out})");
        }
        is_simple = is_cut(*step) || matches!(step, Step::Part(..) | Step::Address);
        match step {
            Step::Lower => out.push_str("|lower"),
            Step::Upper => out.push_str("|upper"),
            Step::Capital => out.push_str("|capitalize"),
            Step::Replace(from, to) => {
                let _ = write!(out, "|replace('{from}', '{to}')");
            }
            Step::Without(what) => {
                let _ = write!(out, "|replace('{what}', '')");
            }
            Step::Part(separator, at) => out = format!("({out}|split('{separator}'))[{at}]"),
            Step::Skip(count) => {
                let _ = write!(out, "[{count}:]");
            }
            Step::Cut(count) => {
                let _ = write!(out, "[:-{count}]");
            }
            Step::First(count) => {
                let _ = write!(out, "[:{count}]");
            }
            Step::Last(count) => {
                let _ = write!(out, "[-{count}:]");
            }
            Step::Int => out.push_str("|int"),
            Step::Pad(width) => {
                let _ = write!(out, "|zero_pad({width})");
            }
            Step::Address => out = format!("({out}|split('/'))[0]"),
            Step::PrefixLength => out.push_str("|prefix_length"),
            Step::Network => out.push_str("|network"),
            Step::Netmask => out.push_str("|netmask"),
            Step::Wildcard => out.push_str("|wildcard"),
        }
    }
    let with_ending = |out: String, ending: &str| {
        if ending.is_empty() { out } else { format!("{out} ~ {}", quote(ending)) }
    };
    match atom {
        Atom::Sum { times, plus, width, .. } => {
            if !is_number {
                out = format!("{out}|int");
            }
            if *times != 1 {
                out = format!("{out} * {times}");
            }
            match plus {
                0 => {}
                1.. => {
                    let _ = write!(out, " + {plus}");
                }
                _ => {
                    let _ = write!(out, " - {}", plus.unsigned_abs());
                }
            }
            if *width > 0 { format!("({out})|zero_pad({width})") } else { out }
        }
        Atom::Offset { plus, ending, .. } => with_ending(format!("{out}|offset({plus})"), ending),
        Atom::Host { number, ending, .. } => with_ending(format!("{out}|host({number})"), ending),
        Atom::Text(_) | Atom::View(_) => out,
    }
}

fn is_cut(step: Step) -> bool {
    matches!(step, Step::Skip(_) | Step::Cut(_) | Step::First(_) | Step::Last(_))
}

/// Writes a text as a literal of an expression.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ => out.push(c),
        }
    }
    out.push('\'');
    out
}
