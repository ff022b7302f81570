//! Questions on a terminal: title, why, allowed values, a proposal; the answer is checked at once.

use super::Failure;
use dialoguer::Select;
use dialoguer::console::{Key, Term};
use std::io;

/// One question.
pub(crate) struct Question<'a> {
    /// What is asked.
    pub(crate) title: String,
    /// Why, and by whom it can be answered; shown above the prompt.
    pub(crate) why: Option<String>,
    /// The words that are allowed; empty for any.
    pub(crate) choices: Vec<String>,
    /// What Enter gives.
    pub(crate) proposal: Option<String>,
    /// Says what is wrong with an answer.
    pub(crate) check: Box<dyn Fn(&str) -> Result<(), String> + 'a>,
}

/// Asks until the answer is good. Ctrl-C, Ctrl-D or a closed terminal ends the command; nothing was written.
pub(crate) fn ask(question: &Question<'_>) -> Result<String, Failure> {
    hold_interrupts();
    let term = Term::stderr();
    let answer = if question.choices.is_empty() { text(&term, question) } else { choice(&term, question) };
    answer.map_err(|_| {
        // The cursor is hidden while something is chosen; a terminal that went away has none.
        let _ = term.show_cursor().and_then(|()| term.write_line(""));
        let message = format!("stopped at the question `{}`", question.title);
        Failure::new(message, "nothing was written")
    })
}

/// Ctrl-C ends the question, not the process, so that the terminal is left in order and something can be said.
fn hold_interrupts() {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::signal::{SigSet, Signal};
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        // Where it cannot be held, Ctrl-C ends the process as everywhere.
        let _ = signals.thread_block();
    }
}

fn choice(term: &Term, question: &Question<'_>) -> io::Result<String> {
    if let Some(why) = &question.why {
        term.write_line(&format!("\n{why}"))?;
    }
    let default = question.proposal.as_ref().and_then(|p| question.choices.iter().position(|c| c == p));
    let chosen = Select::new()
        .with_prompt(&question.title)
        .items(&question.choices)
        .default(default.unwrap_or(0))
        .interact_on_opt(term)
        .map_err(|dialoguer::Error::IO(error)| error)?;
    chosen.map(|index| question.choices[index].clone()).ok_or_else(|| io::ErrorKind::Interrupted.into())
}

fn text(term: &Term, question: &Question<'_>) -> io::Result<String> {
    if let Some(why) = &question.why {
        term.write_line(&format!("\n{why}"))?;
    }
    let proposal = question.proposal.as_ref().map(|text| format!(" [{text}]")).unwrap_or_default();
    let prompt = format!("{}{proposal}: ", question.title);
    loop {
        let typed = Line { prompt: &prompt, typed: vec![], at: 0 }.read(term)?;
        let answer = match &question.proposal {
            Some(proposal) if typed.is_empty() => proposal.clone(),
            _ => typed,
        };
        match (question.check)(&answer) {
            Ok(()) => return Ok(answer),
            Err(why) => term.write_line(&format!("error: {why}"))?,
        }
    }
}

/// One line that is being typed.
struct Line<'a> {
    prompt: &'a str,
    typed: Vec<char>,
    /// Where the cursor stands in what was typed.
    at: usize,
}

impl Line<'_> {
    fn read(mut self, term: &Term) -> io::Result<String> {
        loop {
            self.draw(term)?;
            match term.read_key_raw()? {
                Key::Enter => {
                    term.write_line("")?;
                    return Ok(self.typed.into_iter().collect());
                }
                Key::CtrlC | Key::Char('\u{4}') => return Err(io::ErrorKind::Interrupted.into()),
                key => self.edit(&key),
            }
        }
    }

    fn edit(&mut self, key: &Key) {
        match key {
            Key::Backspace if self.at > 0 => {
                self.at -= 1;
                self.typed.remove(self.at);
            }
            Key::Del if self.at < self.typed.len() => {
                self.typed.remove(self.at);
            }
            Key::ArrowLeft => self.at = self.at.saturating_sub(1),
            Key::ArrowRight => self.at = (self.at + 1).min(self.typed.len()),
            Key::Home => self.at = 0,
            Key::End => self.at = self.typed.len(),
            // Ctrl-U empties the line, as shells do.
            Key::Char('\u{15}') => (self.typed, self.at) = (vec![], 0),
            Key::Char(c) if !c.is_control() => {
                self.typed.insert(self.at, *c);
                self.at += 1;
            }
            _ => {}
        }
    }

    /// Draws the line anew; of a long one the end before the cursor.
    fn draw(&self, term: &Term) -> io::Result<()> {
        let width = usize::from(term.size().1).saturating_sub(2).max(20);
        let shown: Vec<char> = self.prompt.chars().chain(self.typed.iter().copied()).collect();
        let cursor = self.prompt.chars().count() + self.at;
        let start = cursor.saturating_sub(width);
        let end = shown.len().min(start + width);
        term.clear_line()?;
        term.write_str(&shown[start..end].iter().collect::<String>())?;
        if end > cursor {
            term.move_cursor_left(end - cursor)?;
        }
        term.flush()
    }
}
