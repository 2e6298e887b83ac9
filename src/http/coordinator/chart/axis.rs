//! What the figures share: where the plot lies, its axis of numbers with round ticks, and lines at limits.

use crate::flow::pages::figures::{SIDE, Scale};
use crate::model::number::Number;
use maud::{Markup, html};

/// The plot inside a picture, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plot {
    pub(super) left: i64,
    pub(super) top: i64,
    pub(super) width: i64,
    pub(super) height: i64,
    /// Right of the plot.
    pub(super) right: i64,
    /// Beneath the plot.
    pub(super) bottom: i64,
}

/// Right of the plot where lines are named there.
pub(super) const NAMES: i64 = 150;
/// Right of the plot where lines have a number alone.
pub(super) const NUMBERS: i64 = 56;
/// Height of one line of small letters.
const LINE: i64 = 14;
/// Most characters of a line's name.
const NAME_MAX: usize = 22;

impl Plot {
    pub(super) fn full(&self) -> (i64, i64) {
        (self.left + self.width + self.right, self.top + self.height + self.bottom)
    }

    /// From a place of a scale to a height in the picture.
    pub(super) fn y(&self, place: i64) -> i64 {
        self.top + self.height - place * self.height / SIDE
    }

    pub(super) fn end(&self) -> i64 {
        self.left + self.width
    }

    pub(super) fn floor(&self) -> i64 {
        self.top + self.height
    }

    /// The picture around what is drawn; it is named by its title and told by its description.
    pub(super) fn picture(&self, id: &str, title: &str, told: &str, drawn: &Markup) -> Markup {
        let (width, height) = self.full();
        html! {
            div.scroll role="group" aria-label=(title) tabindex="0" {
                svg.figure role="img" viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) aria-labelledby={ (id) "-t" } aria-describedby={ (id) "-d" } {
                    title id={ (id) "-t" } { (title) }
                    desc id={ (id) "-d" } { (told) }
                    (drawn)
                }
            }
        }
    }

    /// Lines and numbers of the axis, its unit on top.
    pub(super) fn numbers(&self, scale: &Scale, unit: &str) -> Markup {
        html! {
            @for tick in &scale.ticks {
                @let y = self.y(scale.place(tick));
                line.grid x1=(self.left) x2=(self.end()) y1=(y) y2=(y) {}
                text.tick x=(self.left - 8) y=(y + 4) { (short(tick)) }
            }
            @if !unit.is_empty() { text.unit x="2" y=(self.top - 12) { (unit) } }
        }
    }

    /// Dashed lines at limits, each named at its right end.
    pub(super) fn limits(&self, scale: &Scale, limits: &[(String, Number)]) -> Markup {
        let heights: Vec<i64> = limits.iter().map(|(_, value)| self.y(scale.place(value))).collect();
        let places = apart(&heights, self.top, self.floor());
        html! {
            @for ((name, _), (height, place)) in limits.iter().zip(heights.iter().zip(&places)) {
                line.limit x1=(self.left) x2=(self.end()) y1=(height) y2=(height) {}
                text.limit x=(self.end() + 6) y=(place + 4) { (cut(name)) }
            }
        }
    }
}

/// A number as an axis shows it.
pub(super) fn short(number: &Number) -> String {
    number.to_string().replace('-', "−")
}

/// A name that fits beside a line; the table has the whole of it.
fn cut(name: &str) -> String {
    if name.chars().count() <= NAME_MAX {
        return name.to_owned();
    }
    name.chars().take(NAME_MAX - 1).chain(['…']).collect()
}

/// Heights moved so that no name lies on another, inside the plot as far as they fit.
fn apart(heights: &[i64], top: i64, floor: i64) -> Vec<i64> {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    order.sort_by_key(|i| heights[*i]);
    let mut places = vec![0; heights.len()];
    let mut free = top;
    for i in order {
        places[i] = heights[i].max(free);
        free = places[i] + LINE;
    }
    let over = (free - LINE - floor).max(0);
    places.into_iter().map(|p| p - over).collect()
}

/// Every how many labels one is written, so that none touches the next.
pub(super) fn thinned(step: i64, longest: usize) -> usize {
    let wanted = i64::try_from(longest).unwrap_or(0) * 7 + 8;
    usize::try_from((wanted + step - 1) / step.max(1)).unwrap_or(1).max(1)
}
