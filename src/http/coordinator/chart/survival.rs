//! The share without an event over time: a falling step line, a tick where somebody left, how many are followed beneath.

use super::super::text::{self, Lang};
use super::axis::Plot;
use super::visits::Named;
use crate::flow::pages::figures::{SIDE, Scale, SurvivalFigure};
use crate::model::number::Number;
use maud::{Markup, html};

/// Width of the plot.
const WIDTH: i64 = 720;

/// The picture.
pub(crate) fn picture(figure: &SurvivalFigure, named: &Named<'_>, lang: Lang) -> Markup {
    let plot = Plot { left: 76, top: 30, width: WIDTH, height: 260, right: 24, bottom: 70 };
    let hundred = Number::from(100);
    let Some(scale) = Scale::holding([Number::ZERO, hundred.clone()].iter(), 5) else { return html! {} };
    let curve = &figure.curve;
    let last = curve.last().max(1);
    let x = |day: i64| plot.left + day.clamp(0, last) * plot.width / last;
    let y = |share: &Number| plot.y(scale.place(&(share * &hundred)));
    let mut path = format!("M{} {}", x(0), plot.y(SIDE));
    for fall in &curve.falls {
        path.push_str(&format!("H{}V{}", x(fall.days), y(&fall.share)));
    }
    path.push_str(&format!("H{}", x(last)));
    let drawn = html! {
        rect.plot x=(plot.left) y=(plot.top) width=(plot.width) height=(plot.height) {}
        (plot.numbers(&scale, "%"))
        @if let Some(median) = curve.median() {
            @let half = plot.y(SIDE / 2);
            path.half d={ "M" (plot.left) " " (half) "H" (x(median)) "V" (plot.floor()) } {}
            text.note x=(x(median) + 6) y=(half - 6) { (text::MEDIAN_AT.fill(lang, &[&median.to_string()])) }
        }
        path.curve d=(path) {}
        @for day in &curve.censored {
            @let at = y(&curve.share(*day));
            line.censored x1=(x(*day)) x2=(x(*day)) y1=(at - 7) y2=(at + 7) {}
        }
        @for (day, at_risk, _) in &figure.marks {
            line.tick-line x1=(x(*day)) x2=(x(*day)) y1=(plot.floor()) y2=(plot.floor() + 5) {}
            text.visit x=(x(*day)) y=(plot.floor() + 20) { (day) }
            text.count x=(x(*day)) y=(plot.floor() + 58) { (at_risk) }
        }
        text.note x=(plot.left + plot.width / 2) y=(plot.floor() + 38) { (text::DAYS_SINCE_START.say(lang)) }
        text.tick x=(plot.left - 20) y=(plot.floor() + 58) { (text::AT_RISK.say(lang)) }
    };
    html! {
        (plot.picture(named.id, named.title, named.told, &drawn))
        ul.legend {
            li { svg.figure viewBox="0 0 20 18" width="20" height="18" aria-hidden="true" focusable="false" { path.curve d="M1 4H10V13H19" {} } (text::MARK_CURVE.say(lang)) }
            li { svg.figure viewBox="0 0 20 18" width="20" height="18" aria-hidden="true" focusable="false" { line.censored x1="10" x2="10" y1="2" y2="16" {} } (text::MARK_CENSORED.say(lang)) }
        }
    }
}
