//! The one registry of codes. A number that appeared in a release is never reused.
//!
//! E00xx: files · E01xx: text to tree · E02xx: names and types · E03xx: memory and time · E04xx: rules, effects and tests ·
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
    // ---- E00xx: files
    USE_MISSING "E0001" "use_missing" Error "a `use` names what can't be read";
    USE_CYCLE "E0002" "use_cycle" Error "a `use` leads back to where it started";
    // ---- E01xx: text to tree
    SYNTAX "E0101" "syntax" Error "this can't be read as a rule";
}

/// By number or word name, either case.
pub fn find(name: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|c| c.id.eq_ignore_ascii_case(name) || c.name.eq_ignore_ascii_case(name))
}
