//! The document of what is beside FHIR, compared with reality.

use super::house::open;
use trialgate::http::openapi::{ROUTES, document};

#[tokio::test]
async fn the_document_says_what_is_answered() {
    let house = open().await;
    let served = house.get("/openapi.json").await;
    assert_eq!((served.status, served.header("content-type")), (200, "application/json"));
    assert_eq!(served.json(), document(false));
    let paths = document(false)["paths"].as_object().expect("paths").clone();
    assert_eq!(paths.len(), ROUTES.len());
    for (path, methods) in paths {
        let answer = house.get(&path).await;
        let said = &methods["get"]["responses"][answer.status.to_string()];
        let media_type = answer.header("content-type");
        assert!(said["content"].get(media_type).is_some(), "{path}: {} {media_type} of {said}", answer.status);
        for verb in ["POST", "PUT", "DELETE", "PATCH"] {
            let other = house.ask(verb, &path, &[], b"").await;
            assert_eq!((other.status, other.code().as_str()), (405, "not-supported"), "{verb} {path}");
            assert!(methods.get(verb.to_ascii_lowercase()).is_none(), "{verb} {path}");
        }
    }
    assert_eq!(house.get("/nothing.json").await.status, 404);
}
