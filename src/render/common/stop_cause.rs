//! Names the causes that stop a run early.

use crate::model::StopCause;

/// Why a run stopped, as the beginning of a sentence.
pub fn why_stopped(cause: StopCause) -> &'static str {
    match cause {
        StopCause::Interrupted => "Interrupted",
        StopCause::Deadline => "Stopped: --max-duration is over",
        StopCause::Denied => "Stopped: Channel does not accept the credentials",
        StopCause::Blocked => {
            "Stopped: a request was blocked with 401 or 403, and not by Channel itself"
        }
        StopCause::Throttled => {
            "Stopped: Channel answered only 429 for five minutes, or asks for a longer wait"
        }
        StopCause::Breaker => "Stopped: too many failures in a row",
        StopCause::FailFast => "Stopped at the first failure, because of --fail-fast",
        StopCause::Unrecorded => "Stopped: cannot record what Channel accepted",
        StopCause::Recreated => "Stopped: more users were created anew than limits.recreate allows",
    }
}

/// The cause in one or two words, for a progress line.
pub(crate) fn word(cause: StopCause) -> &'static str {
    match cause {
        StopCause::Interrupted => "interrupted",
        StopCause::Deadline => "deadline",
        StopCause::Denied => "denied",
        StopCause::Blocked => "blocked",
        StopCause::Throttled => "throttled",
        StopCause::Breaker => "breaker",
        StopCause::FailFast => "fail-fast",
        StopCause::Unrecorded => "unrecorded",
        StopCause::Recreated => "recreated",
    }
}
