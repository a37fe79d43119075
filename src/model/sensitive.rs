//! Decides which fields hold personal data.

use wildmatch::WildMatch;

use crate::model::field::FieldPath;

/// Patterns of field paths whose values are never shown, logged or stored.
#[derive(Clone, Debug)]
pub struct Sensitive {
    patterns: Vec<WildMatch>,
}

impl Sensitive {
    /// The patterns of a project that sets none.
    pub const DEFAULT: [&'static str; 6] = [
        "profile.email",
        "profile.mobileNumber",
        "profile.landlineNumber",
        "profile.name",
        "profile.firstName",
        "profile.lastName",
    ];

    /// `*` matches any run of characters, `?` matches one. A pattern that starts with `profile.` covers the
    /// same key of `profileOnce` too, because both name the same key on Channel.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Self {
        let mut all = Vec::new();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            all.push(WildMatch::new(pattern));
            if let Some(key) = pattern.strip_prefix("profile.") {
                all.push(WildMatch::new(&format!("profileOnce.{key}")));
            }
        }
        Self { patterns: all }
    }

    /// Whether the values of this field are masked.
    pub fn covers(&self, path: &FieldPath) -> bool {
        self.covers_text(&path.to_string())
    }

    /// Whether the values of a written path such as `profile.email` are masked.
    pub fn covers_text(&self, path: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(path))
    }
}

impl Default for Sensitive {
    fn default() -> Self {
        Self::new(&Self::DEFAULT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_is_as_sensitive_as_profile() {
        let sensitive = Sensitive::new(&["profile.*Phone", "tags"]);
        assert!(sensitive.covers_text("profile.workPhone"));
        assert!(sensitive.covers_text("profileOnce.workPhone"));
        assert!(sensitive.covers_text("tags"));
        assert!(!sensitive.covers_text("profile.phone"));
    }
}
