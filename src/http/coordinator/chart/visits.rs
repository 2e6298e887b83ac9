//! One item over visits: a line for each person, a box for each visit, windows shaded, limits drawn.

use super::super::text::{self, Lang, Words};
use super::axis::{NAMES, NUMBERS, Plot, thinned};
use super::mark::{Mark, legend};
use crate::flow::pages::figures::{Column, Compared, Point, SIDE, Scale, VisitFigure};
use maud::{Markup, html};

/// How large a figure is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Pixels from one visit to the next.
    step: i64,
    height: i64,
    /// A box for each visit; else the results of one person are what is looked at.
    boxes: bool,
}

impl Size {
    /// For everybody, as wide as its visits ask for.
    pub(crate) fn wide(visits: usize) -> Self {
        let visits = i64::try_from(visits).unwrap_or(1).max(1);
        Self { step: (1080 / visits).clamp(40, 150), height: 320, boxes: true }
    }

    /// For one person, beside others.
    pub(crate) fn small(visits: usize) -> Self {
        let visits = i64::try_from(visits).unwrap_or(1).max(1);
        Self { step: (260 / visits).clamp(9, 80), height: 120, boxes: false }
    }
}

/// What surrounds the numbers.
pub(crate) struct Named<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) told: &'a str,
    pub(crate) unit: &'a str,
}

/// The picture; nothing where there is no number.
pub(crate) fn picture(figure: &VisitFigure, size: Size, lines_max: usize, named: &Named<'_>) -> Markup {
    let Some(scale) = &figure.scale else { return html! {} };
    let visits = i64::try_from(figure.columns.len()).unwrap_or(1).max(1);
    let right = match (figure.thresholds.is_empty(), size.boxes) {
        (true, _) => 12,
        (false, true) => NAMES,
        (false, false) => NUMBERS,
    };
    let bottom = if size.boxes { 52 } else { 26 };
    let plot = Plot { left: 56, top: 30, width: size.step * visits, height: size.height, right, bottom };
    let name = |t: &Compared| {
        let number = format!("{} {}", t.sign, t.value);
        if size.boxes { format!("{number} {}", t.of) } else { number }
    };
    let limits: Vec<_> = figure.thresholds.iter().map(|t| (name(t), t.value.clone())).collect();
    let drawn = html! {
        rect.plot x=(plot.left) y=(plot.top) width=(plot.width) height=(plot.height) {}
        (windows(figure, &plot, size))
        (plot.numbers(scale, named.unit))
        @if size.boxes { @for (place, column) in figure.columns.iter().enumerate() { (boxed(column, place, scale, &plot, size)) } }
        (plot.limits(scale, &limits))
        @for (line, ended) in figure.lines.iter().zip(&figure.ended).take(lines_max) { (person(line, *ended, scale, &plot, size)) }
        @for point in &figure.between { @if let Some(value) = point.value.as_exact() {
            (Mark::Diamond.draw(x(point.at, &plot, size), plot.y(scale.place(value))))
        } }
        @if size.boxes { (medians(figure, scale, &plot, size)) }
        (names(figure, &plot, size))
    };
    plot.picture(named.id, named.title, named.told, &drawn)
}

/// From thousandths of a step to pixels; the first visit lies half a step inside.
fn x(at: i64, plot: &Plot, size: Size) -> i64 {
    plot.left + size.step / 2 + at * size.step / SIDE
}

fn knot(place: usize, plot: &Plot, size: Size) -> i64 {
    x(i64::try_from(place).unwrap_or(0) * SIDE, plot, size)
}

fn windows(figure: &VisitFigure, plot: &Plot, size: Size) -> Markup {
    html! { @for column in figure.columns.iter().filter(|c| c.window.1 > c.window.0) {
        @let from = x(column.window.0, plot, size).max(plot.left);
        @let to = x(column.window.1, plot, size).min(plot.end());
        rect.window x=(from) y=(plot.top) width=((to - from).max(2)) height=(plot.height) {}
    } }
}

fn boxed(column: &Column, place: usize, scale: &Scale, plot: &Plot, size: Size) -> Markup {
    let Some(s) = &column.summary else { return html! {} };
    let (x, half) = (knot(place, plot, size), (size.step / 5).clamp(4, 16));
    let y = |n| plot.y(scale.place(n));
    html! {
        line.whisker x1=(x) x2=(x) y1=(y(&s.most)) y2=(y(&s.upper)) {}
        line.whisker x1=(x) x2=(x) y1=(y(&s.lower)) y2=(y(&s.least)) {}
        line.whisker x1=(x - half / 2) x2=(x + half / 2) y1=(y(&s.most)) y2=(y(&s.most)) {}
        line.whisker x1=(x - half / 2) x2=(x + half / 2) y1=(y(&s.least)) y2=(y(&s.least)) {}
        rect.box x=(x - half) y=(y(&s.upper)) width=(2 * half) height=((y(&s.lower) - y(&s.upper)).max(1)) {}
    }
}

