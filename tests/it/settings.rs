//! Settings: every mistake at its place, the environment over the file, secrets never shown, committed copies true.

use std::path::{Path, PathBuf};
use trialgate::config::Settings;

#[allow(unreachable_pub, reason = "an example is a program of its own")]
#[path = "../../examples/settings.rs"]
mod generator;

fn with(text: &str, environment: &[(&str, &str)]) -> Result<Settings, String> {
    let folder = crate::program::Folder::new(&format!("settings-{}", trialgate::model::key::hex(&random())));
    let path: PathBuf = folder.0.join("site.toml");
    std::fs::write(&path, text).expect("written");
    let environment = environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    let folder = format!("{}/", folder.0.display());
    Settings::load(Some(&path), environment).map_err(|words| words.replace(&folder, ""))
}

fn random() -> [u8; 8] {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes
}

#[test]
fn every_mistake_is_told_where_it_is() {
    let text = "listen = 8080\n\n[sources.main]\nzoen = \"UTC\"\n[targets.r]\nurl = \"http://x\"\nkind = \"chrat\"\n[limits]\nconections = 5\n";
    let told = with(text, &[]).expect_err("refused");
    for wanted in [
        "site.toml:1:10: found the number 8080, wanted string",
        "site.toml:4:1: unknown key `zoen`; did you mean `zone`?",
        "`zone` is missing",
        "site.toml:7:8: this word is not known here, wanted one of chart, research-store",
        "site.toml:9:1: unknown key `conections`; did you mean `connections`?",
    ] {
        assert!(told.contains(wanted), "{wanted}\nin\n{told}");
    }
    assert_eq!(told.lines().count(), 5, "{told}");
}

#[test]
fn what_no_schema_says_is_told_at_its_place_too() {
    let told = with("[sources.main]\nzone = \"Mars/North\"\n", &[]).expect_err("refused");
    assert!(told.starts_with("site.toml:2:8: `Mars/North` is no IANA time zone"), "{told}");
    let told = with("[sources.gateway]\nzone = \"UTC\"\n", &[]).expect_err("refused");
    let own = "what people answer and decide here comes from `gateway`; wanted another name";
    assert!(told.starts_with("site.toml:1:") && told.contains(own), "{told}");
    let told = with("[trials.T1]\nrecruiting = true\ngrounds = { lsit = \"x\" }\n", &[]).expect_err("refused");
    assert!(told.starts_with("site.toml:3:20: this is no purpose"), "{told}");
    assert!(with("[sources.Main]\nzone = \"UTC\"\n", &[]).expect_err("refused").starts_with("site.toml:1:"));
    let pull = "[sources.ehr]\nzone = \"UTC\"\n[sources.ehr.pull]\nurl = \"https://ehr.example/fhir\"\nby = \"bulk\"\n";
    for (more, wanted) in [
        ("reread = \"7d\"\n", "site.toml:6:10: with `by = \"bulk\"` wanted in the table `bulk`"),
        ("patients = [\"p1\"]\n", "site.toml:6:12: an export is of a Group or of all"),
        ("bulk = { level = \"group\" }\n", "site.toml:6:18: of which Group?"),
        ("bulk = { origins = [\"http://files.example\"] }\n", "site.toml:6:20: the base URL is plain HTTP"),
    ] {
        let told = with(&format!("{pull}{more}"), &[]).expect_err("refused");
        assert!(told.starts_with(wanted), "{told}");
    }
    assert!(with(&format!("{pull}bulk = {{ reread = \"7d\", every = \"36h\" }}\n"), &[]).is_ok());
    let client = "[[clients]]\nname = \"a\"\nsource = \"lab\"\nrights = [\"read\"]\ntoken_sha256 = \"";
    let told = with(&format!("{client}12\"\n"), &[]).expect_err("refused");
    assert!(told.contains("site.toml:5:16") && !told.contains("12\""), "{told}");
    let told = with(&format!("{client}{}\"\n", "0".repeat(64)), &[]).expect_err("refused");
    assert!(told.starts_with("site.toml:3:10: `lab` is no source"), "{told}");
    let client = client.replace("lab", "main") + &"0".repeat(64);
    let told = with(&format!("{client}\"\nuntil = \"2027\"\n"), &[]).expect_err("refused");
    assert!(told.starts_with("site.toml:6:9: `2027` is no moment"), "{told}");
}

