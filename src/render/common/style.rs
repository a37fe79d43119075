//! Defines the colours of the output. The text is complete without them.

use anstyle::AnsiColor;

/// The colour of each part of the output. The caller, who knows the terminal, decides whether
/// there is any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Users that are created and fields that get a first value.
    pub add: anstyle::Style,
    /// Fields that get another value.
    pub change: anstyle::Style,
    /// Users and fields that are removed from Channel.
    pub remove: anstyle::Style,
    /// Users and fields that are removed from the state and stay on Channel.
    pub forget: anstyle::Style,
    /// Titles.
    pub strong: anstyle::Style,
    /// Places and notes.
    pub quiet: anstyle::Style,
    /// Warnings.
    pub warning: anstyle::Style,
    coloured: bool,
}

impl Style {
    /// No colour at all.
    pub fn plain() -> Self {
        Self::default()
    }

    /// Colours of the basic palette, which every terminal supports and users can configure.
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

/// The text with the codes that turn the style on before it and off after it.
pub fn paint(style: anstyle::Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
