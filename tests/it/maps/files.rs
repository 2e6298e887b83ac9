//! One map as TOML, as a table and as a ConceptMap; what is wrong is told with its place.

use super::ward;
use trialgate::model::code::Coding;
use trialgate::model::terms::Terms;
use trialgate::trial::csv;

const TOML: &str = r#"
[codes]
"https://lab.example/codes|HB" = ["loinc|718-7", "loinc|20509-6"]
"https://lab.example/codes|OLD" = []
[units]
"K/uL" = "10*3/uL"
[answers]
"neg." = "snomed|260385009"
[default_units]
"https://lab.example/codes|HB" = "g/dL"
[systems]
"99LN" = "loinc"
"#;

const TABLE: &str = "source,kind,system,code,unit,results,means\r\n\
    ward,code,https://lab.example/codes,HB,,12,loinc|718-7; loinc|20509-6\r\n\
    ,code,https://lab.example/codes,OLD,,3,-\r\n\
    ward,unit,,,K/uL,9,10*3/uL\r\n\
    ward,answer,,\"neg.\",,,snomed|260385009\r\n\
    ward,default_unit,https://lab.example/codes,HB,,,g/dL\r\n\
    ward,system,,99LN,,,loinc\r\n\
    ward,code,https://lab.example/codes,LATER,,1,\r\n\
    other,code,https://lab.example/codes,ELSE,,1,loinc|718-7\r\n";

const CONCEPT_MAP: &str = r#"{
  "resourceType": "ConceptMap", "status": "active",
  "group": [
    {"source": "https://lab.example/codes", "target": "http://loinc.org", "element": [
      {"code": "HB", "target": [{"code": "718-7", "equivalence": "equivalent"}, {"code": "20509-6", "equivalence": "equal"},
                                {"code": "4548-4", "equivalence": "wider"}]},
      {"code": "WIDE", "target": [{"code": "26464-8", "relationship": "source-is-narrower-than-target"}]}]},
    {"source": "https://lab.example/units", "target": "http://unitsofmeasure.org", "element": [
      {"code": "K/uL", "target": [{"code": "10*3/uL", "relationship": "equivalent"}]}]}]}"#;

fn local(code: &str) -> Coding {
    Coding::new("https://lab.example/codes", code)
}

fn read(file: &str, text: &str) -> Terms {
    let (all, mistakes) = ward(&[(file, text)]);
    assert!(!mistakes.iter().any(|m| m.is_error()), "{mistakes:?}");
    all.of("ward").clone()
}

#[test]
fn a_table_says_the_same_as_toml() {
    let (toml, table) = (read("ward.toml", TOML), read("ward.csv", TABLE));
    assert_eq!(Terms { digest: toml.digest, ..table.clone() }, toml);
    assert_ne!(table.digest, toml.digest, "a map is known by the text of its files");
    assert_eq!(toml.codes[&local("HB")].len(), 2);
    assert!(toml.codes[&local("OLD")].is_empty());
    assert!(!table.codes.contains_key(&local("LATER")) && !table.codes.contains_key(&local("ELSE")));
    // A spreadsheet of a country that writes commas in numbers, with its byte order mark.
    let semicolons = format!("\u{feff}{}", TABLE.replace("718-7; loinc", "718-7 loinc").replace(',', ";"));
    let semicolons = read("ward.csv", &semicolons);
    assert_eq!(Terms { digest: toml.digest, ..semicolons }, toml);
}

#[test]
fn a_concept_map_gives_only_what_is_the_same() {
    let terms = read("ward.json", CONCEPT_MAP);
    let codes: Vec<&str> = terms.codes[&local("HB")].iter().map(|c| c.code.as_str()).collect();
    assert_eq!((codes, terms.codes.len()), (vec!["718-7", "20509-6"], 1));
    assert_eq!(terms.units["K/uL"], "10*3/uL");
    let (_, told) = ward(&[("ward.json", CONCEPT_MAP)]);
    assert!(told.len() == 1 && told[0].message.starts_with("2 targets are not taken"), "{told:?}");
}

#[test]
fn a_later_file_goes_over_an_earlier_one() {
    let later = "kind,system,code,means\ncode,https://lab.example/codes,HB,loinc|4548-4\n";
    let (all, mistakes) = ward(&[("ward.toml", TOML), ("ward/loaded/mended.csv", later)]);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let terms = all.of("ward");
    assert_eq!(terms.codes[&local("HB")], [Coding::new("http://loinc.org", "4548-4")]);
    assert_eq!(terms.units["K/uL"], "10*3/uL");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (file, text, line, words) in [
        ("m.csv", "kind,unit,means\nunit,K/uL,K/uL\n", 2, "cannot mean `K/uL`"),
        ("m.csv", "kind,unit,means\nunit,K/uL,10*3/uL\nunit,K/uL,10*6/uL\n", 3, "two meanings"),
        ("m.csv", "kind,unit,means\nunit,G/l,giga\n", 2, "giga"),
        ("m.csv", "kind,code,means\ncode,HB,lonic|718-7\n", 2, "`lonic` is not known"),
        ("m.csv", "kind,code,means\nkode,HB,loinc|718-7\n", 2, "the kind `kode`"),
        ("m.csv", "kind,unit,means\nunit,,g/dL\n", 2, "no unit stands here"),
        ("m.csv", "code,standard\nHB,718-7\n", 1, "no column `kind`"),
        ("m.toml", "[units]\n\"K/uL\" = \"K/uL\"\n", 2, "cannot mean"),
        ("m.toml", "[default_units]\n\"loinc|718-7\" = \"gramm\"\n", 2, "gramm"),
        ("m.json", "{\"resourceType\": \"Bundle\"}", 1, "no ConceptMap"),
        ("m.json", "{", 1, "no JSON"),
    ] {
        let (_, mistakes) = ward(&[(file, text)]);
        let found = mistakes.iter().find(|m| m.is_error()).unwrap_or_else(|| panic!("{text} is taken"));
        assert!(found.line == line && found.message.contains(words), "{text}: {found}");
    }
}

#[test]
fn tables_are_read_as_spreadsheets_write_them() {
    let rows = |text: &str| -> Vec<Vec<String>> {
        csv::rows(text).into_iter().map(|r| r.into_iter().map(|c| c.text).collect()).collect()
    };
    assert_eq!(rows("a,b\n\"1,\"\"2\"\"\n3\", 4 \n\n5\n"), [vec!["a", "b"], vec!["1,\"2\"\n3", "4"], vec!["5"]]);
    assert_eq!(rows("a\tb\r\n1\t\" 2\"\r\n"), [vec!["a", "b"], vec!["1", " 2"]]);
    assert!(rows("").is_empty());
    for cells in [["x", "a,b", "say \"no\""], [" edge", "line\nline", "阴性；"], ["", "-", "\t"]] {
        let text = format!("h,i,j\n{}", csv::line(cells));
        assert_eq!(rows(&text)[1], cells, "{text}");
    }
}
