//! Runs a local stand-in for Channel, for trials and tests: real HTTP on loopback.
//!
//! It behaves as the vendor's documents describe. If they are silent, it behaves as this project guesses,
//! so a passing test against it proves nothing about a guess.
//!
//! | behaviour | known from |
//! |---|---|
//! | paths, `@` before the id, `GET` `PUT` `DELETE`, `GET …/channel`, both versions | official `OpenAPI` document |
//! | "create or patch": what is not sent stays | official `OpenAPI` document |
//! | `profileOnce` fills in what is missing; v5 responses leave it out | page of the v4 upsert; `OpenAPI` document |
//! | tags are replaced as a whole, lower-cased, unique; at most 10 (v4) or 20 (v5) | page; vendor's documentation; `OpenAPI` document |
//! | `unsubscribed` on v4; `unsubscribeEmail`, `unsubscribeTexting`, `blocked` on v5 | `OpenAPI` document |
//! | headers `x-access-key`, `x-access-secret`; 401 without them | vendor's documentation; the status is a guess |
//! | `x-ratelimit-limit`, `-remaining`, `-reset`, `-will-be-throttled`, 429 | vendor's documentation |
//! | types of the named profile keys | `OpenAPI` document |
//! | `null` removes a profile key, `profile: null` wipes | neighbouring code of the vendor |
//! | `tags: []` clears | **guess**, by the wording of the page |
//! | v4 takes and returns `unsubscribeEmail` and `unsubscribeTexting` | **guess**: the page and the document disagree |
//! | a bucket of 1,000, refilled at 10 a second; `Retry-After` with a 429 | **guess**: a third party's summary |
//! | 422 with `type` and `errors[]` for a wrong body, 404 for an unknown user | **guess**: errors are undocumented |

pub(crate) mod body;
pub(crate) mod bucket;
pub(crate) mod connection;
pub(crate) mod fault;
pub(crate) mod running;
pub(crate) mod server;
pub(crate) mod settings;
pub(crate) mod users;

pub use crate::sandbox::fault::{FAULT_SYNTAX, Fault, FaultKind, NotAFault};
pub use crate::sandbox::running::{Running, start};
pub use crate::sandbox::settings::{CHANNEL, Logged, SandboxSettings};
pub use crate::sandbox::users::compact;
