//! Typed indices into the tables of a ruleset.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            pub fn new(index: usize) -> $name {
                $name(index as u32)
            }

            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// An `entity` declaration.
    EntityId,
    /// An `event` declaration.
    EventId,
    /// A field of an event, by its place in the declaration.
    FieldId,
    /// A `rule` declaration.
    RuleId,
    /// A rung of the outcome ladder; 0 is `allow`, higher is more severe.
    OutcomeId,
    /// A `list` declaration.
    ListId,
    /// A `table` declaration.
    TableId,
    /// A `phrases` declaration.
    PhrasesId,
    /// A `calendar` declaration.
    CalendarId,
    /// An `action` declaration.
    ActionId,
    /// A `label` declaration.
    LabelId,
    /// What mutes are kept by: the same keys on the events of the rules that may be muted.
    MuteId,
    /// A memory: what is kept of past events for one meaning (event, value, where, keys).
    MemoryId,
    /// The memory of a `sequence`.
    SequenceId,
}
