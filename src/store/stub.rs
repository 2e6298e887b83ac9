//! Verbs that are not written yet.
use super::contract::*;
use super::questions::*;
use super::tx::{Done, Question, Tx, Unit};
use super::units::*;
use crate::model::key::PersonKey;
use crate::model::standing::Standing;
use crate::model::time::Instant;

macro_rules! unit { ($($name:ty => $answer:ty;)*) => { $(impl Unit for $name {
    type Answer = $answer;
    async fn run<T: Tx>(&self, _: &mut T) -> Result<Done<$answer>, StoreError> { Err(StoreError::Unreachable("not written yet".into())) }
})* } }
macro_rules! question { ($($name:ty => $answer:ty;)*) => { $(impl Question for $name {
    type Answer = $answer;
    async fn run<T: Tx>(&self, _: &mut T) -> Result<$answer, StoreError> { Err(StoreError::Unreachable("not written yet".into())) }
})* } }
unit! {
    Import => Result<Vec<Kept>, ImportRefusal>; Finish => Finished; Act => Finished;
    ClaimPending => Vec<Claim>; ReleaseClaim => (); FailClaim => bool; Unpark => i64; MarkDue => i64; MarkPersons => Option<PersonKey>; MarkPerson => ();
    ClaimOutbox => Vec<Wish>; FinishDelivery => Finished; RetryDead => i64; WishAll => i64;
    KeepAside => i64; CloseAside => bool; AuditNote => (); Redact => i64; SaveDefinition => bool; SaveTerms => bool; SaveCursor => (); CloseAlert => bool;
}
question! {
    ReadPerson => Record; PersonOf => Option<PersonKey>; PersonByKey => Option<PersonRow>; PersonsAll => Vec<PersonKey>;
    CurrentAssessment => Option<StoredAssessment>; AssessmentHistory => Vec<StoredAssessment>; NewestStanding => Option<Standing>; Standings => Vec<Standing>;
    SubjectsOf => Vec<SubjectRow>; SubjectById => Option<SubjectRow>; SubjectsOfPerson => Vec<SubjectRow>;
    OutboxList => Vec<OutboxRow>; SetAsideList => Vec<SetAsideRow>; TallyOf => Vec<(String, i64)>; UsageList => Vec<UsageRow>; ItemNames => Vec<ItemName>;
    ReadResource => Option<Stored>; ResourceHistory => Vec<Stored>; Find => Found; Counts => Vec<(String, String, i64, i64)>; PendingCount => (i64, i64); ParkedList => Vec<(PersonKey, String)>;
    NextDue => Option<Instant>; NextWish => Option<Instant>; AlertList => Vec<AlertRow>; DefinitionsActive => Vec<DefinitionRow>; DefinitionByDigest => Option<DefinitionRow>;
    ActiveTerms => Vec<TermsRow>; TermsByDigest => Vec<TermsRow>; CursorOf => Option<String>; AuditTail => Vec<AuditRow>;
}
