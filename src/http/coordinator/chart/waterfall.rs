//! Best change of each person as bars from 0, the worst first.

use super::axis::{NAMES, Plot, short, thinned};
use super::visits::Named;
use crate::flow::pages::figures::{Compared, Waterfall};
use maud::{Markup, html};

/// The picture; bars are numbered as the table beneath numbers them.
pub(crate) fn picture(figure: &Waterfall, limits: &[Compared], named: &Named<'_>) -> Markup {
    let Some(scale) = &figure.scale else { return html! {} };
    let bars = i64::try_from(figure.bars.len()).unwrap_or(1).max(1);
    let step = (1000 / bars).clamp(8, 44);
    let limits: Vec<_> =
        limits.iter().map(|t| (format!("{} {} {}", t.sign, short(&t.value), t.of), t.value.clone())).collect();
    let right = if limits.is_empty() { 12 } else { NAMES };
    let plot = Plot { left: 56, top: 30, width: step * bars, height: 240, right, bottom: 26 };
    let zero = plot.y(scale.place(&crate::model::number::Number::ZERO));
    let every = thinned(step, bars.to_string().len());
    let drawn = html! {
        rect.plot x=(plot.left) y=(plot.top) width=(plot.width) height=(plot.height) {}
        (plot.numbers(scale, named.unit))
        @for (place, bar) in figure.bars.iter().enumerate() {
            @let x = plot.left + i64::try_from(place).unwrap_or(0) * step;
            @let y = plot.y(scale.place(&bar.sure));
            @let class = if bar.sure.is_negative() { "fall down" } else { "fall up" };
            rect class=(class) x=(x + 2) y=(y.min(zero)) width=(step - 4) height=((y - zero).abs().max(1)) {}
            @if bar.change.as_exact().is_none() {
                @let high = bar.change.high.as_ref().map_or(plot.top, |e| plot.y(scale.place(&e.value)));
                @let low = bar.change.low.as_ref().map_or(plot.floor(), |e| plot.y(scale.place(&e.value)));
                line.in-part x1=(x + step / 2) x2=(x + step / 2) y1=(high) y2=(low) {}
            }
            @if place % every == 0 { text.visit x=(x + step / 2) y=(plot.floor() + 18) { (place + 1) } }
        }
        line.zero x1=(plot.left) x2=(plot.end()) y1=(zero) y2=(zero) {}
        (plot.limits(scale, &limits))
    };
    plot.picture(named.id, named.title, named.told, &drawn)
}
