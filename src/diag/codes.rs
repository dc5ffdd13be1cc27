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
    /// The same for every finding of this kind.
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
    // ---- E02xx: names and types
    UNKNOWN_NAME "E0201" "unknown_name" Error "nothing of this name is declared";
    DUPLICATE_NAME "E0202" "duplicate_name" Error "the name is declared twice";
    AMBIGUOUS_NAME "E0203" "ambiguous_name" Error "the name could mean two things";
    CYCLE "E0204" "cycle" Error "a definition needs itself";
    TYPE_MISMATCH "E0205" "type_mismatch" Error "the types don't fit together";
    FLOAT_ARITHMETIC "E0206" "float_arithmetic" Error "a float is compared, not calculated with";
    MIXED_CURRENCIES "E0207" "mixed_currencies" Error "amounts of different currencies without rates";
    BAD_LITERAL "E0208" "bad_literal" Error "the value can't be read as its type";
    WRONG_KIND "E0209" "wrong_kind" Error "the name is of another kind than is needed here";
    BAD_REGEX "E0210" "bad_regex" Error "the pattern can't be used";
    TOO_LARGE "E0211" "too_large" Error "more than the limit allows";
    BAD_HEADER "E0212" "bad_header" Error "the header of the ruleset doesn't hold together";
    MISSING_FILE "E0213" "missing_file" Error "a data file can't be read";
    BAD_EVENT "E0214" "bad_event" Error "the event can't be read as declared";
    BAD_OVERRIDE "E0215" "bad_override" Error "there is nothing here to override";
    WRONG_ARGUMENTS "E0216" "wrong_arguments" Error "the arguments don't fit";
    DOES_NOT_FIT "E0217" "does_not_fit" Error "the signal can't be used on this event";
    NO_CURRENCY "E0218" "no_currency" Error "amounts of any currency need the ruleset's currency";
    BAD_TYPE "E0219" "bad_type" Error "the type can't be used here";
    // ---- E03xx: memory and time
    BAD_AGGREGATE "E0301" "bad_aggregate" Error "the function can't be asked of past events like this";
    CURRENT_EVENT "E0302" "current_event" Error "it isn't said whether the current event counts";
    UNCLEAR_KEY "E0303" "unclear_key" Error "it isn't clear which field is the key";
    MISSING_KEY "E0304" "missing_key" Error "it isn't said by what is counted";
    BAD_WINDOW "E0305" "bad_window" Error "the window can't be used";
    NESTED_AGGREGATE "E0306" "nested_aggregate" Error "memory can't be asked inside memory";
    ABOVE_CAP "E0307" "above_cap" Error "the threshold is above the cap of kept entries";
    BAD_SEQUENCE "E0308" "bad_sequence" Error "the sequence can't be asked for like this";
    // ---- E04xx: rules, effects and tests
    NO_RESULT "E0401" "no_result" Error "the rule has no outcome and no score";
    DUPLICATE_CLAUSE "E0402" "duplicate_clause" Error "the clause may stand only once";
    BAD_BAND "E0403" "bad_band" Error "the band can't be used like this";
    BAD_SCORE "E0404" "bad_score" Error "the score can't be used";
    SENSITIVE_TEXT "E0405" "sensitive_text" Error "a sensitive value in a text";
    NOT_PUBLIC "E0406" "not_public" Error "the customer would be told what is not public";
    NO_SUCH_ENTITY "E0407" "no_such_entity" Error "the event has no such entity";
    BAD_ACTIVE "E0408" "bad_active" Error "the rule would never be active";
    BAD_ROLLOUT "E0409" "bad_rollout" Error "the share of a rollout can't be used";
    BAD_POLICY "E0410" "bad_policy" Error "the policy doesn't hold together";
    BAD_TEST "E0411" "bad_test" Error "the test line can't be played";
    // ---- E05xx: data files
    DATA_VALUE "E0501" "data_value" Error "a value in a data file can't be read";
    DATA_COLUMNS "E0502" "data_columns" Error "a row has the wrong number of cells";
    DATA_HEADER "E0503" "data_header" Error "a data file lacks its header";
    DATA_QUOTE "E0504" "data_quote" Error "the quotes of a row don't match";
    DUPLICATE_KEY "E0505" "duplicate_key" Error "the same key has two values";
    LIST_ATTRIBUTE "E0506" "list_attribute" Error "this can't stand after a list entry";
    CALENDAR_ORDER "E0507" "calendar_order" Error "a row of a calendar ends before it begins";
    PHRASE_LINE "E0508" "phrase_line" Error "a phrase can't be used";
    FOLD_LINE "E0509" "fold_line" Error "a line of a fold file can't be used";
    // ---- W06xx: warnings
    UNUSED_DECLARATION "W0601" "unused_declaration" Warning "nothing uses this declaration";
    UNUSED_EVENT "W0602" "unused_event" Warning "no rule looks at this event";
    UNUSED_FIELD "W0603" "unused_field" Warning "no rule looks at these fields";
    ALWAYS_TRUE "W0604" "always_true" Warning "the condition is always true";
    NEVER_TRUE "W0605" "never_true" Warning "the condition can never be true";
    BAND_NEVER_WINS "W0606" "band_never_wins" Warning "an earlier band always comes first";
    NEGATED_OPTIONAL "W0607" "negated_optional" Warning "missing data makes this unknown, not true";
    OPTIONAL_UNDER_OR "W0608" "optional_under_or" Warning "one missing value hides the other half of an `or`";
    OPTIONAL_FILTER "W0609" "optional_filter" Warning "what is missing is not counted";
    NO_BECAUSE "W0610" "no_because" Warning "the rule gives no reason";
    UNTESTED_RULE "W0611" "untested_rule" Warning "the rule lacks a test";
    OPEN_MONEY "W0612" "open_money" Warning "amounts of other currencies stay unknown";
    DUPLICATE_CONDITION "W0613" "duplicate_condition" Warning "the same condition stands here twice";
    EMPTY_LIST "W0614" "empty_list" Warning "the list has no entries";
    MATCHES_EVERYTHING "W0615" "matches_everything" Warning "the pattern matches every text";
    SCORE_WITHOUT_BAND "W0616" "score_without_band" Warning "the scores reach no band of a policy";
    BAND_OUT_OF_REACH "W0617" "band_out_of_reach" Warning "no score reaches this band of a policy";
    DUPLICATE_ENTRY "W0618" "duplicate_entry" Warning "an entry is in a list twice";
    UNBOUNDED_MEMORY "W0619" "unbounded_memory" Warning "this memory grows without end";
    REPEATED_NUMBER "W0620" "repeated_number" Warning "a number that three rules share has no name";
    USELESS_PHRASE "W0621" "useless_phrase" Warning "the phrase finds nothing of its own";
    ALLOW_WITHOUT_REASON "W0690" "allow_without_reason" Warning "a warning is silenced without a reason";
    ALLOW_WITHOUT_EFFECT "W0691" "allow_without_effect" Warning "there is nothing here to silence";
}

/// By number or word name, either case.
pub fn find(name: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|c| c.id.eq_ignore_ascii_case(name) || c.name.eq_ignore_ascii_case(name))
}