#[test]
fn each_key_is_one_of_the_environment() {
    let file = "[trials.NCT1]\nrecruiting = false\n[targets.r]\nurl = \"http://x\"\nkind = \"chart\"\n";
    let settings = with(
        file,
        &[
            ("TRIALGATE__LISTEN", "127.0.0.1:1"),
            ("TRIALGATE__SOURCES__MAIN__ZONE", "UTC"),
            ("TRIALGATE__TRIALS__NCT1__RECRUITING", "true"),
            ("TRIALGATE__TRIALS__NCT2", "{ recruiting = true }"),
            ("TRIALGATE__TARGETS__R__TOKEN", "12345"),
            ("TRIALGATE__LIMITS__CONNECTIONS", "7"),
            ("TRIALGATE__LIMITS__BODY_DEADLINE", "1m 30s"),
            ("TRIALGATE_LOG", "no setting"),
        ],
    )
    .expect("taken");
    assert_eq!(settings.listen.as_deref(), Some("127.0.0.1:1"));
    assert_eq!(settings.sources["main"].zone, "UTC");
    assert!(settings.trials["NCT1"].recruiting && settings.trials["NCT2"].recruiting);
    assert_eq!(settings.targets["r"].token.as_deref(), Some("12345"));
    assert_eq!((settings.limits.connections, settings.limits.body_deadline.as_secs()), (7, 90));
    for (name, value, wanted) in [
        ("TRIALGATE__SOURCES__MAIN__ZOEN", "UTC", "TRIALGATE__SOURCES__MAIN__ZOEN: unknown key `zoen`; did you mean"),
        ("TRIALGATE__LIMITS__CONNECTIONS", "many", "TRIALGATE__LIMITS__CONNECTIONS: found a text, wanted integer"),
        ("TRIALGATE__LIMITS__BODY_DEADLINE", "soon", "is no length of time; wanted such as 10s"),
        ("TRIALGATE__SOURCES__MAIN__ZONE", "Nowhere", "TRIALGATE__SOURCES__MAIN__ZONE: `Nowhere` is no IANA"),
    ] {
        let told = with("", &[(name, value)]).expect_err("refused");
        assert!(told.contains(wanted), "{wanted}\nin\n{told}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let file = "store = \"postgres://u:planted@h/d\"\n[targets.r]\nurl = \"http://x\"\nkind = \"chart\"\ntoken = \"planted\"\n\
                [sources.e]\nzone = \"UTC\"\n[sources.e.pull]\nurl = \"http://x\"\nby = \"server\"\ntoken = \"planted\"\n\
                [sources.e.hooks]\ntoken = \"planted-planted-planted\"\n\
                [sources.f]\nzone = \"UTC\"\n[sources.f.pull]\nurl = \"http://x\"\nby = \"server\"\n\
                auth = { by = \"basic\", user = \"u\", secret = \"planted\" }\n\
                [sources.ehr]\nzone = \"UTC\"\n[sources.ehr.pull]\nurl = \"http://y\"\nby = \"bulk\"\ntoken = \"planted\"\n[sources.ehr.pull.bulk]\nwithin = \"2d\"\n";
    // A secret of the environment is a text, whatever it looks like.
    let numeric = with(file, &[("TRIALGATE__SOURCES__F__PULL__AUTH__SECRET", "12345")]).expect("taken");
    assert_eq!(numeric.sources["f"].pull.as_ref().and_then(|p| p.auth.as_ref()?.secret.as_deref()), Some("12345"));
    let settings = with(file, &[]).expect("taken");
    let (toml, json) = (settings.shown().expect("TOML"), settings.masked().to_string());
    assert!(toml.contains("http://x") && json.contains("http://x") && toml.contains("postgres://u:…@h/d"));
    assert!(!toml.contains("planted") && !json.contains("planted"), "{toml}");
    // The hook of `e` wants a longer token than the words that stand in its place.
    let again = with(&toml.replace("(not shown)", "not-shown-to-anybody"), &[]);
    let again = again.expect("what is shown can be read");
    assert_eq!(again.limits, settings.limits);
}

#[test]
fn the_schema_and_the_page_are_those_of_the_types() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, made) in
        [("profiles/schemas/config.schema.json", generator::schema()), ("docs/configuration.md", generator::page())]
    {
        let committed = std::fs::read_to_string(root.join(file)).expect(file);
        assert!(committed == made, "{file} differs: run `cargo run --example settings`");
    }
}

