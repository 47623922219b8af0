use http::Method;

use super::{FilePart, Parameters, Path};

/// The request of an operation, before the client adds base URL, API version and token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestParts {
    /// The HTTP method.
    pub method: Method,
    /// The path after the API version.
    pub path: Path,
    /// The parameters: in the query of a GET, in a form body otherwise.
    pub parameters: Parameters,
    /// The files. With files, the body is `multipart/form-data`. A GET ignores them.
    pub files: Vec<FilePart>,
}

impl RequestParts {
    /// Creates a request with this method, without parameters.
    #[must_use]
    pub fn new(method: Method, path: Path) -> Self {
        Self {
            method,
            path,
            parameters: Parameters::default(),
            files: Vec::new(),
        }
    }

    /// Creates a GET request.
    #[must_use]
    pub fn get(path: Path) -> Self {
        Self::new(Method::GET, path)
    }

    /// Creates a POST request.
    #[must_use]
    pub fn post(path: Path) -> Self {
        Self::new(Method::POST, path)
    }

    /// Creates a DELETE request. Its parameters are in the body, as in the vendor's samples.
    #[must_use]
    pub fn delete(path: Path) -> Self {
        Self::new(Method::DELETE, path)
    }
}
