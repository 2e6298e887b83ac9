//! A variable over time as inline SVG; whole numbers only. The table beneath says the same in words.

use super::text::{self, Lang};
use crate::flow::pages::chart::{SIDE, Trend};
use crate::model::time::Zone;
use maud::{Markup, html};

/// The picture's size and the plot inside it.
const WIDTH: i64 = 380;
const HEIGHT: i64 = 150;
const LEFT: i64 = 16;
const RIGHT: i64 = 78;
const TOP: i64 = 18;
const BOTTOM: i64 = 40;
/// From the plot's edge to what is drawn in it.
const MARGIN: i64 = 14;

fn x(part: i64) -> i64 {
    LEFT + part * (WIDTH - LEFT - RIGHT) / SIDE
}

fn y(part: i64) -> i64 {
    TOP + part * (HEIGHT - TOP - BOTTOM) / SIDE
}

/// Labels of limits are moved apart so that none lies on another.
fn label_places(lines: &[i64]) -> Vec<i64> {
    /// Height of one label.
    const LINE: i64 = 14;
    if lines.is_empty() {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|i| lines[*i]);
    let mut places = vec![0; lines.len()];
    let mut free = 0;
    for i in order {
        places[i] = (y(lines[i]) + 4).max(free);
        free = places[i] + LINE;
    }
    let over = free - LINE - (HEIGHT - BOTTOM + MARGIN);
    if over > 0 {
        places.iter_mut().for_each(|p| *p -= over);
    }
    places
}

/// The picture.
pub(super) fn picture(trend: &Trend, zone: &Zone, lang: Lang) -> Markup {
    let drawing = &trend.drawing;
    let line: Vec<String> = drawing.dots.iter().map(|(px, py)| format!("{},{}", x(*px), y(*py))).collect();
    let title = text::TREND_OF.fill(lang, &[&trend.label, &trend.all.to_string()]);
    let limits: Vec<String> =
        trend.limits.iter().map(|l| format!("{}: {} {} {}", l.criterion, l.sign, l.value, trend.unit)).collect();
    let places = label_places(&drawing.lines);
    html! {
        svg.trend viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label={ (title) ". " (limits.join("; ")) } {
            rect.plot x=(LEFT - MARGIN) y=(TOP - MARGIN) width=(WIDTH - LEFT - RIGHT + 2 * MARGIN) height=(HEIGHT - TOP - BOTTOM + 2 * MARGIN) rx="6" {}
            @for ((limit, height), place) in trend.limits.iter().zip(&drawing.lines).zip(&places) {
                line.limit x1=(LEFT - MARGIN) x2=(WIDTH - RIGHT + MARGIN) y1=(y(*height)) y2=(y(*height)) {}
                text.limit x=(WIDTH - RIGHT + MARGIN + 4) y=(place) { (limit.criterion) " " (limit.sign) " " (limit.value.to_string()) }
            }
            @if drawing.dots.len() > 1 { polyline.line points=(line.join(" ")) {} }
            @for (px, high, low) in &drawing.bars {
                line.bar x1=(x(*px)) x2=(x(*px)) y1=(y(*high)) y2=(y(*low)) {}
            }
            @for (px, py) in &drawing.dots { circle.dot cx=(x(*px)) cy=(y(*py)) r="4" {} }
            text.axis x=(LEFT - MARGIN) y=(HEIGHT - 8) { (zone.date_of(trend.from_to.0).to_string()) }
            text.axis.end x=(WIDTH - RIGHT + MARGIN) y=(HEIGHT - 8) { (zone.date_of(trend.from_to.1).to_string()) }
        }
    }
}
