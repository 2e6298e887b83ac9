//! Lets the JSON Schema validators walk the tree of [`json`](super::json) as it is: no copy, no rounded number.

use super::json::{Kind, Node};
use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node as SchemaNode, NodeIdentity, Object};
use serde_json::Value;
use std::borrow::Cow;

/// The tree as the validators see it.
pub(super) struct Tree;

impl Json for Tree {
    type Node<'a> = &'a Node<'a>;
    type PreparedKey = String;
    type StringBuffer = ();

    const KEYS_PER_LOOKUP: usize = 8;
    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> String {
        key.into()
    }

    fn with_string_node<T>(_: &mut (), string: &str, f: impl FnOnce(Self::Node<'_>) -> T) -> T {
        f(&Node { place: Default::default(), kind: Kind::Text(Cow::Borrowed(string)) })
    }
}

/// A number as printed. The schemas ask only for whole numbers and their limits; what is beyond them counts as none.
pub(super) struct Printed<'a>(&'a str);

impl JsonNumber for Printed<'_> {
    fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    fn as_f64(&self) -> Option<f64> {
        self.0.parse().ok()
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.0)
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        Cow::Owned(self.as_i64().map_or_else(|| 0.into(), Into::into))
    }

    fn is_integer(&self) -> bool {
        self.is_written_as_integer()
    }
}

impl<'a> SchemaNode<'a, Tree> for &'a Node<'a> {
    type Object = Members<'a>;
    type Array = Items<'a>;
    type Number = Printed<'a>;

    fn as_object(&self) -> Option<Members<'a>> {
        match &self.kind {
            Kind::Object(members) => Some(Members(members)),
            _ => None,
        }
    }

    fn as_array(&self) -> Option<Items<'a>> {
        match &self.kind {
            Kind::Array(items) => Some(Items(items)),
            _ => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.text().map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<Printed<'a>> {
        match self.kind {
            Kind::Number(number) => Some(Printed(number)),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self.kind {
            Kind::Boolean(b) => Some(b),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    fn json_type(&self) -> JsonType {
        match self.kind {
            Kind::Null => JsonType::Null,
            Kind::Boolean(_) => JsonType::Boolean,
            Kind::Number(_) => JsonType::Number,
            Kind::Text(_) => JsonType::String,
            Kind::Array(_) => JsonType::Array,
            Kind::Object(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match (&self.kind, expected) {
            (Kind::Null, Value::Null) => true,
            (Kind::Boolean(a), Value::Bool(b)) => a == b,
            (Kind::Text(a), Value::String(b)) => a == b,
            _ => false,
        }
    }

    /// Never read: the wording of issues looks at the tree itself.
    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(Value::Null)
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref::<Node<'_>>(self) as usize))
    }
}

/// The members of an object.
pub(super) struct Members<'a>(&'a [(Cow<'a, str>, Node<'a>)]);

impl<'a> Object<'a, Tree> for Members<'a> {
    type Node = &'a Node<'a>;
    type MemberName = &'a str;
    type MembersIter = MembersIter<'a>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, key: &String) -> Option<&'a Node<'a>> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    fn members(&self) -> MembersIter<'a> {
        MembersIter(self.0.iter())
    }
}

/// Walks members in order.
pub(super) struct MembersIter<'a>(std::slice::Iter<'a, (Cow<'a, str>, Node<'a>)>);

impl<'a> Iterator for MembersIter<'a> {
    type Item = (&'a str, &'a Node<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name.as_ref(), value))
    }
}

/// The values of an array.
pub(super) struct Items<'a>(&'a [Node<'a>]);

impl<'a> Array<'a, Tree> for Items<'a> {
    type Node = &'a Node<'a>;
    type ElementsIter = std::slice::Iter<'a, Node<'a>>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn elements(&self) -> Self::ElementsIter {
        self.0.iter()
    }
}
