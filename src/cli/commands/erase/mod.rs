//! Runs `talkform erase`: removes a person wherever talkform can, and names what still names the person.

pub(crate) mod arguments;
pub(crate) mod channel;
pub(crate) mod checkpoints;
pub(crate) mod declarations;
pub(crate) mod run;
pub(crate) mod traces;

pub(crate) use arguments::EraseArguments;
pub(crate) use run::run;
