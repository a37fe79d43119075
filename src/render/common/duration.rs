//! Writes an estimated duration in words.

use crate::words::counted;

/// `under a second`, `about 12 seconds`, `about 2 hours 5 minutes`.
pub(crate) fn duration(seconds: f64) -> String {
    if seconds < 1.0 {
        return "under a second".to_owned();
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 1; `as` saturates at the largest number"
    )]
    let seconds = seconds.round() as usize;
    let minutes = seconds.saturating_add(30) / 60;
    match (seconds, minutes) {
        (..90, _) => format!("about {}", counted(seconds, "second", "seconds")),
        (_, ..90) => format!("about {}", counted(minutes, "minute", "minutes")),
        _ => {
            let hours = counted(minutes / 60, "hour", "hours");
            match minutes % 60 {
                0 => format!("about {hours}"),
                rest => format!("about {hours} {}", counted(rest, "minute", "minutes")),
            }
        }
    }
}
