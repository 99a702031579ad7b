//! The sets of routes, and the one that a request asks for.

use std::str::FromStr;

use crate::{Error, ErrorKind, Result};

/// Which routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Routes {
    /// `/files/…` and `/uploads…`, usually under `/api/secure`.
    Secure,
    /// `/upload`, `/presigned-url`, `/delete`, `/list`, usually under `/api/s3`; they answer
    /// without an envelope, as their clients expect.
    S3,
    /// The same, `/delete-many` and `/uploads…` with the envelope, usually under `/api/files`.
    Files,
}

/// A route of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path below the prefix; `{key}` at its end takes the rest of the path, slashes included,
    /// and `{id}` one segment that is not empty.
    pub path: &'static str,
    /// A name for it, in snake case: `list_files`.
    pub name: &'static str,
    pub(super) operation: Operation,
}

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Lists the caller's files.
    List,
    /// Lists the files of a user who may be named: the caller, or anybody for an administrator.
    ListOf,
    /// A link to the file whose key stands in the path.
    Download,
    /// A link to the file whose key stands in the body, as long as the body asks.
    Link,
    /// A link to each of many files.
    LinkMany,
    /// Deletes the file whose key stands in the path.
    DeleteAt,
    /// Deletes the file whose key stands in the body.
    Delete,
    DeleteMany,
    Upload,
    BeginUpload,
    SignParts,
    UploadState,
    CompleteUpload,
    AbortUpload,
}

/// What a method and a path ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A route, and the key or id that stands in its path.
    Route(&'static Route, &'a str),
    /// A path that takes other methods: these.
    OtherMethods(String),
    Nothing,
}

const SECURE: &[Route] = &[
    route("GET", "/files/list", "list_files", Operation::List),
    route("GET", "/files/download/{key}", "download_file", Operation::Download),
    route("DELETE", "/files/delete/{key}", "delete_file", Operation::DeleteAt),
    route("POST", "/files/delete-many", "delete_many_files", Operation::DeleteMany),
    route("POST", "/files/links", "link_files", Operation::LinkMany),
    BEGIN_UPLOAD,
    SIGN_PARTS,
    UPLOAD_STATE,
    COMPLETE_UPLOAD,
    ABORT_UPLOAD,
];

const S3: &[Route] = &[UPLOAD, PRESIGNED_URL, DELETE, LIST];

const FILES: &[Route] = &[
    UPLOAD,
    PRESIGNED_URL,
    DELETE,
    LIST,
    route("POST", "/delete-many", "delete_many_files", Operation::DeleteMany),
    BEGIN_UPLOAD,
    SIGN_PARTS,
    UPLOAD_STATE,
    COMPLETE_UPLOAD,
    ABORT_UPLOAD,
];

const UPLOAD: Route = route("POST", "/upload", "upload_file", Operation::Upload);
const PRESIGNED_URL: Route = route("POST", "/presigned-url", "presigned_url", Operation::Link);
const DELETE: Route = route("DELETE", "/delete", "delete_file", Operation::Delete);
const LIST: Route = route("GET", "/list", "list_files", Operation::ListOf);

const BEGIN_UPLOAD: Route = route("POST", "/uploads", "begin_upload", Operation::BeginUpload);
const SIGN_PARTS: Route =
    route("POST", "/uploads/{id}/parts", "sign_upload_parts", Operation::SignParts);
const UPLOAD_STATE: Route = route("GET", "/uploads/{id}", "upload_state", Operation::UploadState);
const COMPLETE_UPLOAD: Route =
    route("POST", "/uploads/{id}/complete", "complete_upload", Operation::CompleteUpload);
const ABORT_UPLOAD: Route =
    route("DELETE", "/uploads/{id}", "abort_upload", Operation::AbortUpload);

/// Takes the place of the rest of a path.
const KEY: &str = "{key}";
/// Takes the place of one segment.
const ID: &str = "{id}";

const fn route(
    method: &'static str,
    path: &'static str,
    name: &'static str,
    operation: Operation,
) -> Route {
    Route { method, path, name, operation }
}

impl Routes {
    /// The routes of the set.
    pub fn table(self) -> &'static [Route] {
        match self {
            Self::Secure => SECURE,
            Self::S3 => S3,
            Self::Files => FILES,
        }
    }

    /// The route of a request. `HEAD` asks for what `GET` does. Paths are compared to the byte:
    /// what a proxy or a framework reads into another spelling is no route.
    pub(super) fn find<'a>(self, method: &str, path: &'a str) -> Found<'a> {
        let method = if method == "HEAD" { "GET" } else { method };
        let mut others = Vec::new();
        for route in self.table() {
            let Some(argument) = route.argument_in(path) else { continue };
            if route.method == method {
                return Found::Route(route, argument);
            }
            others.push(route.method);
            if route.method == "GET" {
                others.push("HEAD");
            }
        }
        if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others.join(", ")) }
    }
}