/// Above all lines, so that what most people ask for is seen first.
fn medians(figure: &VisitFigure, scale: &Scale, plot: &Plot, size: Size) -> Markup {
    let half = (size.step / 5).clamp(4, 16);
    html! { @for (place, column) in figure.columns.iter().enumerate() { @if let Some(s) = &column.summary {
        @let (x, y) = (knot(place, plot, size), plot.y(scale.place(&s.median)));
        line.median x1=(x - half) x2=(x + half) y1=(y) y2=(y) {}
    } } }
}

/// The line of one person: broken where a visit has no number, its marks telling how each was come by.
fn person(line: &[Point], ended: bool, scale: &Scale, plot: &Plot, size: Size) -> Markup {
    let at = |p: &Point| p.value.as_exact().map(|n| (x(p.at, plot, size), plot.y(scale.place(n))));
    let mut pieces: Vec<Vec<String>> = Vec::new();
    let mut last: Option<usize> = None;
    for point in line {
        let Some((px, py)) = at(point) else { continue };
        if last.is_none_or(|before| before + 1 != point.visit) {
            pieces.push(Vec::new());
        }
        last = Some(point.visit);
        pieces.last_mut().expect("there is one").push(format!("{px},{py}"));
    }
    html! {
        @for piece in pieces.iter().filter(|p| p.len() > 1) { polyline.person points=(piece.join(" ")) {} }
        @for point in line { @match at(point) {
            None => { (in_part(point, scale, plot, size)) }
            Some((px, py)) if point.outside => { circle.outside cx=(px) cy=(py) r="3.5" {} }
            Some((px, py)) if point.provisional => { (Mark::Open.draw(px, py)) }
            Some((px, py)) => { circle.dot cx=(px) cy=(py) r=(if size.boxes { "2" } else { "3" }) {} }
        } }
        @if let Some((px, py)) = line.iter().rev().find_map(at).filter(|_| ended) { (Mark::End.draw(px + 6, py)) }
    }
}

/// A number known in part: from its one end to the other, or to the edge.
fn in_part(point: &Point, scale: &Scale, plot: &Plot, size: Size) -> Markup {
    let x = x(point.at, plot, size);
    let high = point.value.high.as_ref().map(|e| plot.y(scale.place(&e.value)));
    let low = point.value.low.as_ref().map(|e| plot.y(scale.place(&e.value)));
    html! {
        line.in-part x1=(x) x2=(x) y1=(high.unwrap_or(plot.top)) y2=(low.unwrap_or(plot.floor())) {}
        @for y in [high, low].into_iter().flatten() { line.in-part x1=(x - 3) x2=(x + 3) y1=(y) y2=(y) {} }
    }
}

fn names(figure: &VisitFigure, plot: &Plot, size: Size) -> Markup {
    let longest = figure.columns.iter().map(|c| c.name.chars().count()).max().unwrap_or(0);
    let every = thinned(size.step, longest);
    html! {
        @for (place, column) in figure.columns.iter().enumerate() {
            @let x = knot(place, plot, size);
            @if place % every == 0 { text.visit x=(x) y=(plot.floor() + 18) { (column.name) } }
            @if size.boxes { text.count x=(x) y=(plot.floor() + 38) { (column.summary.as_ref().map_or(0, |s| s.count)) } }
        }
        @if size.boxes { text.tick x=(plot.left - 8) y=(plot.floor() + 38) { "n" } }
    }
}

/// The marks that this figure uses.
pub(crate) fn marks(figure: &VisitFigure, boxes: bool, lang: Lang) -> Markup {
    let points = || figure.lines.iter().flatten();
    let all: [(bool, Mark, Words); 9] = [
        (true, Mark::Line, text::MARK_LINE),
        (boxes, Mark::Box, text::MARK_BOX),
        (true, Mark::Window, text::MARK_WINDOW),
        (!figure.thresholds.is_empty(), Mark::Limit, text::MARK_LIMIT),
        (points().any(|p| p.outside), Mark::Ring, text::CAPTURED_OUTSIDE),
        (points().any(|p| p.value.as_exact().is_none()), Mark::Bar, text::MARK_IN_PART),
        (points().any(|p| p.provisional), Mark::Open, text::PROVISIONAL),
        (!figure.between.is_empty(), Mark::Diamond, text::UNSCHEDULED),
        (figure.ended.iter().any(|e| *e), Mark::End, text::MARK_END),
    ];
    let used: Vec<(Mark, Words)> = all.into_iter().filter(|(used, ..)| *used).map(|(_, m, w)| (m, w)).collect();
    legend(&used, lang)
}
