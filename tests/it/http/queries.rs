//! ETags, conditions, tokens and escapes.

use proptest::prelude::*;
use trialgate::flow::answer::Grade;
use trialgate::flow::query::{condition, decode, encode, if_match, is_id, token};

#[test]
fn an_etag_is_read_or_refused() {
    assert_eq!(if_match("W/\"3\"").expect("fits"), 3);
    assert_eq!(if_match("\"12\"").expect("fits"), 12);
    for bad in ["", "3", "*", "W/3", "W/\"x\"", "W/\"-1\"", "W/\"\"", "\"1\", \"2\"", "\"99999999999999999999\""] {
        assert_eq!(if_match(bad).expect_err(bad).grade, Grade::Malformed, "{bad}");
    }
}

#[test]
fn a_condition_takes_identifier_and_id_only() {
    let search = condition("Patient?identifier=urn:s%7Cv&_id=a").expect("fits");
    assert_eq!((search.id.as_deref(), search.identifiers[0].value.as_str()), (Some("a"), "v"));
    for bad in
        ["", "Patient?", "name=x", "identifier=v", "identifier=s|", "identifier=s|a,s|b", "_id=a&_id=b", "_id=../x"]
    {
        let refusal = condition(bad).expect_err(bad);
        assert_eq!((refusal.grade, refusal.issues[0].code), (Grade::Precondition, "not-supported"), "{bad}");
    }
    assert_eq!(condition("identifier=%zz|x").expect_err("no escape").grade, Grade::Malformed);
}

#[test]
fn tokens_ids_and_nul() {
    assert_eq!(token("s|v"), (Some("s".into()), "v".into()));
    assert_eq!(token("|v"), (Some(String::new()), "v".into()));
    assert_eq!(token(r"a\|b"), (None, "a|b".into()));
    assert!(is_id("a-1.B") && !is_id("..") && !is_id("") && !is_id("a/b") && !is_id("_search"));
    assert!(decode("%00").is_err() && decode("%ff").is_err() && decode("%4").is_err());
}

proptest! {
    #[test]
    fn encoding_comes_back(text in "[^\\x00]*") {
        prop_assert_eq!(decode(&encode(&text)).expect("what was encoded is text"), text);
    }
}
