//! The language of the checks: requests, and what has to come back.

use super::expectation::Expectation;

/// How one statement is checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Check {
    /// The row of the table.
    pub subject: String,
    /// The statement, as in the table.
    pub statement: String,
    /// Whether it exceeds the rate limit, for which the service blocks keys.
    pub exceeds_limit: bool,
    /// What is done.
    pub plan: Plan,
}

/// What is done to check a statement.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Plan {
    /// Requests and pauses.
    Steps(Vec<Step>),
    /// Nothing, for this reason.
    NotChecked(String),
}

/// One step of a check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// Lets this many seconds pass.
    Wait(u64),
    /// Makes a request.
    Request(Box<Request>),
}

/// A request, with `{names}` to be filled in.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Request {
    /// The line of the script.
    pub line: usize,
    /// The HTTP method.
    pub method: String,
    /// The path.
    pub path: String,
    /// Parameters: in the query of a GET, else in the form.
    pub parameters: Vec<(String, String)>,
    /// Parameters in the query.
    pub query: Vec<(String, String)>,
    /// Headers; `Authorization` replaces the token.
    pub headers: Vec<(String, String)>,
    /// Files: field, name, content.
    pub files: Vec<(String, String, String)>,
    /// A JSON body.
    pub json: Option<String>,
    /// A form as it is sent, already encoded.
    pub form: Option<String>,
    /// Whether the form is sent as multipart.
    pub multipart: bool,
    /// How often it is sent; 0 is once.
    pub times: u32,
    /// What has to come back. Without any, the step prepares what follows, and has to succeed for that.
    pub expectations: Vec<Expectation>,
    /// Names for values of the response, with their JSON pointers.
    pub saves: Vec<(String, String)>,
}

/// Reads a script: the steps that all checks start from, and the checks.
///
/// # Errors
///
/// A line that is not of the language, with its number.
pub fn read(script: &str) -> Result<(Vec<Step>, Vec<Check>), String> {
    let mut setup = Vec::new();
    let mut checks: Vec<Check> = Vec::new();
    for (index, line) in script.lines().enumerate() {
        let number = index + 1;
        let wrong = |what: &str| format!("line {number}: {what}: {line}");
        if line.trim().is_empty() || line == "#" || line.starts_with("# ") {
            continue;
        }
        if let Some(title) = line.strip_prefix("## ") {
            let (subject, statement) = title
                .split_once(": ")
                .ok_or_else(|| wrong("a title is `subject: statement`"))?;
            checks.push(Check {
                subject: subject.to_owned(),
                statement: statement.to_owned(),
                exceeds_limit: false,
                plan: Plan::Steps(Vec::new()),
            });
            continue;
        }
        let steps = match checks.last_mut() {
            None => &mut setup,
            Some(check) => {
                if let Some(reason) = line.strip_prefix("not checked: ") {
                    check.plan = Plan::NotChecked(reason.to_owned());
                    continue;
                }
                if line == "exceeds the rate limit" {
                    check.exceeds_limit = true;
                    continue;
                }
                match &mut check.plan {
                    Plan::Steps(steps) => steps,
                    Plan::NotChecked(_) => return Err(wrong("a step of what is not checked")),
                }
            }
        };
        if let Some(seconds) = line.strip_prefix("wait ") {
            let seconds = seconds.parse().map_err(|_| wrong("not a number"))?;
            steps.push(Step::Wait(seconds));
        } else if line.starts_with(' ') {
            let Some(Step::Request(request)) = steps.last_mut() else {
                return Err(wrong("no request above it"));
            };
            detail(request, line.trim()).ok_or_else(|| wrong("not a line of a request"))?;
        } else {
            let (method, path) = line
                .split_once(' ')
                .filter(|(method, path)| {
                    method.bytes().all(|byte| byte.is_ascii_uppercase()) && path.starts_with('/')
                })
                .ok_or_else(|| wrong("not a request"))?;
            steps.push(Step::Request(Box::new(Request {
                line: number,
                method: method.to_owned(),
                path: path.to_owned(),
                ..Request::default()
            })));
        }
    }
    Ok((setup, checks))
}

/// Reads a line below a request.
fn detail(request: &mut Request, line: &str) -> Option<()> {
    if line == "multipart" {
        request.multipart = true;
        return Some(());
    }
    if let Some(times) = line.strip_prefix("times ") {
        request.times = times.parse().ok()?;
        return Some(());
    }
    if line.starts_with("=> ") || line.starts_with('/') {
        request.expectations.push(Expectation::read(line)?);
        return Some(());
    }
    let (name, value) = match line.split_once(" = ") {
        Some(pair) => pair,
        None => (line.strip_suffix(" =")?, ""),
    };
    let (name, value) = (name.to_owned(), value.to_owned());
    if let Some(name) = name.strip_prefix("save ") {
        request.saves.push((name.to_owned(), value));
    } else if let Some(name) = name.strip_prefix("header ") {
        request.headers.push((name.to_owned(), value));
    } else if let Some(names) = name.strip_prefix("file ") {
        let (field, file) = names.split_once(' ')?;
        let content = value
            .replace("\\n", "\n")
            .replace("\\r", "\r")
            .replace("\\0", "\0")
            .replace("\\t", "\t");
        request
            .files
            .push((field.to_owned(), file.to_owned(), content));
    } else if name == "(json)" {
        request.json = Some(value);
    } else if name == "(form)" {
        request.form = Some(value);
    } else if let Some(name) = name.strip_prefix('?') {
        request.query.push((name.to_owned(), value));
    } else {
        request.parameters.push((name, value));
    }
    Some(())
}
