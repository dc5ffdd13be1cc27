//! The one registry of codes. A number that appeared in a release is never reused.
//!
//! E01xx: text to tree · E02xx: names and types · E03xx: memory and time · E04xx: rules, effects and tests ·
//! E05xx: data files · W06xx: warnings.

use super::Severity;

/// A kind of finding.
#[derive(Debug)]
pub struct Code {
    /// `E0201`
    pub id: &'static str,
    /// `unknown_name`: what `// allow(…)` takes.
    pub name: &'static str,
    pub severity: Severity,
    /// In a few words.
    pub title: &'static str,
    /// Why, a broken example, and the mended one; shown by `rulec explain`.
    pub page: &'static str,
}

impl PartialEq for Code {
    fn eq(&self, other: &Code) -> bool {
        self.id == other.id
    }
}

macro_rules! codes {
    ($($constant:ident $id:literal $name:literal $severity:ident $title:literal;)*) => {
        $(
            #[doc = $title]
            pub static $constant: Code = Code {
                id: $id,
                name: $name,
                severity: Severity::$severity,
                title: $title,
                page: include_str!(concat!("pages/", $name, ".md")),
            };
        )*
        /// Every code, by number.
        pub static ALL: &[&Code] = &[$(&$constant),*];
    };
}

codes! {
    // ---- E01xx: text to tree
    SYNTAX "E0101" "syntax" Error "this can't be read as a rule";
    UNCLOSED "E0102" "unclosed" Error "a bracket or quote without its partner";
    NESTING "E0103" "nesting" Error "brackets or prefix operators nest too deep";
    SIZE "E0104" "size" Error "an expression or file beyond the limits";
    CLAUSE_LINE "E0105" "clause_line" Error "a clause, field or declaration that does not start a line";
    CHAINED_COMPARISON "E0106" "chained_comparison" Error "one comparison after another";
    ELSE_READING "E0107" "else_reading" Error "an `else` that can be read in two ways";
    BAD_ESCAPE "E0108" "bad_escape" Error "an unknown escape in a text";
    BAD_TEMPLATE "E0109" "bad_template" Error "a value in a text that can't be read";
    OPERATOR "E0110" "operator" Error "an operator that is written differently";
    LITERAL "E0111" "literal" Error "a number, amount or duration that is written differently";
    QUOTES "E0112" "quotes" Error "a text in other than straight double quotes";
    COMMENT "E0113" "comment" Error "a comment that does not begin with `//`";
    SEPARATOR "E0114" "separator" Error "a sign that separates nothing";
    UNKNOWN_WORD "E0115" "unknown_word" Error "a word that begins no declaration or clause";
    MISSING_OUTCOME "E0116" "missing_outcome" Error "a condition without its outcome";
    CHARACTER "E0117" "character" Error "a character the language does not use";
}

/// By number or word name, either case.
pub fn find(name: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|c| c.id.eq_ignore_ascii_case(name) || c.name.eq_ignore_ascii_case(name))
}
