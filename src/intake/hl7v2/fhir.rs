//! JSON that is written: decimals as they were printed, members in the order given.

/// A value of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    Text(String),
    /// A number as printed, or a boolean.
    Bare(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn one(name: &'static str, value: Self) -> Self {
        Self::Object(vec![(name, value)])
    }

    /// A member more, where there is one.
    pub(super) fn with(mut self, name: &'static str, value: Option<Self>) -> Self {
        if let (Self::Object(members), Some(value)) = (&mut self, value) {
            members.push((name, value));
        }
        self
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => put(text, out),
            Self::Bare(word) => out.extend_from_slice(word.as_bytes()),
            Self::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    out.push(if i == 0 { b'[' } else { b',' });
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                for (i, (name, value)) in members.iter().enumerate() {
                    out.push(if i == 0 { b'{' } else { b',' });
                    put(name, out);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }
}

fn put(text: &str, out: &mut Vec<u8>) {
    // Writing a text into memory fails for nobody.
    let _ = serde_json::to_writer(out, text);
}

/// A text that says something.
pub(super) fn said(text: String) -> Option<Json> {
    (!text.is_empty()).then_some(Json::Text(text))
}

/// A list that holds something.
pub(super) fn some(items: Vec<Json>) -> Option<Json> {
    (!items.is_empty()).then_some(Json::List(items))
}

/// Empty lists and objects have no place in FHIR; `[]` and `{}` are never written.
pub(super) fn filled(object: Json) -> Option<Json> {
    match &object {
        Json::Object(members) if members.is_empty() => None,
        _ => Some(object),
    }
}
