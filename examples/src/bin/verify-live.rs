//! Checks what the sandbox takes for the truth about the service, against the service.
//!
//! ```sh
//! CARROT_TOKEN=app.1234.secret cargo run --bin verify-live -- --write
//! ```
//!
//! Take the key of a throw-away app: no other program may use it meanwhile, and the users that the checks make stay
//! there. They are all it writes to; their external ids start with `carrot-verify-`. Without a key it runs against
//! the sandbox. It prints each statement with what was found, and saves a page with what the service said.

use std::{env, path::PathBuf, process::ExitCode, time::Duration};

use carrot_examples::{
    named_file::NamedFile,
    program::{self, Failure},
    say,
    verify::{Report, Runner, SCRIPT, Service, TABLE, Verdict, read_script, read_table},
};
use carrot_hyper::{BaseUrl, Clock, HyperTransport, TokioClock, types::Timestamp};
use carrot_testing::{Sandbox, VirtualClock};
use clap::Parser;

/// Checks what the sandbox takes for the truth about the service: against the service with CARROT_TOKEN, the key of a
/// throw-away app, else against the sandbox.
#[derive(Debug, Parser)]
struct Arguments {
    /// Makes users and conversations on the real service. Without it only what needs none is checked.
    #[arg(long)]
    write: bool,
    /// The id of an operator of the app; conversations of the checks are assigned to it.
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u64).range(1..))]
    admin: Option<u64>,
    /// Checks the rate limit too, by exceeding it: the service may block the key for it.
    #[arg(long)]
    exceed_limit: bool,
    /// Checks only statements of this subject, such as `replies`.
    #[arg(long, value_name = "SUBJECT")]
    only: Option<String>,
    /// Where to save what was found.
    #[arg(long, value_name = "FILE", default_value = "verify-live.md")]
    report: PathBuf,
}

/// Slow enough for 60 requests a minute.
const PAUSE: Duration = Duration::from_millis(1100);

fn main() -> ExitCode {
    let next = "Users of it may be there already: another run makes its own.";
    program::run("verify-live", next, run(Arguments::parse()))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    program::work_without_reader();
    let token = env::var("CARROT_TOKEN").ok();
    let (service, admin, may_write) = match &token {
        Some(token) => (live(token)?, arguments.admin, arguments.write),
        None => {
            let clock = VirtualClock::new();
            let mut sandbox = Sandbox::builder().clock(clock.clone());
            if arguments.exceed_limit {
                sandbox = sandbox.rate_limit(60);
            }
            let sandbox = sandbox.build();
            let token = sandbox.token().to_owned();
            let mut service = Service::new(sandbox, clock, "http://sandbox.invalid", &token);
            service.pause = PAUSE;
            (service, Some(arguments.admin.unwrap_or(501)), true)
        }
    };
    let about = match token {
        Some(_) if may_write => format!("The real service at {}, with --write.", service.url),
        Some(_) => format!("The real service at {}, only read.", service.url),
        None => "The sandbox: no CARROT_TOKEN is set, and nothing leaves this machine.".to_owned(),
    };
    say!("{about}");
    let file = NamedFile::of_option("--report", arguments.report);
    file.check_writable()?;
    let started = Timestamp::from(TokioClock::new().system_time()).seconds();
    let prefix = format!("carrot-verify-{started}");
    if may_write && token.is_some() {
        say!("It writes to users whose external ids start with {prefix}.");
    }
    let runner =
        Runner::new(service, &prefix, may_write, admin).exceed_limit(arguments.exceed_limit);
    let report = check(runner, arguments.only.as_deref()).await?;
    say!("{report}.");
    let page = report.page(&format!(
        "{about} Started at {started}, seconds since 1970."
    ));
    file.write(page)?;
    say!("What the service said is in {}.", file.path().display());
    match report.counts() {
        (_, 0, _) => Ok(()),
        (_, wrong, _) => Err(format!("{wrong} statements of the table are wrong").into()),
    }
}

/// The real service, slowly enough for its limit of 60 requests a minute.
fn live(token: &str) -> Result<Service, Failure> {
    // The errors name the variables.
    drop(carrot_hyper::builder_from_env()?);
    let url: BaseUrl = match env::var("CARROT_BASE_URL") {
        Ok(url) => url.parse()?,
        Err(_) => BaseUrl::CARROT_QUEST,
    };
    let transport = HyperTransport::builder().build()?;
    let mut service = Service::new(transport, TokioClock::new(), &url.to_string(), token);
    service.pause = PAUSE;
    Ok(service)
}

async fn check(mut runner: Runner, only: Option<&str>) -> Result<Report, Failure> {
    let (setup, checks) = read_script(SCRIPT)?;
    runner.prepare(&setup).await?;
    let mut report = Report::default();
    for (number, (statement, check)) in read_table(TABLE).into_iter().zip(&checks).enumerate() {
        if only.is_some_and(|subject| subject != statement.subject) {
            continue;
        }
        let verdict = runner.check(number + 1, check).await;
        let mark = match &verdict {
            Verdict::Wrong(_) => "!",
            _ => " ",
        };
        say!(
            "{mark} {}: {}: {verdict}",
            statement.subject,
            statement.text
        );
        report.add(statement, verdict);
    }
    Ok(report)
}
