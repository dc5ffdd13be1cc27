//! `{"type":"list","name":…,"at":…,"add":[…],"remove":[…]}`: what fills an `extern` list. No event can be called so, so
//! such a line is looked for only where no event was found.

use std::sync::Arc;

use super::json::{self, Kind};
use super::reader::{Fault, Raw, repeated, repeated_key};
use super::{Decoded, Decoder, RejectReason, Rejected, reject_of};
use crate::diag::nearest;
use crate::model::event::ListLine;
use crate::model::ids::ListId;
use crate::model::schema::Pointer;
use crate::model::slot::{Arenas, Slot};
use crate::model::time::Time;
use crate::model::types::{Ty, Type};
use crate::model::value::{Datum, Value};

const TYPE: &str = "list";

/// A list of the ruleset, by its id.
#[derive(Clone, Debug)]
pub struct ListShape {
    pub name: Arc<str>,
    /// The type of its values.
    pub ty: Type,
    /// Filled by lines like these.
    pub external: bool,
}

impl Decoder {
    /// With the lists that lines may name, by their ids.
    pub fn with_lists(mut self, lists: Vec<ListShape>) -> Decoder {
        self.lists = lists;
        self
    }

    /// `None` if the line says it is something else. `text` was scanned into members.
    #[cold]
    pub(super) fn list_line(&self, text: &str, out: &mut Decoded) -> Option<Result<(), Rejected>> {
        let told = member(text, out, "type").filter(|token| token.kind.is_text())?;
        if json::unescaped(told.inner(text)) != TYPE {
            return None;
        }
        let at = member(text, out, "at")
            .filter(|token| token.kind.is_text())
            .and_then(|token| Time::parse_rfc3339(&json::unescaped(token.inner(text))));
        let read = self.read_list_line(text, at, out).map_err(|mut rejected| {
            rejected.event_type = Some(TYPE.into());
            rejected.at = at;
            rejected
        });
        Some(read.map(|line| out.list = Some(Box::new(line))))
    }

    fn read_list_line(&self, text: &str, at: Option<Time>, out: &mut Decoded) -> Result<ListLine, Rejected> {
        if let Some(again) = repeated_key(text, &out.work.members) {
            return Err(RejectReason::of(repeated(Pointer::field(&again).to_string())));
        }
        if at.is_none() {
            let found = self.found(text, "at", out);
            return Err(fault("/at", "time".into(), found));
        }
        let (list, shape) = self.named_list(text, out)?;
        let remove = self.list_values(text, "remove", shape, out)?;
        let add = self.list_values(text, "add", shape, out)?;
        if remove.is_none() && add.is_none() {
            return Err(RejectReason::whole("`add` or `remove`", "neither"));
        }
        let known = ["type", "name", "at", "add", "remove"];
        let is_known = |member: &&json::Member| known.iter().any(|name| member.is(text, name));
        out.unknown_fields = out.work.members.iter().filter(|member| !is_known(member)).count() as u64;
        Ok(ListLine { list, remove: remove.unwrap_or_default(), add: add.unwrap_or_default() })
    }

    fn named_list(&self, text: &str, out: &mut Decoded) -> Result<(ListId, &ListShape), Rejected> {
        let name = member(text, out, "name").filter(|token| token.kind.is_text());
        let name = name.map(|token| json::unescaped(token.inner(text)));
        let place = self.lists.iter().position(|list| Some(&*list.name) == name.as_deref());
        let expected = match (place.and_then(|place| Some((place, self.lists.get(place)?))), name) {
            (Some((place, list)), _) if list.external => return Ok((ListId::new(place), list)),
            (Some((_, list)), _) => {
                format!("a list that is declared `extern`; `{}` is not", list.name)
            }
            (None, None) => "the name of an `extern` list".to_string(),
            (None, Some(name)) => {
                let known = self.lists.iter().filter(|list| list.external).map(|list| &*list.name);
                let near = nearest(&name, known);
                let near = near.map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
                format!("the name of an `extern` list{near}")
            }
        };
        let found = self.found(text, "name", out);
        Err(fault("/name", expected, found))
    }

    /// `None` if nothing is said there.
    fn list_values(
        &self,
        text: &str,
        part: &str,
        shape: &ListShape,
        out: &mut Decoded,
    ) -> Result<Option<Vec<Value>>, Rejected> {
        let Some(raw) = member(text, out, part).filter(|token| token.kind != Kind::Null) else {
            return Ok(None);
        };
        let ty = Ty { base: Type::List(Arc::new(shape.ty.clone().required())), optional: false };
        let mut slot = Slot::MISSING;
        let mut reader = out.reader(text, None, &self.hash_key);
        reader.plain(Some(raw), &ty, &Pointer::field(part), &mut slot).map_err(reject_of)?;
        let arenas = Arenas { constants: &out.arena, event: &out.arena };
        let Datum::Known(Value::List(items)) = arenas.datum(slot, &ty.base) else { return Ok(None) };
        Ok(Some(items.iter().filter_map(|item| item.known().cloned()).collect()))
    }

    fn found(&self, text: &str, name: &str, out: &mut Decoded) -> String {
        let raw = member(text, out, name);
        out.reader(text, None, &self.hash_key).found(raw, false)
    }
}

fn member(text: &str, out: &Decoded, name: &str) -> Raw {
    out.work.members.iter().find(|member| member.is(text, name)).map(|member| member.value)
}

fn fault(pointer: &str, expected: String, found: String) -> Rejected {
    RejectReason::of(Fault { pointer: pointer.into(), expected, found })
}