#[test]
fn the_commands_end_as_promised() {
    let run = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = crate::program::trialgate();
        command.args(arguments).envs(environment.iter().copied());
        let ended = command.output().expect("starts");
        (
            ended.status.code(),
            String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr),
        )
    };
    let (code, text) = run(&["config", "schema"], &[]);
    assert!(code == Some(0) && text.contains("\"sources\""));
    assert_eq!(run(&["config", "check"], &[]).0, Some(0));
    let (code, text) = run(&["config", "check"], &[("TRIALGATE__LISTNE", "x")]);
    assert!(code == Some(1) && text.contains("did you mean `listen`?"), "{text}");
    let (code, text) = run(&["config", "show"], &[("TRIALGATE__LISTEN", "127.0.0.1:9")]);
    assert!(code == Some(0) && text.contains("listen = \"127.0.0.1:9\""), "{text}");
}

/// What a site may write for each word that `init` leaves open.
const FILLED: &[(&str, &str)] = &[
    ("<zone:", "America/Chicago"),
    ("<base:", "https://ehr.example/api/FHIR/R4"),
    ("<patient:", "p1"),
    ("<group:", "g1"),
    ("<client:", "d1f0"),
    ("<token:", "https://login.example/token"),
    ("<gateway:", "https://gateway.example"),
    ("<user:", "gateway"),
    ("<charset:", "8859/1"),
    ("<authority:", "KIS"),
    ("<listen:", "127.0.0.1:2575"),
];

fn filled(text: &str) -> String {
    let word = |line: &str| {
        let Some(start) = line.find("\"<") else { return line.to_owned() };
        let end = line[start..].find(">\"").expect("its end") + start + 2;
        let (_, said) = FILLED.iter().find(|(word, _)| line[start + 1..].starts_with(word)).expect(line);
        format!("{}\"{said}\"{}", &line[..start], &line[end..])
    };
    text.lines().map(|line| word(line) + "\n").collect()
}

/// With the lines that may be taken up: `#` and a key, or a table.
fn taken_up(text: &str) -> String {
    let plain = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => rest.to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(|line| plain(line) + "\n").collect()
}

#[test]
fn what_init_writes_holds_once_it_is_filled_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles/init");
    let names: std::collections::BTreeSet<String> = std::fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(Vec::from_iter(names), ["epic.toml", "hapi.toml", "hl7v2.toml", "meditech.toml", "oracle.toml"]);
    for vendor in ["epic", "oracle", "meditech", "hapi", "hl7v2"] {
        let text = crate::program::output(crate::program::trialgate().args(["init", "--vendor", vendor]));
        assert_eq!(text, std::fs::read_to_string(folder.join(format!("{vendor}.toml"))).expect("its file"));
        let environment: &[(&str, &str)] = match vendor {
            "hapi" => &[
                ("TRIALGATE__SOURCES__HAPI__PULL__AUTH__SECRET", "planted"),
                ("TRIALGATE__SOURCES__HAPI__HOOKS__TOKEN", "planted-planted-planted"),
            ],
            _ => &[],
        };
        let told = with(&text, environment).expect_err("open words are refused");
        let open = text.lines().filter(|line| line.contains("\"<") && !line.starts_with('#')).count();
        assert_eq!(told.matches("is not filled in; wanted ").count(), open, "{told}");
        for text in [filled(&text), filled(&taken_up(&text))] {
            let settings = with(&text, environment).unwrap_or_else(|told| panic!("{vendor}: {told}\n{text}"));
            assert_eq!(settings.sources.len(), 1);
            for source in settings.sources.values() {
                assert!(source.pull.is_some() != source.mllp.is_some() || vendor == "meditech");
            }
            let secret = |line: &&str| line.starts_with("secret") || line.starts_with("token ");
            assert_eq!(text.lines().find(secret), None, "{vendor}: no secret in a file");
        }
        // A variable that the text names is one that the settings know.
        for name in text.split_whitespace().filter(|word| word.starts_with("TRIALGATE__")) {
            assert!(
                with(&filled(&text), &[environment, &[(name, "planted-planted-planted")]].concat()).is_ok(),
                "{name}"
            );
        }
    }
}

#[test]
fn init_never_writes_over_a_file() {
    let folder = crate::program::Folder::new("init");
    let path = folder.0.join("site.toml");
    let run = || {
        let mut command = crate::program::trialgate();
        command.args(["init", "--vendor", "epic", "--out"]).arg(&path).output().expect("starts")
    };
    assert_eq!(run().status.code(), Some(0));
    std::fs::write(&path, "mine").expect("written");
    let again = run();
    assert_eq!(again.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already and stays as it is"));
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "mine");
}
