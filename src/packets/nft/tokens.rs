//! Words, quoted texts and braces of an nft file.

use super::Unreadable;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
    /// End of a statement: `;` or a line break.
    End,
}

/// Takes a file apart. A token comes with its line.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, u32)>, Unreadable> {
    let mut out = vec![];
    let mut line = 1u32;
    let mut chars = text.strip_prefix('\u{feff}').unwrap_or(text).char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let token = match c {
            '\n' => {
                line += 1;
                out.push((Token::End, line - 1));
                continue;
            }
            '\\' if matches!(chars.peek(), Some((_, '\n'))) => {
                chars.next();
                line += 1;
                continue;
            }
            c if c.is_whitespace() => continue,
            '#' => {
                while chars.peek().is_some_and(|(_, c)| *c != '\n') {
                    chars.next();
                }
                continue;
            }
            '{' => Token::Open,
            '}' => Token::Close,
            ',' => Token::Comma,
            ';' => Token::End,
            '"' => {
                let mut quoted = String::new();
                loop {
                    match chars.next() {
                        Some((_, '"')) => break,
                        Some((_, '\n')) | None => {
                            return Err(Unreadable::new("a quote that does not end", line as usize));
                        }
                        Some((_, c)) => quoted.push(c),
                    }
                }
                Token::Text(quoted)
            }
            _ => {
                let mut word = String::from(c);
                while let Some((_, c)) = chars.peek().copied() {
                    if c.is_whitespace() || matches!(c, '{' | '}' | ',' | ';' | '"' | '#') {
                        break;
                    }
                    word.push(c);
                    chars.next();
                }
                let _ = at;
                Token::Word(word)
            }
        };
        out.push((token, line));
    }
    Ok(out)
}
