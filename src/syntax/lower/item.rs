//! Top-level items and types.

use super::*;

impl Lower<'_> {
    /// One item; `doc` was found before it.
    pub fn item(&mut self, node: Node<'_>, doc: Option<Doc>) -> Option<Item> {
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::ruleset => self.ruleset(node),
            Rule::use_item => {
                let rules = node.clone().into_inner().any(|n| n.as_rule() == Rule::kw_rules);
                ItemKind::Use(Use { rules, path: self.bag(node).text() })
            }
            Rule::let_item => ItemKind::Let(self.let_item(node)),
            Rule::signal => {
                let mut bag = self.bag(node);
                ItemKind::Signal(Signal { name: bag.name(), value: bag.expr() })
            }
            Rule::entity => {
                let mut bag = self.bag(node);
                ItemKind::Entity(Entity { name: bag.name(), base: bag.types.pop() })
            }
            Rule::event => self.event(node),
            Rule::events => {
                let mut bag = self.bag(node);
                ItemKind::Group(Group { name: bag.name(), members: bag.names })
            }
            Rule::list => self.list(node),
            Rule::table => self.table(node),
            Rule::phrases => {
                let mut bag = self.bag(node);
                ItemKind::Phrases(Phrases { name: bag.name(), file: bag.text(), fold: bag.texts.pop() })
            }
            Rule::calendar => self.calendar(node),
            Rule::rates => {
                let mut bag = self.bag(node);
                ItemKind::Rates(Rates { file: bag.text(), max_age: bag.exprs.pop(), span })
            }
            Rule::action => self.action(node),
            Rule::label_item => {
                let mut bag = self.bag(node);
                ItemKind::Label(Label { name: bag.name(), entity: bag.name() })
            }
            Rule::rule_item => self.rule(node),
            Rule::policy => self.policy(node),
            Rule::sample => self.sample(node),
            Rule::test => self.test(node),
            _ => return None,
        };
        Some(Item { doc, kind, span })
    }

    pub(super) fn let_item(&mut self, node: Node<'_>) -> Let {
        let overrides = node.clone().into_inner().any(|n| n.as_rule() == Rule::kw_override);
        let mut bag = self.bag(node);
        Let { overrides, name: bag.name(), value: bag.expr() }
    }

    fn ruleset(&mut self, node: Node<'_>) -> ItemKind {
        let mut header = Header { name: Bag::default().name(), clauses: Vec::new() };
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::ruleset_head => header.name = self.bag(child).name(),
                Rule::header_clause => header.clauses.extend(self.header_clause(child)),
                _ => {}
            }
        }
        ItemKind::Ruleset(header)
    }

    pub fn header_clause(&mut self, node: Node<'_>) -> Option<HeaderClause> {
        let span = self.span(&node);
        self.check_line(span, "clause", false);
        let node = node.into_inner().next()?;
        let rule = node.as_rule();
        if rule == Rule::limits {
            return Some(HeaderClause { kind: HeaderKind::Limits(self.limits(node)), span });
        }
        let mut bag = self.bag(node);
        let kind = match rule {
            Rule::edition => HeaderKind::Edition(bag.expr()),
            Rule::version => HeaderKind::Version(bag.text()),
            Rule::timezone => HeaderKind::Timezone(bag.text()),
            Rule::currency => HeaderKind::Currency(bag.name()),
            Rule::outcomes => HeaderKind::Outcomes(bag.names),
            Rule::rejects => HeaderKind::Rejects(bag.name()),
            Rule::lateness => HeaderKind::Lateness(bag.expr()),
            _ => return None,
        };
        Some(HeaderClause { kind, span })
    }

    fn limits(&mut self, node: Node<'_>) -> Vec<(Name, Expr)> {
        let mut limits = Vec::new();
        for child in node.into_inner().filter(|n| n.as_rule() == Rule::limit) {
            self.check_line(self.span(&child), "limit", true);
            let mut bag = self.bag(child);
            limits.push((bag.name(), bag.expr()));
        }
        limits
    }

    fn event(&mut self, node: Node<'_>) -> ItemKind {
        let mut event = Event { name: Bag::default().name(), discriminator: None, fields: Vec::new() };
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::event_head => (event.name, event.discriminator) = self.event_head(child),
                Rule::field => event.fields.push(self.field(child)),
                _ => {}
            }
        }
        ItemKind::Event(event)
    }

    pub fn event_head(&mut self, node: Node<'_>) -> (Name, Option<(Text, Text)>) {
        let mut bag = self.bag(node);
        let name = bag.name();
        let discriminator = if bag.texts.len() == 2 { Some((bag.text(), bag.text())) } else { None };
        (name, discriminator)
    }

    pub fn field(&mut self, node: Node<'_>) -> Field {
        let span = self.span(&node);
        self.check_line(span, "field", true);
        let mut field = Field {
            doc: self.doc_before(span.start),
            name: Bag::default().name(),
            ty: Bag::default().ty(),
            from: Vec::new(),
            format: None,
            sensitive: false,
            public: false,
            span,
        };
        for child in node.into_inner() {
            let rule = child.as_rule();
            let place = self.span(&child);
            let again = match rule {
                Rule::field_from => !field.from.is_empty(),
                Rule::field_format => field.format.is_some(),
                Rule::field_sensitive => field.sensitive,
                Rule::field_public => field.public,
                _ => false,
            };
            if again {
                self.report(errors::twice(self.slice(place), place));
            }
            match rule {
                Rule::name => field.name = self.name(&child),
                Rule::type_expr => field.ty = self.type_expr(child),
                Rule::field_from => field.from = self.texts(child),
                Rule::field_format => field.format = Some(self.bag(child).name()),
                Rule::field_sensitive => field.sensitive = true,
                Rule::field_public => field.public = true,
                _ => {}
            }
        }
        field
    }

    pub(super) fn type_expr(&mut self, node: Node<'_>) -> TypeExpr {
        let span = self.span(&node);
        let mut ty = TypeExpr { kind: Bag::default().ty().kind, optional: false, span };
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::type_name => ty.kind = TypeKind::Name(self.bag(child).name()),
                Rule::type_money => ty.kind = TypeKind::Money(self.bag(child).name()),
                Rule::type_enum => ty.kind = TypeKind::Enum(self.names(child)),
                Rule::type_record => ty.kind = TypeKind::Record(self.parameters(child, true)),
                Rule::type_list => ty.kind = TypeKind::List(Box::new(self.bag(child).ty())),
                Rule::question => ty.optional = true,
                _ => {}
            }
        }
        ty
    }

    /// `name: type, …`; in a record each may also start a line instead.
    fn parameters(&mut self, node: Node<'_>, lines: bool) -> Vec<(Name, TypeExpr)> {
        let mut parameters = Vec::new();
        for child in node.into_inner().filter(|n| n.as_rule() == Rule::parameter) {
            if lines {
                self.check_line(self.span(&child), "field", true);
            }
            let mut bag = self.bag(child);
            parameters.push((bag.name(), bag.ty()));
        }
        parameters
    }

    fn list(&mut self, node: Node<'_>) -> ItemKind {
        let mut source = ListSource::Inline(Vec::new());
        for child in node.clone().into_inner() {
            match child.as_rule() {
                Rule::file => source = ListSource::File(self.bag(child).text()),
                Rule::array => source = ListSource::Inline(self.bag(child).exprs),
                Rule::kw_extern => source = ListSource::Extern(self.token_span(&child)),
                _ => {}
            }
        }
        // The file's text is lowered above: a second look would report its escapes twice.
        let mut list = List { name: Bag::default().name(), ty: Bag::default().ty(), source };
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::name => list.name = self.name(&child),
                Rule::type_expr => list.ty = self.type_expr(child),
                _ => {}
            }
        }
        ItemKind::List(list)
    }

    fn table(&mut self, node: Node<'_>) -> ItemKind {
        let mut table = Table {
            name: Bag::default().name(),
            keys: Vec::new(),
            value: None,
            source: TableSource::Event(Bag::default().name()),
        };
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::name => table.name = self.name(&child),
                Rule::type_expr => table.keys.push(self.type_expr(child)),
                Rule::table_value => table.value = Some(self.bag(child).ty()),
                Rule::file => table.source = TableSource::File(self.bag(child).text()),
                Rule::from_event => table.source = TableSource::Event(self.bag(child).name()),
                _ => {}
            }
        }
        ItemKind::Table(table)
    }

    fn calendar(&mut self, node: Node<'_>) -> ItemKind {
        let mut calendar = Calendar {
            name: Bag::default().name(),
            source: TableSource::Event(Bag::default().name()),
            keys: Vec::new(),
        };
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::name => calendar.name = self.name(&child),
                Rule::names => calendar.keys = self.names(child),
                Rule::file => calendar.source = TableSource::File(self.bag(child).text()),
                Rule::from_event => calendar.source = TableSource::Event(self.bag(child).name()),
                _ => {}
            }
        }
        ItemKind::Calendar(calendar)
    }

    fn action(&mut self, node: Node<'_>) -> ItemKind {
        let mut once = None;
        let mut name = Bag::default().name();
        for child in node.clone().into_inner() {
            match child.as_rule() {
                Rule::name => name = self.name(&child),
                Rule::once => once = Some(self.once(child)),
                _ => {}
            }
        }
        ItemKind::Action(Action { name, parameters: self.parameters(node, false), once })
    }

    pub(super) fn once(&mut self, node: Node<'_>) -> Once {
        let span = self.span(&node);
        let mut bag = self.bag(node);
        Once { keys: std::mem::take(&mut bag.keys), period: bag.exprs.pop(), span }
    }

    fn policy(&mut self, node: Node<'_>) -> ItemKind {
        let mut policy = Policy { events: Vec::new(), bands: Vec::new() };
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::policy_head => policy.events = self.bag(child).names,
                Rule::policy_band => policy.bands.push(self.policy_band(child)),
                _ => {}
            }
        }
        ItemKind::Policy(policy)
    }

    pub fn policy_head(&mut self, node: Node<'_>) -> Vec<Name> {
        self.bag(node).names
    }

    pub fn policy_band(&mut self, node: Node<'_>) -> PolicyBand {
        let span = self.span(&node);
        self.check_line(span, "clause", false);
        let mut bag = self.bag(node);
        PolicyBand { outcome: bag.name(), score: bag.expr(), span }
    }
}
