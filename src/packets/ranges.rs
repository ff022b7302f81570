//! Sets of numbers as sorted, disjoint, inclusive intervals: addresses, ports, protocols.

/// A set of numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    /// One number.
    pub fn one(value: impl Into<u128>) -> Self {
        let value = value.into();
        Self(vec![(value, value)])
    }

    /// All numbers from the first to the last; none if they are in the wrong order.
    pub fn span(low: impl Into<u128>, high: impl Into<u128>) -> Self {
        let (low, high) = (low.into(), high.into());
        if low > high { Self::default() } else { Self(vec![(low, high)]) }
    }

    /// Intervals in any order, overlapping or not.
    pub fn of(mut intervals: Vec<(u128, u128)>) -> Self {
        intervals.retain(|(low, high)| low <= high);
        intervals.sort_unstable();
        let mut out: Vec<(u128, u128)> = vec![];
        for (low, high) in intervals {
            match out.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => out.push((low, high)),
            }
        }
        Self(out)
    }

    /// The intervals, in order.
    pub fn intervals(&self) -> &[(u128, u128)] {
        &self.0
    }

    /// Returns whether there is no number in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether a number is in it.
    pub fn has(&self, value: u128) -> bool {
        let at = self.0.partition_point(|(_, high)| *high < value);
        self.0.get(at).is_some_and(|(low, _)| *low <= value)
    }

    /// Returns the number if there is exactly one.
    pub fn single(&self) -> Option<u128> {
        match self.0.as_slice() {
            [(low, high)] if low == high => Some(*low),
            _ => None,
        }
    }

    /// The numbers of both.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        let (mut at, mut its) = (0, 0);
        let mut out = vec![];
        while let (Some(one), Some(two)) = (self.0.get(at), other.0.get(its)) {
            let (low, high) = (one.0.max(two.0), one.1.min(two.1));
            if low <= high {
                out.push((low, high));
            }
            if one.1 < two.1 { at += 1 } else { its += 1 }
        }
        Self(out)
    }

    /// The numbers of either.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        Self::of(self.0.iter().chain(&other.0).copied().collect())
    }

    /// The numbers up to a largest one that are not in it.
    #[must_use]
    pub fn outside(&self, largest: u128) -> Self {
        let mut out = vec![];
        let mut next = 0;
        for (low, high) in &self.0 {
            if *low > next {
                out.push((next, low - 1));
            }
            if *high >= largest {
                return Self(out);
            }
            next = high + 1;
        }
        out.push((next, largest));
        Self(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_behave_as_sets() {
        let a = Ranges::of(vec![(5, 9), (1, 2), (3, 3), (20, 30), (9, 1)]);
        assert_eq!(a.intervals(), [(1, 3), (5, 9), (20, 30)]);
        assert_eq!(a.meet(&Ranges::span(2u8, 6u8)).intervals(), [(2, 3), (5, 6)]);
        assert_eq!(a.outside(25).intervals(), [(0, 0), (4, 4), (10, 19)]);
        assert!(a.has(5) && a.has(30) && !a.has(4) && !a.has(31));
        assert_eq!(Ranges::span(0u8, u128::MAX).outside(u128::MAX), Ranges::default());
        assert_eq!(Ranges::default().outside(7), Ranges::span(0u8, 7u8));
    }
}
