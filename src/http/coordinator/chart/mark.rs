//! Marks of the figures, distinct in shape, and the list that says what they mean.

use super::super::text::{self, Lang, Words};
use crate::flow::pages::figures::{State, Whole};
use maud::{Markup, html};

/// What is drawn at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// All of it is there.
    Full,
    /// It is there and lies outside the window.
    Hollow,
    /// A part is there.
    Half,
    /// It cannot come any more.
    Cross,
    /// Late.
    Late,
    /// The window is open.
    Ring,
    /// Its time has not come.
    Speck,
    /// Visits had ended.
    Dash,
    /// It does not apply.
    Slash,
    /// A line of one person.
    Line,
    /// Median and quartiles.
    Box,
    /// A number known in part.
    Bar,
    /// It may still change.
    Open,
    /// Between the visits.
    Diamond,
    /// Nothing follows.
    End,
    /// A visit's window.
    Window,
    /// A limit.
    Limit,
}

/// The mark of a visit as a whole.
pub(crate) fn of(whole: Whole) -> (Mark, Words) {
    match whole {
        Whole::Part => (Mark::Half, text::PART_CAPTURED),
        Whole::Is(state) => of_state(state),
    }
}

/// The mark of a state.
pub(crate) fn of_state(state: State) -> (Mark, Words) {
    match state {
        State::Captured => (Mark::Full, text::CAPTURED),
        State::CapturedOutside => (Mark::Hollow, text::CAPTURED_OUTSIDE),
        State::Missed => (Mark::Cross, text::MISSED),
        State::Overdue => (Mark::Late, text::OVERDUE),
        State::Due => (Mark::Ring, text::DUE),
        State::NotDue => (Mark::Speck, text::NOT_DUE),
        State::Ended => (Mark::Dash, text::ENDED),
        State::NotApplicable => (Mark::Slash, text::NOT_APPLICABLE),
    }
}

impl Mark {
    /// The mark around a place.
    pub(crate) fn draw(self, x: i64, y: i64) -> Markup {
        html! { @match self {
            Self::Full => { rect.full x=(x - 6) y=(y - 6) width="12" height="12" {} }
            Self::Hollow => { rect.hollow x=(x - 5) y=(y - 5) width="10" height="10" {} rect.full x=(x - 2) y=(y - 2) width="4" height="4" {} }
            Self::Half => { path.full d={ "M" (x - 6) " " (y + 6) "V" (y - 6) "L" (x + 6) " " (y + 6) "Z" } {} rect.thin x=(x - 6) y=(y - 6) width="12" height="12" {} }
            Self::Cross => { path.cross d={ "M" (x - 5) " " (y - 5) "L" (x + 5) " " (y + 5) "M" (x + 5) " " (y - 5) "L" (x - 5) " " (y + 5) } {} }
            Self::Late => { path.late d={ "M" (x) " " (y - 6) "L" (x + 7) " " (y + 6) "H" (x - 7) "Z" } {} }
            Self::Ring => { circle.thin cx=(x) cy=(y) r="5" {} }
            Self::Speck => { circle.speck cx=(x) cy=(y) r="1.5" {} }
            Self::Dash => { line.thin x1=(x - 5) x2=(x + 5) y1=(y) y2=(y) {} }
            Self::Slash => { line.speck-line x1=(x - 3) x2=(x + 3) y1=(y + 4) y2=(y - 4) {} }
            Self::Line => { line.person x1=(x - 8) x2=(x + 8) y1=(y + 3) y2=(y - 3) {} circle.dot cx=(x) cy=(y) r="2.5" {} }
            Self::Box => { rect.box x=(x - 5) y=(y - 6) width="10" height="12" {} line.median x1=(x - 5) x2=(x + 5) y1=(y) y2=(y) {} }
            Self::Bar => { path.in-part d={ "M" (x - 3) " " (y - 6) "H" (x + 3) "M" (x) " " (y - 6) "V" (y + 6) "M" (x - 3) " " (y + 6) "H" (x + 3) } {} }
            Self::Open => { circle.outside cx=(x) cy=(y) r="4" {} circle.dot cx=(x) cy=(y) r="1" {} }
            Self::Diamond => { path.outside d={ "M" (x) " " (y - 4) "L" (x + 4) " " (y) "L" (x) " " (y + 4) "L" (x - 4) " " (y) "Z" } {} }
            Self::End => { path.cross d={ "M" (x + 4) " " (y - 6) "V" (y + 6) "M" (x - 3) " " (y) "H" (x + 4) } {} }
            Self::Window => { rect.window x=(x - 8) y=(y - 7) width="16" height="14" {} }
            Self::Limit => { line.limit x1=(x - 8) x2=(x + 8) y1=(y) y2=(y) {} }
        } }
    }
}

/// A mark beside words that say the same.
pub(crate) fn beside(mark: Mark) -> Markup {
    html! { svg.figure viewBox="0 0 20 18" width="20" height="18" aria-hidden="true" focusable="false" { (mark.draw(10, 9)) } }
}

/// What the marks of a figure mean.
pub(crate) fn legend(marks: &[(Mark, Words)], lang: Lang) -> Markup {
    html! {
        ul.legend { @for (mark, words) in marks {
            li { (beside(*mark)) (words.say(lang)) }
        } }
    }
}
