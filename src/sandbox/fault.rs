//! Defines and parses the faults that the sandbox can produce on demand.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use wildmatch::WildMatch;

/// A fault and the requests about users that it strikes.
///
/// Written `KIND[:SHARE%][@PATTERN][#N|#N+]`: `500:10%` for every tenth request by chance, `422@u-7*`
/// for some users, `429#3` for the third request, `401#100+` from the hundredth on.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// The probability, in percent; `None` for always.
    pub share: Option<f64>,
    /// The pattern of the member ids that it strikes; `None` for all.
    pub only: Option<String>,
    /// The number of the request that it strikes, from 1 at the start of the sandbox; `None` for all.
    pub from: Option<u64>,
    /// Whether it strikes the requests after that one too.
    pub and_later: bool,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// This status, without a write: `401`, `422`, `429`, `500`, …; a 502 has an HTML body.
    Status(u16),
    /// `slow=200ms`: the response takes longer.
    Slow(Duration),
    /// `reset-before`: the connection is reset and the user is not written.
    ResetBefore,
    /// `reset-after`: the user is written and the connection is reset, so the response is lost.
    ResetAfter,
    /// `500-after`: the user is written, and the response is a 500.
    ErrorAfter,
    /// `broken-json`: the user is written, and the response is not JSON.
    BrokenJson,
    /// `truncated`: the user is written, and the response breaks off in the middle.
    Truncated,
    /// `empty`: the user is written, and the response has no body.
    Empty,
    /// `huge`: the user is written, and the response is two megabytes of spaces.
    Huge,
    /// `not-utf8`: the user is written, and the response is not UTF-8.
    NotUtf8,
    /// `redirect`: a 302 to another host, without a write.
    Redirect,
    /// `ignore-tags`: the user is written without its tags.
    IgnoreTags,
    /// `wrong-channel`: the credentials belong to another channel.
    WrongChannel,
}

/// How a fault is written.
pub const FAULT_SYNTAX: &str = "KIND[:SHARE%][@PATTERN][#N|#N+], where KIND is a status such as 500, or slow=200ms, reset-before, reset-after, 500-after, broken-json, truncated, empty, huge, not-utf8, redirect, ignore-tags, wrong-channel";

/// A text that is not a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a fault; expected {FAULT_SYNTAX}")]
pub struct NotAFault(String);

const NAMES: [(&str, FaultKind); 11] = [
    ("reset-before", FaultKind::ResetBefore),
    ("reset-after", FaultKind::ResetAfter),
    ("500-after", FaultKind::ErrorAfter),
    ("broken-json", FaultKind::BrokenJson),
    ("truncated", FaultKind::Truncated),
    ("empty", FaultKind::Empty),
    ("huge", FaultKind::Huge),
    ("not-utf8", FaultKind::NotUtf8),
    ("redirect", FaultKind::Redirect),
    ("ignore-tags", FaultKind::IgnoreTags),
    ("wrong-channel", FaultKind::WrongChannel),
];

impl Fault {
    /// Whether the fault strikes this request. `random` is a random number in 0..1.
    pub fn strikes(&self, member_id: &str, request: u64, random: f64) -> bool {
        let in_turn = self
            .from
            .is_none_or(|from| request == from || (self.and_later && request > from));
        let meant = self
            .only
            .as_ref()
            .is_none_or(|only| WildMatch::new(only).matches(member_id));
        in_turn && meant && self.share.is_none_or(|share| random * 100.0 < share)
    }
}

impl FromStr for Fault {
    type Err = NotAFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotAFault(text.to_owned());
        let (rest, turn) = match text.rsplit_once('#') {
            Some((rest, turn)) => (rest, Some(turn)),
            None => (text, None),
        };
        let (rest, only) = match rest.split_once('@') {
            Some((rest, only)) => (rest, Some(only.to_owned())),
            None => (rest, None),
        };
        let (name, share) = match rest.split_once(':') {
            Some((name, share)) => (name, Some(share)),
            None => (rest, None),
        };
        let share = share
            .map(|share| {
                share
                    .strip_suffix('%')
                    .and_then(|number| number.parse().ok())
                    .filter(|percent| (0.0..=100.0).contains(percent))
                    .ok_or_else(wrong)
            })
            .transpose()?;
        let and_later = turn.is_some_and(|turn| turn.ends_with('+'));
        let from = turn
            .map(|turn| {
                turn.trim_end_matches('+')
                    .parse()
                    .ok()
                    .filter(|from| *from > 0)
                    .ok_or_else(wrong)
            })
            .transpose()?;
        let kind = if let Some((_, kind)) = NAMES.iter().find(|(known, _)| *known == name) {
            *kind
        } else if let Some(time) = name.strip_prefix("slow=") {
            let milliseconds = match time.strip_suffix("ms") {
                Some(number) => number.parse().ok(),
                None => time
                    .strip_suffix('s')
                    .and_then(|number| number.parse::<u64>().ok())
                    .map(|seconds| seconds * 1000),
            };
            FaultKind::Slow(Duration::from_millis(milliseconds.ok_or_else(wrong)?))
        } else {
            match name.parse() {
                Ok(status @ 200..=599) => FaultKind::Status(status),
                _ => return Err(wrong()),
            }
        };
        Ok(Self {
            kind,
            share,
            only,
            from,
            and_later,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            FaultKind::Status(status) => write!(f, "{status}")?,
            FaultKind::Slow(time) => write!(f, "slow={}ms", time.as_millis())?,
            other => {
                let name = NAMES.iter().find(|(_, kind)| *kind == other);
                f.write_str(name.map_or("", |(name, _)| name))?;
            }
        }
        if let Some(share) = self.share {
            write!(f, ":{share}%")?;
        }
        if let Some(only) = &self.only {
            write!(f, "@{only}")?;
        }
        if let Some(from) = self.from {
            write!(f, "#{from}{}", if self.and_later { "+" } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_goes_both_ways() {
        for text in [
            "500",
            "500:10%",
            "422@u-7*",
            "429#3",
            "401#100+",
            "slow=200ms:50%",
            "reset-after:2.5%@u-1#7+",
            "500-after:60%",
            "ignore-tags",
            "wrong-channel",
        ] {
            let fault: Fault = text.parse().expect("a fault");
            assert_eq!(fault.to_string(), text);
        }
        for wrong in [
            "", "5", "999", "slow", "slow=1", "500:10", "500:101%", "429#0", "429#x", "boom",
        ] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_fault_strikes_the_requests_that_it_names() {
        let strikes = |text: &str, id, request, random| {
            let fault: Fault = text.parse().expect("a fault");
            fault.strikes(id, request, random)
        };
        assert!(strikes("422@u-7*", "u-70", 1, 0.5));
        assert!(!strikes("422@u-7*", "u-80", 1, 0.5));
        assert!(strikes("429#3", "u", 3, 0.5));
        assert!(!strikes("429#3", "u", 4, 0.5));
        assert!(strikes("429#3+", "u", 4, 0.5));
        assert!(strikes("500:10%", "u", 1, 0.09));
        assert!(!strikes("500:10%", "u", 1, 0.1));
    }
}
