//! Persons by visits, each as a mark of how it stands.

use super::axis::{Plot, thinned};
use super::mark::of;
use super::visits::Named;
use crate::flow::pages::figures::Completeness;
use maud::{Markup, html};

/// Height of one person.
const ROW: i64 = 20;

/// The picture of the first persons; `labels` in their order.
pub(crate) fn picture(figure: &Completeness, labels: &[String], persons_max: usize, named: &Named<'_>) -> Markup {
    let persons = figure.persons.len().min(persons_max);
    let visits = i64::try_from(figure.visits.len()).unwrap_or(1).max(1);
    let step = (1000 / visits).clamp(26, 60);
    let letters = labels.iter().take(persons).map(|l| l.chars().count()).max().unwrap_or(8);
    let left = i64::try_from(letters).unwrap_or(8).min(20) * 8 + 16;
    let height = i64::try_from(persons).unwrap_or(0) * ROW;
    let plot = Plot { left, top: 24, width: step * visits, height, right: 8, bottom: 6 };
    let every = thinned(step, figure.visits.iter().map(|v| v.chars().count()).max().unwrap_or(0));
    let x = |place: usize| plot.left + step / 2 + i64::try_from(place).unwrap_or(0) * step;
    let y = |place: usize| plot.top + ROW / 2 + i64::try_from(place).unwrap_or(0) * ROW;
    let drawn = html! {
        @for (place, name) in figure.visits.iter().enumerate().filter(|(place, _)| place % every == 0) {
            text.visit x=(x(place)) y="14" { (name) }
        }
        @for (place, (label, own)) in labels.iter().zip(&figure.persons).take(persons).enumerate() {
            @if place % 2 == 0 { rect.plot x="0" y=(y(place) - ROW / 2) width=(plot.end()) height=(ROW) {} }
            text.label x=(plot.left - 8) y=(y(place) + 4) { (label.chars().take(20).collect::<String>()) }
            @for (visit, counts) in own.iter().enumerate() { @if let Some(counts) = counts {
                (of(counts.whole()).0.draw(x(visit), y(place)))
            } }
        }
    };
    plot.picture(named.id, named.title, named.told, &drawn)
}
