//! Decides what becomes of each request on its way to Channel and back.

use crate::dice::Dice;
use crate::repository::KEYS;

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It arrives, and so does its answer.
    Answered,
    /// It arrives twice, and one answer comes back.
    Twice,
    /// There is no connection, so nothing leaves.
    NoConnection,
    /// It is lost on the way, or a proxy answers in its place.
    Lost(Instead),
    /// It arrives, and something else comes back than its answer.
    AnswerLost(Instead),
    /// It arrives long after the program has given it up.
    Late,
    /// Channel refuses it with 429.
    TooMany,
    /// Channel refuses it with 422, whatever is in it.
    Rejected,
    /// Channel does not accept the credentials.
    Denied,
}

/// What comes back in place of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instead {
    /// Nothing, until the time is over.
    Silence,
    /// The connection breaks.
    Break,
    /// A status of trouble.
    Status(u16),
    /// 401 or 403 of a firewall.
    Firewall(u16),
    /// 200 with a page.
    Page,
    /// 404 with a page.
    MissingPage,
    /// 200 with an empty body.
    Empty,
    /// 200 with a body that breaks off.
    Cut,
    /// 200 with JSON that shows no user.
    NoUser,
    /// 200 with errors.
    Errors,
    /// 200 with another user.
    OtherUser,
    /// 200 with the user of another channel.
    OtherChannel,
}

const INSTEAD: [Instead; 15] = [
    Instead::Silence,
    Instead::Break,
    Instead::Status(408),
    Instead::Status(500),
    Instead::Status(502),
    Instead::Status(503),
    Instead::Status(504),
    Instead::Firewall(403),
    Instead::Page,
    Instead::MissingPage,
    Instead::Empty,
    Instead::Cut,
    Instead::NoUser,
    Instead::Errors,
    Instead::OtherUser,
];

/// How the network is during one run.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    /// Chance in a hundred that a request does not simply get its answer.
    trouble: usize,
    /// What may become of it.
    fates: Vec<Fate>,
    /// The longest time in one direction, in milliseconds.
    slowest: u64,
    /// Chance in a hundred that people change something while a request is on its way.
    people: usize,
    /// A key of the profile that Channel does not take.
    pub(crate) ignored: Option<&'static str>,
}

impl Weather {
    /// Every request gets its answer.
    pub(crate) fn calm() -> Self {
        Self {
            trouble: 0,
            fates: Vec::new(),
            slowest: 20,
            people: 0,
            ignored: None,
        }
    }

    /// A few kinds of trouble, often or seldom.
    pub(crate) fn random(dice: &Dice) -> Self {
        let mut fates = Vec::new();
        for _ in 0..=dice.below(3) {
            fates.push(match dice.below(16) {
                0 => Fate::Twice,
                1 => Fate::NoConnection,
                2 => Fate::Late,
                3 => Fate::TooMany,
                4 => Fate::Rejected,
                5 if dice.percent(20) => Fate::Denied,
                6 => Fate::AnswerLost(Instead::OtherChannel),
                7..=10 => Fate::Lost(*dice.pick(&INSTEAD)),
                _ => Fate::AnswerLost(*dice.pick(&INSTEAD)),
            });
        }
        Self {
            trouble: *dice.pick(&[0, 5, 20, 50, 80, 100]),
            fates,
            slowest: *dice.pick(&[0, 20, 300, 5000]),
            people: *dice.pick(&[0, 0, 0, 10]),
            ignored: dice.percent(15).then(|| *dice.pick(&KEYS)),
        }
    }

    pub(crate) fn fate(&self, dice: &Dice) -> Fate {
        if !self.fates.is_empty() && dice.percent(self.trouble) {
            *dice.pick(&self.fates)
        } else {
            Fate::Answered
        }
    }

    /// How long one direction takes, in milliseconds.
    pub(crate) fn way(&self, dice: &Dice) -> u64 {
        dice.between(0, self.slowest)
    }

    pub(crate) fn do_people_act(&self, dice: &Dice) -> bool {
        self.people > 0 && dice.percent(self.people)
    }
}
