//! What a change did to one line: nothing, another text, or the line is gone.
//!
//! Lines are told apart by the place in the template that wrote them. Where the two texts have the same places in
//! the same order, line answers line; where a change added or took lines, the longest common part answers.

use super::scene::Row;
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// What a change did to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// It stands as it was.
    None,
    /// It is gone.
    Gone,
    /// It says something else.
    Text,
}

/// Compares two texts at line `target` of the first.
pub(super) fn effect(before: &[Row], after: &[Row], target: usize) -> Effect {
    let same_shape =
        before.len() == after.len() && before.iter().zip(after).all(|(old, new)| old.place == new.place);
    // A line that stands elsewhere in the same shape was moved, by a loop that took another turn.
    if same_shape && (before[target] == after[target] || !after.contains(&before[target])) {
        return if before[target].text == after[target].text { Effect::None } else { Effect::Text };
    }
    let head = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    let tail =
        before[head..].iter().rev().zip(after[head..].iter().rev()).take_while(|(old, new)| old == new);
    let tail = tail.count();
    if target < head || target >= before.len() - tail {
        return Effect::None;
    }
    let (before, after) = (&before[head..before.len() - tail], &after[head..after.len() - tail]);
    let target = target - head;
    let ops = capture_diff_slices(Algorithm::Myers, before, after);
    let Some(op) = ops.iter().find(|op| op.old_range().contains(&target)) else { return Effect::None };
    if matches!(op, DiffOp::Equal { .. }) {
        return Effect::None;
    }
    replaced(&before[op.old_range()], &after[op.new_range()], target - op.old_range().start)
}

/// Finds the line that stands for line `target` in a part that differs.
fn replaced(before: &[Row], after: &[Row], target: usize) -> Effect {
    let line = &before[target];
    let of_place = |rows: &[Row]| rows.iter().filter(|row| row.place == line.place).count();
    let ordinal = of_place(&before[..target]);
    let mut answers = after.iter().filter(|row| row.place == line.place);
    if of_place(before) == of_place(after) {
        return match answers.nth(ordinal) {
            Some(row) if row.text == line.text => Effect::None,
            Some(_) => Effect::Text,
            None => Effect::Gone,
        };
    }
    match answers.clone().next() {
        _ if answers.any(|row| row.text == line.text) => Effect::None,
        Some(_) => Effect::Text,
        None => Effect::Gone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[(usize, &str)]) -> Vec<Row> {
        text.iter().map(|(place, text)| Row { place: *place, text: (*text).into() }).collect()
    }

    #[test]
    fn the_same_shape_answers_line_by_line() {
        let before = rows(&[(1, "a"), (2, "b"), (2, "c")]);
        assert_eq!(effect(&before, &rows(&[(1, "a"), (2, "x"), (2, "c")]), 1), Effect::Text);
        assert_eq!(effect(&before, &rows(&[(1, "a"), (2, "x"), (2, "c")]), 2), Effect::None);
    }

    #[test]
    fn a_line_that_only_moved_is_as_it_was_and_a_lost_one_is_gone() {
        let before = rows(&[(1, "a"), (2, "b"), (2, "c"), (3, "d")]);
        let after = rows(&[(1, "a"), (2, "c"), (3, "d")]);
        assert_eq!(effect(&before, &after, 1), Effect::Gone);
        assert_eq!(effect(&before, &after, 2), Effect::None);
        assert_eq!(effect(&before, &after, 3), Effect::None);
    }

    #[test]
    fn a_line_that_took_the_place_of_another_of_its_kind_is_as_it_was() {
        let before = rows(&[(2, "a"), (2, "b")]);
        assert_eq!(effect(&before, &rows(&[(2, "b"), (2, "c")]), 1), Effect::None);
        assert_eq!(effect(&before, &rows(&[(2, "b"), (2, "c")]), 0), Effect::Text);
    }

    #[test]
    fn another_branch_is_another_line() {
        let before = rows(&[(1, "a"), (2, "b"), (4, "z")]);
        assert_eq!(effect(&before, &rows(&[(1, "a"), (3, "b"), (4, "z")]), 1), Effect::Gone);
    }
}
