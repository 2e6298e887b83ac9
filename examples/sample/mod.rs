//! The sample by which evaluation is measured: 15 criteria over 20 laboratory variables.

use std::fmt::Write;

const HEAD: &str =
    concat!("language = 1\ntrial = \"sample\"\nversion = 1\n", include_str!("../../fixtures/study.toml"));

/// Name, LOINC code, unit sent, mean and spread in hundredths, unit of the variable with what it needs besides.
pub(crate) type Lab = (&'static str, &'static str, &'static str, i64, i64, &'static str);
pub(crate) const LABS: [Lab; 20] = [
    ("hgb", "718-7", "g/dL", 1300, 170, "unit = \"g/L\""),
    ("wbc", "6690-2", "10*3/uL", 700, 180, "unit = \"10*9/L\""),
    ("plt", "777-3", "10*3/uL", 23000, 6000, "unit = \"10*3/uL\""),
    ("anc", "751-8", "10*3/uL", 400, 110, "unit = \"10*3/uL\""),
    ("cr", "2160-0", "mg/dL", 100, 25, "unit = \"umol/L\"\nmolar_mass = 113.12"),
    ("bili", "1975-2", "mg/dL", 80, 30, "unit = \"mg/dL\"\nplausible = [0, 60]"),
    ("ast", "1920-8", "U/L", 2800, 1200, "unit = \"U/L\""),
    ("alt", "1742-6", "U/L", 3000, 1300, "unit = \"U/L\""),
    ("alp", "6768-6", "U/L", 8500, 3000, "unit = \"U/L\""),
    ("alb", "1751-7", "g/dL", 410, 45, "unit = \"g/L\"\nplausible = [5, 70]"),
    ("na", "2951-2", "mmol/L", 13900, 300, "unit = \"mmol/L\""),
    ("k", "2823-3", "mmol/L", 420, 45, "unit = \"mmol/L\""),
    ("ca", "17861-6", "mg/dL", 940, 60, "unit = \"mg/dL\""),
    ("glu", "2345-7", "mg/dL", 10500, 2500, "unit = \"mmol/L\"\nmolar_mass = 180.156"),
    ("a1c", "4548-4", "%", 590, 70, "unit = \"%\""),
    ("inr", "6301-6", "{INR}", 110, 14, "unit = \"{INR}\""),
    ("ldh", "2532-0", "U/L", 19000, 5000, "unit = \"U/L\""),
    ("crp", "1988-5", "mg/L", 500, 300, "unit = \"mg/L\""),
    ("gfr", "62238-1", "mL/min/{1.73_m2}", 8500, 2000, "unit = \"mL/min/{1.73_m2}\""),
    ("bun", "3094-0", "mg/dL", 1500, 400, "unit = \"mg/dL\""),
];
const CRITERIA: [(&str, &str); 15] = [
    ("include", "hgb >= 90 'g/L'"),
    ("include", "wbc >= 3 '10*9/L'"),
    ("include", "plt >= 100 '10*3/uL'"),
    ("include", "anc >= 1.5 '10*3/uL'"),
    ("exclude", "cr > 133 'umol/L'"),
    ("exclude", "Max(bili within 365 days) > 2 'mg/dL'"),
    ("include", "ast <= 100 'U/L' and alt <= 100 'U/L'"),
    ("include", "alp <= 300 'U/L' and ldh <= 400 'U/L'"),
    ("include", "alb >= 30 'g/L'"),
    ("include", "na >= 130 'mmol/L' and na <= 150 'mmol/L'"),
    ("include", "k <= 5.5 'mmol/L' and ca >= 7 'mg/dL'"),
    ("exclude", "glu > 11.1 'mmol/L' or a1c > 8 '%'"),
    ("include", "inr <= 1.5"),
    ("exclude", "Count(crp within 365 days where value > 12 'mg/L') >= 2"),
    ("exclude", "gfr < 30 'mL/min/{1.73_m2}' or bun > 40 'mg/dL'"),
];

/// The text of its definition.
pub(crate) fn text() -> String {
    let mut text = HEAD.to_owned();
    // Writing to a String cannot fail.
    for (name, code, _, _, _, unit) in LABS {
        let _ = writeln!(text, "[variables.{name}]\nfrom = \"observation\"\ncode = [\"loinc|{code}\"]\n{unit}");
        let _ = writeln!(text, "select = \"Last({name} within 28 days)\"");
    }
    for (i, (kind, rule)) in CRITERIA.into_iter().enumerate() {
        let ask = if kind == "exclude" { "reject" } else { "require" };
        let protocol = format!("the words of the protocol about criterion {i}, a line or so of them");
        let _ = writeln!(text, "[[eligibility.{kind}]]\nid = \"C{i}\"\nprotocol = \"{protocol}\"\n{ask} = \"{rule}\"");
    }
    text
}
