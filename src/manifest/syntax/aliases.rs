//! Finds the aliases of a YAML text and the anchors that they name.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser};

use crate::manifest::syntax::yaml::Offsets;

/// An alias and its anchor, as offsets in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) alias: usize,
    /// The start of the value that has the anchor.
    pub(crate) anchor: usize,
}

/// The aliases of a text, in order. A text that is not YAML has those before its first error.
pub(crate) fn links(text: &str) -> Vec<Link> {
    let mut offsets = Offsets::new(text);
    let mut anchors = HashMap::new();
    let mut links = Vec::new();
    let mut parser = Parser::new_from_str(text);
    while let Some(Ok((event, place))) = parser.next_event() {
        let start = offsets.byte(place.start.index());
        match event {
            Event::Alias(id) => {
                let anchor = anchors.get(&id);
                links.extend(anchor.map(|anchor| Link {
                    alias: start,
                    anchor: *anchor,
                }));
            }
            Event::Scalar(_, _, id, _)
            | Event::SequenceStart(id, _)
            | Event::MappingStart(id, _)
                if id > 0 =>
            {
                anchors.insert(id, start);
            }
            Event::DocumentEnd => anchors.clear(),
            _ => {}
        }
    }
    links
}
