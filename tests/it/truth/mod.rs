//! The state is true: it knows what Channel has, or says that it does not know.
//!
//! Seven stories in which a record was wrong without a word, and the tests that tell each of them:
//!
//! 1. A request was carried out and not answered, and its commit is reverted before the next run: `taken_back`,
//!    `rounds`, `kill_everywhere`, `kill_removals`, `plan::tests::pending`.
//! 2. A success that is not Channel's own, or not about the user: `wrong_answers`, `wrong_responses`,
//!    `remote::tests::judge`.
//! 3. A person who was deleted on Channel and is created anew without a declared opt-out: `recreate`,
//!    `plan::tests::recreate`.
//! 4. A state that is overwritten or replaced during an apply: `state_conflicts`, `clones`.
//! 5. A run of one clone is killed, and another clone pushes a later state: `clones`,
//!    `state::tests::journal`.
//! 6. A state whose bytes are not those that were written: `state::tests::format`,
//!    `state_conflicts::a_damaged_state_is_repaired`.
//! 7. A state that grows past what git hosting takes: `state::tests::format` bounds the bytes of a user, `render`
//!    warns.

mod clones;
mod rounds;
mod taken_back;
mod wrong_answers;
