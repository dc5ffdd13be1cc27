use super::*;
use crate::diag::codes;
use crate::source::Span;

/// One finding with a help, a second label in the same file and one in another file.
fn example() -> (SourceMap, Diagnostics) {
    let mut sources = SourceMap::default();
    let rules = sources.add(
        "rules/a.rules",
        "event order { amount: money }\nrule r on order {\n    review if amuont > 5 USD\n}\n",
    );
    let list = sources.add("lists/b c.txt", "pl\nxx\n");
    let find = |source: SourceId, text: &str| {
        let start = sources.get(source).text.find(text).unwrap();
        Span::new(source, start, start + text.len())
    };
    let finding =
        Diagnostic::new(&codes::SYNTAX, "there is no `amuont`", find(rules, "amuont"), "unknown here")
            .label(find(rules, "amount"), "this is near")
            .label(find(list, "xx"), "and this lies elsewhere")
            .help("did you mean `amount`?\nfields of `order`: amount")
            .fix("write `amount`", find(rules, "amuont"), "amount");
    let mut diagnostics = Diagnostics::new();
    diagnostics.push(finding);
    (sources, diagnostics)
}

fn rendered(format: Format) -> String {
    let (sources, diagnostics) = example();
    render(&diagnostics, &sources, format, false)
}

