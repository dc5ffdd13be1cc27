//! Lines of a test that fill an `extern` list: `list { name: trusted_buyers, add: ["b7"] }`.

use std::sync::Arc;

use super::*;

/// What such a line may say.
const FIELDS: [&str; 4] = ["name", "at", "add", "remove"];

impl<'a> Checker<'a> {
    pub(super) fn list_line(&mut self, line: &ast::TestLine, playing: &mut Playing) -> Option<TestLine> {
        let ast::TestLineKind::Event { event, fields } = &line.kind else { return None };
        for setting in fields.iter().filter(|setting| !FIELDS.contains(&setting.name.text.as_str())) {
            let finding = errors::unknown(&setting.name, "a field of `list`", FIELDS);
            self.report(finding);
        }
        for expectation in &line.expectations {
            self.report(
                bad("a `list` line has no decision of its own", expectation.span, "never so")
                    .help("expect something of the events after it"),
            );
        }
        let mut input = Map::new();
        self.line_time(fields, false, &mut input, playing);
        let list = self.filled_list(fields, event.span)?;
        let (name, ty) = self.lists.get(list.index()).map(|list| (list.name.clone(), list.ty.clone()))?;
        input.insert("name".into(), Json::from(name));
        let ty = Type::List(Arc::new(ty.required())).required();
        let mut said = false;
        for part in ["add", "remove"] {
            let Some(setting) = fields.iter().find(|setting| setting.name.text == part) else { continue };
            said = true;
            let values = self.given(&setting.value, &ty, &format!("`{part}`"))?;
            input.insert(part.into(), values);
        }
        if !said {
            self.report(
                bad("this line neither adds nor removes anything", line.span, "changes nothing").help(
                    "write `add: […]`, `remove: […]` or both; `add: []` makes the list known and empty",
                ),
            );
        }
        let kind = TestLineKind::List { input: Json::Object(input) };
        Some(TestLine { kind, expectations: Vec::new(), span: line.span })
    }

    /// The list that is named, if lines can fill it.
    fn filled_list(&mut self, fields: &[Setting], span: Span) -> Option<ListId> {
        let given = fields.iter().find(|setting| setting.name.text == "name").map(|setting| &setting.value);
        let name = match given {
            Some(Given::Value(Expr { kind: ExprKind::Name(name), .. })) => name.clone(),
            Some(Given::Value(Expr { kind: ExprKind::Literal(Literal::Text(text)), span })) => {
                Name { text: text.clone(), span: *span }
            }
            other => {
                let at = other.map_or(span, given_span);
                self.report(
                    bad("it isn't said which list this line fills", at, "needs a `name`")
                        .help("write `list { name: NAME, add: […] }`"),
                );
                return None;
            }
        };
        match self.names.values.get(&name.text) {
            Some(ValueRef::List(id)) => {
                let list = self.lists.get(id.index())?;
                let (external, declared) = (list.external, list.span);
                if !external {
                    self.report(
                        bad(
                            format!("`{}` isn't an `extern` list", name.text),
                            name.span,
                            "never filled by lines",
                        )
                        .label(declared, "filled where it is declared")
                        .help(format!("replace it with `with list {} = […]`", name.text)),
                    );
                }
                external.then_some(id)
            }
            _ if self.names.broken.contains(&name.text) => None,
            _ => {
                let known: Vec<String> =
                    self.lists.iter().filter(|list| list.external).map(|list| list.name.clone()).collect();
                let finding = errors::unknown(&name, "an `extern` list", known.iter().map(String::as_str));
                self.report(finding);
                None
            }
        }
    }
}
