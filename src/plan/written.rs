//! Source text as one line, for quoting an expression in *cannot say*.

use std::borrow::Cow;

/// Runs of white space become one space, comments go; quoted texts and patterns stay as they are.
pub fn one_line(source: &str) -> Cow<'_, str> {
    let plain = !source.contains(['\n', '\r', '\t', '/', '"']) && !source.contains("  ");
    if plain {
        return Cow::Borrowed(source.trim_matches(' '));
    }
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '"' | '`' => quoted(rest, first),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if out.trim_end().ends_with("matches") => quoted(rest, '/'),
            _ => first.len_utf8(),
        };
        let (piece, after) = rest.split_at(taken);
        rest = after;
        if first.is_whitespace() || piece.starts_with("//") {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push_str(piece);
        }
    }
    out.truncate(out.trim_end().len());
    Cow::Owned(out)
}

/// How many bytes up to and with the closing quote; a backslash takes the next character with it.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn white_space_and_comments_go_but_not_inside_quotes() {
        assert_eq!(one_line("buyer_since"), "buyer_since");
        assert_eq!(
            one_line("count(order // mine\n      where x)\n  by  buyer"),
            "count(order where x) by buyer"
        );
        assert_eq!(one_line("t[\"a  //b\"]  // end"), "t[\"a  //b\"]");
        assert_eq!(one_line("x matches /\"  a/ // \"\n or y"), "x matches /\"  a/ or y");
        assert_eq!(one_line("a / b\n/ c"), "a / b / c");
    }

    #[test]
    fn an_unclosed_quote_ends_with_the_text() {
        assert_eq!(one_line("\"ab\\"), "\"ab\\");
    }
}