#[test]
fn plain_is_a_line_and_its_help() {
    insta::assert_snapshot!(rendered(Format::Plain), @r"
rules/a.rules:3:15: error[E0101 syntax]: there is no `amuont`
    rules/a.rules:1:15: this is near
    lists/b c.txt:2:1: and this lies elsewhere
    help: did you mean `amount`?
          fields of `order`: amount
");
}

#[cfg(feature = "cli")]
#[test]
fn human_shows_the_source_of_each_file() {
    insta::assert_snapshot!(rendered(Format::Human), @r"
E0101 syntax

  × there is no `amuont`
   ╭─[rules/a.rules:3:15]
 1 │ event order { amount: money }
   ·               ───┬──
   ·                  ╰── this is near
 2 │ rule r on order {
 3 │     review if amuont > 5 USD
   ·               ───┬──
   ·                  ╰── unknown here
 4 │ }
   ╰────

  ☞ and this lies elsewhere
   ╭─[lists/b c.txt:2:1]
 1 │ pl
 2 │ xx
   · ──
   ╰────
  help: did you mean `amount`?
        fields of `order`: amount
");
}

#[cfg(feature = "cli")]
#[test]
fn color_only_when_asked() {
    let (sources, diagnostics) = example();
    assert!(!render(&diagnostics, &sources, Format::Human, false).contains('\u{1b}'));
    let colored = render(&diagnostics, &sources, Format::Human, true);
    assert!(colored.contains("\u{1b}["));
}

#[test]
fn github_cannot_be_made_to_say_another_command() {
    insta::assert_snapshot!(rendered(Format::Github), @r"
::error file=rules/a.rules,line=3,endLine=3,col=15,endColumn=21,title=E0101 syntax::there is no `amuont`%0Ahelp: did you mean `amount`?%0Afields of `order`: amount
");
    let mut sources = SourceMap::default();
    let id = sources.add("a,b:c%.rules", "x");
    let mut diagnostics = Diagnostics::new();
    diagnostics.push(Diagnostic::new(&codes::SYNTAX, "100%\n::set-env name=A::b", Span::new(id, 0, 1), ""));
    let out = render(&diagnostics, &sources, Format::Github, false);
    insta::assert_snapshot!(out, @r"
::error file=a%2Cb%3Ac%25.rules,line=1,endLine=1,col=1,endColumn=2,title=E0101 syntax::100%25%0A::set-env name=A::b
");
    assert_eq!(out.lines().count(), 1);
}

#[test]
fn json_has_places_and_edits() {
    let value: serde_json::Value = serde_json::from_str(&rendered(Format::Json)).unwrap();
    let finding = &value[0];
    assert_eq!(finding["code"], "E0101");
    assert_eq!(finding["name"], "syntax");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["labels"][0]["path"], "rules/a.rules");
    assert_eq!(finding["labels"][0]["line"], 3);
    assert_eq!(finding["labels"][0]["column"], 15);
    assert_eq!(finding["labels"][2]["path"], "lists/b c.txt");
    assert_eq!(finding["fix"]["edits"][0]["replacement"], "amount");
    let (sources, _) = example();
    let (start, end) =
        (finding["labels"][0]["start"].as_u64().unwrap(), finding["labels"][0]["end"].as_u64().unwrap());
    let text = &sources.iter().next().unwrap().1.text;
    assert_eq!(&text[start as usize..end as usize], "amuont");
}

#[test]
fn no_findings_are_valid_output_too() {
    let (sources, none) = (SourceMap::default(), Diagnostics::new());
    assert_eq!(render(&none, &sources, Format::Json, false), "[]\n");
    assert_eq!(render(&none, &sources, Format::Human, false), "");
    let sarif: serde_json::Value =
        serde_json::from_str(&render(&none, &sources, Format::Sarif, false)).unwrap();
    assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn sarif_has_what_the_standard_asks() {
    let value: serde_json::Value = serde_json::from_str(&rendered(Format::Sarif)).unwrap();
    assert_eq!(value["version"], "2.1.0");
    let run = &value["runs"][0];
    let result = &run["results"][0];
    let index = result["ruleIndex"].as_u64().unwrap() as usize;
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), codes::ALL.len());
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "rules/a.rules");
    assert_eq!(
        place["region"],
        serde_json::json!({ "startLine": 3, "startColumn": 15, "endLine": 3, "endColumn": 21 })
    );
    assert_eq!(
        result["relatedLocations"][1]["physicalLocation"]["artifactLocation"]["uri"],
        "lists/b%20c.txt"
    );
    assert_eq!(
        result["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"],
        "amount"
    );
}

#[test]
fn nothing_drives_the_terminal() {
    let mut sources = SourceMap::default();
    let text = "rule \u{1b}[2J \u{202e}evil\u{9b}31m x\u{7}\r\nnext\rline\n";
    let id = sources.add("a\u{1b}]0;t\u{7}.rules", text);
    let start = text.find('x').unwrap();
    let mut diagnostics = Diagnostics::new();
    diagnostics.push(
        Diagnostic::new(
            &codes::SYNTAX,
            "what is `\u{1b}[31m\u{2066}`",
            Span::new(id, start, start + 1),
            "\u{1b}c",
        )
        .help("\u{1b}[0m remove it"),
    );
    for format in [Format::Human, Format::Plain, Format::Json, Format::Sarif, Format::Github] {
        let out = render(&diagnostics, &sources, format, false);
        assert!(!out.chars().any(|c| c != '\n' && screen::is_unsafe(c)), "{format:?}: {out:?}");
        assert!(out.contains("1") && !out.is_empty());
    }
    let human = render(&diagnostics, &sources, Format::Human, false);
    assert!(human.contains("what is `␛[31m\u{fffd}`"), "{human}");
}

#[test]
fn spans_at_the_end_and_over_lines_are_shown() {
    let mut sources = SourceMap::default();
    let text = "one\ntwo\nthree";
    let id = sources.add("a.rules", text);
    let empty = sources.add("b.rules", "");
    for span in [
        Span::new(id, text.len(), text.len()),
        Span::new(id, 0, text.len()),
        Span::new(id, 3, 4),
        Span::new(id, 8, 999),
        Span::new(empty, 0, 0),
    ] {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(Diagnostic::new(&codes::SYNTAX, "marked", span, "here"));
        let human = render(&diagnostics, &sources, Format::Human, false);
        assert!(human.contains("marked") && human.contains("here"), "{span:?}: {human}");
        assert!(!human.contains("Failed"), "{human}");
    }
}

#[test]
fn the_summary_counts() {
    let (_, diagnostics) = example();
    assert_eq!(summary(&diagnostics), "1 error");
    assert_eq!(summary(&Diagnostics::new()), "no findings");
    let mut two = diagnostics.clone();
    two.extend(diagnostics);
    assert_eq!(summary(&two), "2 errors");
}

/// A finding in a line of a megabyte, and what of it is drawn.
#[test]
fn a_long_line_is_shown_around_what_is_meant() {
    let mut sources = SourceMap::default();
    let (before, after) = ("ż".repeat(300_000), "y ".repeat(300_000));
    let text = format!("first\n{before}meant, and {after}and far away\r\nlast\n");
    let id = sources.add("a.rules", text.as_str());
    let span = |what: &str| {
        let start = text.find(what).unwrap();
        Span::new(id, start, start + what.len())
    };
    let mut diagnostics = Diagnostics::new();
    diagnostics.push(
        Diagnostic::new(&codes::SYNTAX, format!("`{before}` is long"), span("meant"), "here")
            .label(span("far"), "and here"),
    );
    diagnostics.push(Diagnostic::new(&codes::SYNTAX, "all of it", span(&text), "all"));
    diagnostics.push(Diagnostic::new(&codes::SYNTAX, "beside it", span("last"), "below"));
    let human = render(&diagnostics, &sources, Format::Human, false);
    assert!(human.len() < 20_000, "{} bytes", human.len());
    for shown in ["a.rules:2:300001", "żmeant, and y", "and far away", "first", "last", "below", "…"] {
        assert!(human.contains(shown), "no {shown}: {human}");
    }
    let plain = render(&diagnostics, &sources, Format::Plain, false);
    assert!(plain.len() < 4_000 && plain.contains("a.rules:2:300001"), "{plain}");
}
