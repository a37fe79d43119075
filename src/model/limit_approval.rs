//! Describes what a person agrees to when a plan exceeds limits.

use std::fmt;
use std::str::FromStr;

use crate::model::digest::digests::PlanDigest;
use crate::model::plan::{LimitCheck, LimitKind, Plan};

/// An agreement that one plan exceeds limits: `DIGEST` for all of them, `optIn=3,DIGEST` for some.
///
/// It holds for the plan with this digest and no other. A limit that is named is agreed to up to its
/// count; where any is named, the others are not agreed to. [`LimitKind::MinUsers`] cannot be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitApproval {
    /// The plan.
    pub digest: PlanDigest,
    /// The limits that are named, each with the most users; empty for all limits.
    counts: Vec<(LimitKind, usize)>,
}

impl LimitApproval {
    /// The exceeded limits of a plan that are not agreed to. The digest is not compared.
    pub fn missing<'p>(&self, plan: &'p Plan) -> Vec<&'p LimitCheck> {
        let is_covered = |check: &LimitCheck| {
            self.counts.is_empty()
                || self
                    .counts
                    .iter()
                    .any(|(kind, most)| *kind == check.kind && check.planned <= *most)
        };
        plan.tripped().filter(|check| !is_covered(check)).collect()
    }

    /// The count that this names for a limit.
    pub fn count(&self, kind: LimitKind) -> Option<usize> {
        let mut counts = self.counts.iter();
        counts
            .find(|(named, _)| *named == kind)
            .map(|(_, most)| *most)
    }
}

impl fmt::Display for LimitApproval {
    /// As it is parsed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, most) in &self.counts {
            write!(f, "{}={most},", kind.name())?;
        }
        fmt::Display::fmt(&self.digest, f)
    }
}

/// A text that is not an approval of limits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnApproval {
    /// The last part is not a digest.
    #[error("expected DIGEST or LIMIT=COUNT,DIGEST, such as optIn=3,sha256:…")]
    NoDigest,
    /// A part before the digest is not a limit with a count.
    #[error("`{0}` is not a limit with a count, such as optIn=3")]
    NotACount(String),
    /// No limit that can be approved has this name.
    #[error("`{0}` is not a limit that can be approved; expected one of: {names}", names = names())]
    UnknownLimit(String),
    /// A limit is named twice.
    #[error("`{0}` is named twice")]
    Repeated(&'static str),
}

fn names() -> String {
    let names: Vec<&str> = LimitKind::ALL
        .iter()
        .filter(|kind| **kind != LimitKind::MinUsers)
        .map(|kind| kind.name())
        .collect();
    names.join(", ")
}

impl FromStr for LimitApproval {
    type Err = NotAnApproval;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (counts, digest) = text.rsplit_once(',').unwrap_or(("", text));
        let digest = digest.parse().map_err(|_| NotAnApproval::NoDigest)?;
        let mut approval = Self {
            digest,
            counts: Vec::new(),
        };
        for part in counts.split(',').filter(|_| text.contains(',')) {
            let (name, count) = part
                .split_once('=')
                .and_then(|(name, count)| Some((name, count.parse().ok()?)))
                .ok_or_else(|| NotAnApproval::NotACount(part.to_owned()))?;
            let kind = LimitKind::ALL
                .into_iter()
                .find(|kind| kind.name() == name && *kind != LimitKind::MinUsers)
                .ok_or_else(|| NotAnApproval::UnknownLimit(name.to_owned()))?;
            if approval.count(kind).is_some() {
                return Err(NotAnApproval::Repeated(kind.name()));
            }
            approval.counts.push((kind, count));
        }
        Ok(approval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn approvals() {
        let digest = PlanDigest::over(std::iter::empty());
        let all: LimitApproval = digest.to_string().parse().expect("an approval");
        assert_eq!((all.digest, all.count(LimitKind::OptIn)), (digest, None));
        let some: LimitApproval = format!("optIn=3,clear=0,{digest}")
            .parse()
            .expect("an approval");
        assert_eq!(some.digest, digest);
        assert_eq!(some.to_string(), format!("optIn=3,clear=0,{digest}"));
        assert_eq!(some.count(LimitKind::OptIn), Some(3));
        assert_eq!(some.count(LimitKind::Clear), Some(0));
        assert_eq!(some.count(LimitKind::Forget), None);
        for wrong in [
            String::new(),
            "optIn=3".to_owned(),
            "optIn=3,".to_owned(),
            format!(",{digest}"),
            format!("optIn,{digest}"),
            format!("optIn=,{digest}"),
            format!("optIn=-1,{digest}"),
            format!("optin=1,{digest}"),
            format!("minUsers=1,{digest}"),
            format!("optIn=1,optIn=2,{digest}"),
            format!("{digest},optIn=1"),
            format!("optIn=1, {digest}"),
        ] {
            assert!(wrong.parse::<LimitApproval>().is_err(), "{wrong}");
        }
    }
}
