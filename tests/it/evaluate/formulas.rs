//! Published formulas as a data manager writes them, with the numbers that were worked out for them elsewhere.

use super::*;

/// A woman of 45 years, 55 kg and 160 cm with a creatinine of 1.5 mg/dL, where nothing else is said.
const WORKED: &[(&str, &str, &str)] = &[
    // Renal function.
    ("cockcroft_gault", "Round((140 - 45) * 55 * 0.85 / (72 * 1.5), 2)", "41.12"),
    ("cockcroft_gault_of_molar_units", "Round(1.04 * (140 - 45) * 55 / 132.6, 2)", "40.98"),
    ("cockcroft_gault_of_a_man", "Round((140 - 60) * 70 / (72 * 4.2), 2)", "18.52"),
    ("clearance_measured", "Round(60 * 1500 / (1.5 * 1440), 2)", "41.67"),
    ("mdrd", "Round(175 * Power(1.5, -1.154) * Power(45, -0.203) * 0.742, 2)", "37.55"),
    ("ckd_epi_2021", "Round(142 * Power(1.5 / 0.7, -1.2) * Power(0.9938, 45) * 1.012, 2)", "43.52"),
    ("ckd_epi_2021_at_55", "Round(142 * Power(0.9 / 0.7, -1.2) * Power(0.9938, 55) * 1.012, 1)", "75.5"),
    ("ckd_epi_2009", "Round(141 * Power(1.5 / 0.7, -1.209) * Power(0.993, 45) * 1.018, 2)", "41.64"),
    ("surface", "Round(Power(160 * 55 / 3600, 0.5), 4)", "1.5635"),
    (
        "ckd_epi_of_the_body",
        "Round(142 * Power(1.5 / 0.7, -1.2) * Power(0.9938, 45) * 1.012 * Power(160 * 55 / 3600, 0.5) / 1.73, 2)",
        "39.33",
    ),
    ("protein_of_a_day", "45 * 15 / 1000", "0.675"),
    ("creatinine_above", "Round(1.36 * 10000 / 113.12, 2)", "120.23"),
    ("creatinine_below", "Round(1.35 * 10000 / 113.12, 2)", "119.34"),
    // Lung and pulmonary pressure.
    ("dlco_factor", "Round((9.38 + 9) / (1.7 * 9), 4)", "1.2013"),
    ("dlco_corrected", "Round(40 * (9.38 + 9) / (1.7 * 9), 0)", "48"),
    ("systolic_pressure", "4 * 3.8 * 3.8 + 8", "65.76"),
    ("chemla", "Round(0.61 * (4 * 3.8 * 3.8 + 8) + 2, 2)", "42.11"),
    ("chemla_of_64", "0.61 * 64 + 2", "41.04"),
    ("chemla_back_from_40", "Round((40 - 2) / 0.61, 2)", "62.3"),
    ("chemla_back_from_50", "Round((50 - 2) / 0.61, 2)", "78.69"),
    ("mahan", "79 - 0.45 * 85", "40.75"),
    ("mahan_of_short_times", "90 - 0.62 * 85", "37.3"),
    ("masuyama", "4 * 2.8 * 2.8", "31.36"),
    ("abbas", "4 * 2.8 * 2.8 + 8", "39.36"),
    ("by_thirds", "Round((60 + 2 * 25) / 3, 1)", "36.7"),
    ("fvc_of_1993", "Round(4.43 * 1.6 - 0.026 * 45 - 2.89, 3)", "3.028"),
    ("vc_of_1993", "Round(4.66 * 1.6 - 0.026 * 45 - 3.28, 3)", "3.006"),
    ("tlco_of_1993", "Round(8.18 * 1.6 - 0.049 * 45 - 2.74, 3)", "8.143"),
    ("fvc_percent", "Round(1.90 / (4.43 * 1.6 - 0.026 * 45 - 2.89) * 100, 2)", "62.75"),
    ("tlco_of_3_6", "Round(3.6 / (8.18 * 1.6 - 0.049 * 45 - 2.74) * 100, 1)", "44.2"),
    ("tlco_percent", "Round(4.2 / (8.18 * 1.6 - 0.049 * 45 - 2.74) * 100, 2)", "51.58"),
    // Weight.
    ("loss_at_the_limit", "(62 - 55.8) / 62 * 100", "10"),
    ("loss_beyond", "Round((62 - 55.7) / 62 * 100, 3)", "10.161"),
    ("pounds", "Round(154 * 0.45359237, 3)", "69.853"),
    ("loss_from_pounds", "Round((1 - 63 / (154 * 0.45359237)) * 100, 3)", "9.811"),
    // Scores, and the dose in millions of cells a kilogram.
    ("rand_energy", "Round(Avg({40, 60, 40}), 1)", "46.7"),
    ("haq", "Avg({2, 1, 0, 3, 1, 2, 0, 1})", "1.25"),
    ("haq_with_an_aid", "Avg({2, 1, 2, 3, 1, 2, 0, 1})", "1.5"),
    ("skin", "(21 - 28) / 28 * 100", "-25"),
    ("dose", "Round(58 / 56, 3)", "1.036"),
    // Grades of a creatinine of 110: of the upper limit 97, and of the baseline 70.
    ("of_the_limit", "Round(110 / 97, 2)", "1.13"),
    ("of_the_baseline", "Round(110 / 70, 2)", "1.57"),
];

