//! A truth over visits: how many persons it holds of, how many not, and of how many it is not known.

use super::super::text::{self, Lang};
use super::axis::{Plot, thinned};
use super::visits::Named;
use crate::flow::pages::figures::{Column, Scale};
use crate::model::number::Number;
use maud::{Markup, html};

/// Steps of the axis of persons, about.
const STEPS: i64 = 4;

/// The picture.
pub(crate) fn picture(columns: &[Column], named: &Named<'_>, lang: Lang) -> Markup {
    let whole = |n: usize| Number::from(i64::try_from(n).unwrap_or(i64::MAX));
    let parts = |c: &Column| [c.answers[0], c.answers[1], c.unknown];
    let most = columns.iter().map(|c| parts(c).iter().sum::<usize>()).max().unwrap_or(0).max(STEPS as usize);
    let Some(scale) = Scale::holding([Number::ZERO, whole(most)].iter(), STEPS) else { return html! {} };
    let visits = i64::try_from(columns.len()).unwrap_or(1).max(1);
    let step = (1080 / visits).clamp(40, 120);
    let plot = Plot { left: 56, top: 30, width: step * visits, height: 200, right: 12, bottom: 30 };
    let every = thinned(step, columns.iter().map(|c| c.name.chars().count()).max().unwrap_or(0));
    let drawn = html! {
        rect.plot x=(plot.left) y=(plot.top) width=(plot.width) height=(plot.height) {}
        (plot.numbers(&scale, text::PERSONS.say(lang)))
        @for (place, column) in columns.iter().enumerate() {
            @let x = plot.left + step / 2 + i64::try_from(place).unwrap_or(0) * step;
            (stack(parts(column), x, (step / 3).min(24), &|n| plot.y(scale.place(&whole(n)))))
            @if place % every == 0 { text.visit x=(x) y=(plot.floor() + 18) { (column.name) } }
        }
    };
    html! {
        (plot.picture(named.id, named.title, named.told, &drawn))
        ul.legend { @for (class, words) in [("yes", text::HOLDS), ("no", text::HOLDS_NOT), ("unknown", text::UNKNOWN)] {
            li { svg.figure viewBox="0 0 20 18" width="20" height="18" aria-hidden="true" focusable="false" { rect class={ "answer " (class) } x="3" y="2" width="14" height="14" {} } (words.say(lang)) }
        } }
    }
}

/// One visit: those of whom it holds at the bottom.
fn stack(parts: [usize; 3], x: i64, half: i64, y: &dyn Fn(usize) -> i64) -> Markup {
    let mut below = 0;
    html! { @for (count, class) in parts.into_iter().zip(["yes", "no", "unknown"]) { @if count > 0 {
        @let (floor, top) = (y(below), y(below + count));
        @let () = below += count;
        rect class={ "answer " (class) } x=(x - half) y=(top) width=(2 * half) height=(floor - top) {}
        @if floor - top >= 14 { text class={ "inside " (class) } x=(x) y=((floor + top) / 2 + 4) { (count) } }
    } } }
}
