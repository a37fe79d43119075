//! The colours of the output. Everything reads without them too.

use anstyle::AnsiColor;

/// What each part of the output looks like. Whether there is colour at all is decided by whoever
/// knows the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// What is created or gets a value.
    pub add: anstyle::Style,
    /// What gets another value.
    pub change: anstyle::Style,
    /// What is removed from Channel.
    pub remove: anstyle::Style,
    /// What is left on Channel and dropped from the state.
    pub forget: anstyle::Style,
    /// Titles.
    pub strong: anstyle::Style,
    /// Places, notes.
    pub quiet: anstyle::Style,
    /// What must not be overlooked.
    pub warning: anstyle::Style,
    coloured: bool,
}

impl Style {
    /// No colour at all.
    pub fn plain() -> Self {
        Self::default()
    }

    /// Colours of the basic palette, which every terminal can show and users can choose.
    pub fn coloured() -> Self {
        Self {
            add: AnsiColor::Green.on_default(),
            change: AnsiColor::Yellow.on_default(),
            remove: AnsiColor::Red.on_default(),
            forget: AnsiColor::Cyan.on_default(),
            strong: anstyle::Style::new().bold(),
            quiet: anstyle::Style::new().dimmed(),
            warning: AnsiColor::Red.on_default().bold(),
            coloured: true,
        }
    }

    /// Whether there is any colour.
    pub fn is_coloured(&self) -> bool {
        self.coloured
    }
}

/// The text within the style and back out of it.
pub fn paint(style: anstyle::Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