/// Mean, deviation, and weight in the physical and in the mental sum of the eight scales.
const SCALES: [(&str, &str, &str, &str); 8] = [
    ("84.52", "22.89", "0.42402", "-0.22999"),
    ("81.20", "33.80", "0.35119", "-0.12329"),
    ("75.49", "23.56", "0.31754", "-0.09731"),
    ("72.21", "20.17", "0.24954", "-0.01571"),
    ("61.05", "20.87", "0.02877", "0.23534"),
    ("83.60", "22.38", "-0.00753", "0.26876"),
    ("81.29", "33.03", "-0.19206", "0.43407"),
    ("74.84", "18.01", "-0.22069", "0.48581"),
];

/// `50 + 10 * (…)` over the scales, rounded to two places.
fn summed(scores: [&str; 8], physical: bool) -> String {
    let one = |(score, (mean, deviation, p, m)): (&str, (&str, &str, &str, &str))| {
        format!("({}) * ({score} - {mean}) / {deviation}", if physical { p } else { m })
    };
    let all: Vec<String> = scores.into_iter().zip(SCALES).map(one).collect();
    format!("Round(50 + 10 * ({}), 2)", all.join(" + "))
}

/// Predictions for a woman of 45 years and 160 cm, by the equations of the Global Lung Function Initiative: the natural
/// logarithm of the median by the published coefficients, the last its spline at 45 years.
const PREDICTED: [(&str, &str); 7] = [
    ("fvc_2012", "-10.403 + 2.2633 * Ln(160) + 0.0234 * Ln(45) + 0.0658"),
    ("fvc_2012_north_east_asia", "-10.403 + 2.2633 * Ln(160) + 0.0234 * Ln(45) - 0.0262 + 0.0658"),
    ("fvc_2012_south_east_asia", "-10.403 + 2.2633 * Ln(160) + 0.0234 * Ln(45) - 0.1516 + 0.0658"),
    ("fvc_2012_other", "-10.403 + 2.2633 * Ln(160) + 0.0234 * Ln(45) - 0.0833 + 0.0658"),
    ("fvc_2022", "-12.055901 + 2.621579 * Ln(160) - 0.035975 * Ln(45) + 0.053154032"),
    ("tlco_2017", "-6.25372 + 1.618697 * Ln(160) - 0.01539 * Ln(45) + 0.024603482"),
    ("tlco_2017_traditional", "-5.159451 + 1.618697 * Ln(160) - 0.01539 * Ln(45) + 0.024603482"),
];

/// Of each prediction: itself, and measured values in percent of it.
const OF_PREDICTED: &[(&str, &str, &[(&str, &str, &str)])] = &[
    ("fvc_2012", "3.4505", &[("1.9", "2", "55.06"), ("2.1", "1", "60.9")]),
    ("fvc_2012_north_east_asia", "3.3613", &[("1.9", "2", "56.53"), ("2.1", "1", "62.5")]),
    ("fvc_2012_south_east_asia", "2.9651", &[("1.9", "2", "64.08"), ("2.1", "1", "70.8")]),
    ("fvc_2012_other", "3.1747", &[("1.9", "2", "59.85")]),
    ("fvc_2022", "3.2068", &[("1.9", "2", "59.25"), ("2.1", "1", "65.5")]),
    ("tlco_2017", "6.8721", &[("4.2", "2", "61.12"), ("3.6", "1", "52.4")]),
    ("tlco_2017_traditional", "20.5269", &[("12", "2", "58.46")]),
];

/// The formulas of predicted values, with their worked numbers.
fn predicted() -> Vec<(String, String, &'static str)> {
    let mut all = Vec::new();
    for (name, median, measured) in OF_PREDICTED {
        let (_, logarithm) = PREDICTED.iter().find(|(n, _)| n == name).expect("its equation");
        all.push((format!("{name}_predicted"), format!("Round(Exp({logarithm}), 4)"), *median));
        for (value, places, percent) in *measured {
            let name = format!("{name}_of_{}", value.replace('.', "_"));
            all.push((name, format!("Round({value} / Exp({logarithm}) * 100, {places})"), *percent));
        }
    }
    // How far 1.9 L lies from the median: by the skewness, and the published coefficient of variation.
    let (_, logarithm) = PREDICTED[0];
    let z = format!(
        "Round((Power(1.9 / Exp({logarithm}), 0.8236) - 1) / (0.8236 * Exp(-2.3549 + 0.1017 * Ln(45) - 0.0787)), 2)"
    );
    all.push(("z_of_1_9".to_owned(), z, "-3.65"));
    all
}

#[test]
fn published_formulas_give_their_worked_numbers() {
    let ill = ["45", "25", "41", "35", "40", "50", "33.33", "60"];
    let mut all: Vec<(String, String, &str)> =
        WORKED.iter().map(|(name, formula, worked)| ((*name).into(), (*formula).into(), *worked)).collect();
    for (name, scores, physical, worked) in [
        ("pcs", ill, true, "32.02"),
        ("mcs", ill, false, "41.02"),
        ("pcs_of_the_best", ["100"; 8], true, "57.87"),
        ("mcs_of_the_best", ["100"; 8], false, "62.14"),
    ] {
        all.push((name.into(), summed(scores, physical), worked));
    }
    all.extend(predicted());
    let body: String =
        all.iter().map(|(name, formula, worked)| include(name, &format!("{formula} = {worked}"))).collect();
    let found = world(&body).assess(&[], "2026-03-15T12:00:00+08:00");
    let wrong: Vec<&String> =
        all.iter().map(|(name, ..)| name).filter(|name| truth_of(&found, name) != Truth::True).collect();
    assert_eq!(wrong, Vec::<&String>::new());
}
