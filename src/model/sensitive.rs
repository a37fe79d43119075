//! Which fields hold personal data.

use wildmatch::WildMatch;

use crate::model::field::FieldPath;

/// Patterns of field paths whose values are never shown, logged or stored.
#[derive(Clone, Debug)]
pub struct Sensitive {
    patterns: Vec<WildMatch>,
}

impl Sensitive {
    /// What is sensitive where the project says nothing.
    pub const DEFAULT: [&'static str; 6] = [
        "profile.email",
        "profile.mobileNumber",
        "profile.landlineNumber",
        "profile.name",
        "profile.firstName",
        "profile.lastName",
    ];

    /// `*` stands for any run of characters, `?` for one. A pattern of `profile.…` covers the
    /// same key of `profileOnce` too: it is the same datum of the same person.
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

    /// The same for a written path such as `profile.email`.
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
