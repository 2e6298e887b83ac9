//! The document of what is beside FHIR, compared with reality.

use super::house::open;
use trialgate::http::hooks::HOOK_PATHS;
use trialgate::http::openapi::{ROUTES, document};

#[tokio::test]
async fn the_document_says_what_is_answered() {
    let house = open().await;
    let served = house.get("/openapi.json").await;
    assert_eq!((served.status, served.header("content-type")), (200, "application/json"));
    assert_eq!(served.json(), document(false));
    let paths = document(false)["paths"].as_object().expect("paths").clone();
    assert_eq!(paths.len(), ROUTES.len() + HOOK_PATHS.len());
    let (hooks, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(|(path, _)| path.starts_with("/hooks/"));
    // Whoever shows no token is told nothing of a hook, not even what it takes.
    for (path, methods) in &hooks {
        assert!(HOOK_PATHS.contains(&path.as_str()), "{path}");
        for (verb, said) in methods.as_object().expect("methods") {
            let answer = house.ask(&verb.to_ascii_uppercase(), path, &[], b"").await;
            let said = &said["responses"][answer.status.to_string()]["content"];
            assert!(answer.status == 401 && said.get(answer.header("content-type")).is_some(), "{verb} {path}: {said}");
        }
    }
    for (path, methods) in others {
        let methods = methods.as_object().expect("methods");
        let verb = methods.keys().next().expect("a method").to_ascii_uppercase();
        let answer = house.ask(&verb, &path, &[], b"").await;
        let said = &methods[&verb.to_ascii_lowercase()]["responses"][answer.status.to_string()];
        let media_type = answer.header("content-type");
        assert!(said["content"].get(media_type).is_some(), "{path}: {} {media_type} of {said}", answer.status);
        for other in ["GET", "POST", "PUT", "DELETE", "PATCH"].into_iter().filter(|other| *other != verb) {
            let answer = house.ask(other, &path, &[], b"").await;
            assert_eq!((answer.status, answer.code().as_str()), (405, "not-supported"), "{other} {path}");
        }
        assert_eq!(methods.len(), 1, "{path}");
    }
    assert_eq!(house.get("/nothing.json").await.status, 404);
}