impl Route {
    /// The key or id in a path of this route, empty where the route has none; `None` for any other
    /// path.
    fn argument_in<'a>(&self, path: &'a str) -> Option<&'a str> {
        if let Some(start) = self.path.strip_suffix(KEY) {
            return path.strip_prefix(start);
        }
        let Some((start, end)) = self.path.split_once(ID) else {
            return (path == self.path).then_some("");
        };
        let id = path.strip_prefix(start)?.strip_suffix(end)?;
        (!id.is_empty() && !id.contains('/')).then_some(id)
    }
}

impl FromStr for Routes {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "secure" => Ok(Self::Secure),
            "s3" => Ok(Self::S3),
            "files" => Ok(Self::Files),
            _ => Err(Error::new(ErrorKind::ConfigInvalid, "routes are `secure`, `s3` or `files`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Routes; 3] = [Routes::Secure, Routes::S3, Routes::Files];

    fn name(routes: Routes, method: &str, path: &str) -> String {
        match routes.find(method, path) {
            Found::Route(route, key) => format!("{} {key}", route.name),
            Found::OtherMethods(methods) => methods,
            Found::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn every_route_is_found_by_its_own_path() {
        for routes in ALL {
            for route in routes.table() {
                let path = route.path.replace(KEY, "user_1/files/a b.txt").replace(ID, "u1.x");
                assert!(
                    matches!(routes.find(route.method, &path), Found::Route(it, _) if it == route)
                );
            }
        }
        assert_eq!(name(Routes::Secure, "HEAD", "/files/list"), "list_files ");
        let path = "/files/download/user_1/files/%2e%2e";
        assert_eq!(name(Routes::Secure, "GET", path), "download_file user_1/files/%2e%2e");
        assert_eq!(name(Routes::Secure, "DELETE", "/files/delete/"), "delete_file ");
    }

    #[test]
    fn other_spellings_are_no_routes() {
        for path in [
            "",
            "/",
            "list",
            "/list/",
            "//list",
            "/List",
            "/list/..",
            "/./list",
            "/list?",
            "/list%20",
            "/files/list",
            "/list\0",
            "/delete/user_1/files/a.txt",
        ] {
            assert_eq!(name(Routes::S3, "GET", path), "nothing", "{path}");
        }
        for path in ["/files", "/files/", "/files/download", "/files//list", "/files/link", "/list"]
        {
            assert_eq!(name(Routes::Secure, "GET", path), "nothing", "{path}");
        }
        assert_eq!(name(Routes::S3, "POST", "/delete-many"), "nothing");
        assert_eq!(name(Routes::S3, "POST", "/uploads"), "nothing");
    }

    #[test]
    fn an_id_is_one_segment() {
        for routes in [Routes::Secure, Routes::Files] {
            assert_eq!(name(routes, "GET", "/uploads/u1.a b%2F"), "upload_state u1.a b%2F");
            assert_eq!(name(routes, "HEAD", "/uploads/parts"), "upload_state parts");
            assert_eq!(name(routes, "POST", "/uploads/x/parts"), "sign_upload_parts x");
            assert_eq!(name(routes, "POST", "/uploads/x"), "GET, HEAD, DELETE");
            assert_eq!(name(routes, "DELETE", "/uploads/x/complete"), "POST");
            for path in [
                "/uploads/",
                "/uploads//",
                "/uploads/x/",
                "/uploads//parts",
                "/uploads/parts/",
                "/uploads/x/y/parts",
                "/uploads/x//parts",
                "/uploads/x/Parts",
                "/uploadsx",
                "/uploads/x/parts/1",
            ] {
                assert_eq!(name(routes, "POST", path), "nothing", "{path}");
            }
        }
    }

    #[test]
    fn other_methods_are_told_the_right_ones() {
        assert_eq!(name(Routes::Secure, "POST", "/files/list"), "GET, HEAD");
        assert_eq!(name(Routes::Files, "GET", "/delete-many"), "POST");
        for method in ["HEAD", "OPTIONS", "delete", "", "TRACE"] {
            assert_eq!(name(Routes::S3, method, "/delete"), "DELETE", "{method}");
        }
    }

    #[test]
    fn names_lead_to_their_set() {
        for (name, routes) in ["secure", "s3", "files"].into_iter().zip(ALL) {
            assert_eq!(name.parse::<Routes>().unwrap(), routes);
        }
        assert_eq!("S3".parse::<Routes>().unwrap_err().code(), "config-invalid");
    }

    proptest! {
        #[test]
        fn a_path_is_a_route_to_the_byte(method in "[A-Z]{0,6}|GET", path in "[/a-z{}.%-]{0,30}") {
            for routes in ALL {
                if let Found::Route(route, argument) = routes.find(&method, &path) {
                    let written = route.path.replace(KEY, argument).replace(ID, argument);
                    prop_assert_eq!(written, &*path);
                }
            }
        }
    }
}
