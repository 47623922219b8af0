use http::Method;

use super::{FilePart, Parameters, Path};

/// A request as an operation describes it, before the client adds host, API version and token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestParts {
    /// The HTTP method.
    pub method: Method,
    /// The path behind the API version.
    pub path: Path,
    /// The parameters: in the query of a GET, in a form body otherwise.
    pub parameters: Parameters,
    /// The files. With one, the body is `multipart/form-data`. A GET carries none.
    pub files: Vec<FilePart>,
}

impl RequestParts {
    /// A request of this method, without parameters.
    #[must_use]
    pub fn new(method: Method, path: Path) -> Self {
        Self {
            method,
            path,
            parameters: Parameters::default(),
            files: Vec::new(),
        }
    }

    /// A GET request.
    #[must_use]
    pub fn get(path: Path) -> Self {
        Self::new(Method::GET, path)
    }

    /// A POST request.
    #[must_use]
    pub fn post(path: Path) -> Self {
        Self::new(Method::POST, path)
    }

    /// A DELETE request. Its parameters stand in the body, as in the vendor's samples.
    #[must_use]
    pub fn delete(path: Path) -> Self {
        Self::new(Method::DELETE, path)
    }
}
